//! `--explain`: why, tick by tick.

use std::fmt::Write as _;

use crate::detect::{Assessment, Judged, Params, Progress, Reach, Silence, Trial, Vote};
use crate::event::Time;
use crate::pipeline::Pipeline;

/// The state of every address at a tick.
pub(super) fn tick(time: Time, now_ns: u64, pipeline: &Pipeline) -> String {
    let mut text = String::new();
    for (local, assessment) in pipeline.assessments() {
        let _ = writeln!(text, "{time} {local}: {:?}", assessment.raw);
        posterior(&mut text, assessment);
        for network in &assessment.votes {
            vote(&mut text, network);
        }
        gates(&mut text, assessment);
        if let Some(progress) = pipeline.progress(local) {
            clock(&mut text, now_ns, pipeline.params(), &progress);
        }
    }
    text.truncate(text.trim_end().len());
    text
}

// Writing into a String does not fail.

fn posterior(text: &mut String, assessment: &Assessment) {
    let p = &assessment.posterior;
    let sum = |private| -> f64 {
        let of = assessment.votes.iter().filter(|v| v.private == private);
        of.map(|vote| vote.llr).sum()
    };
    let _ = writeln!(
        text,
        "    votes public {:+.2}, private {:+.2}, other addresses {:+.2} (by {} {}): P(healthy {:.3}, \
         public {:.3}, host {:.3}, private {:.3})",
        sum(false),
        sum(true),
        assessment.siblings,
        match assessment.reach {
            Reach::Fast => "the newest segments",
            Reach::Slow => "more segments, further back,",
            Reach::Recent => "the last minute",
        },
        match assessment.trial {
            Trial::Sent => "sent",
            Trial::Answered => "had twice among answers",
        },
        p.healthy,
        p.public,
        p.host,
        p.private,
    );
}

fn vote(text: &mut String, vote: &Vote) {
    let sent = vote.retransmitted + vote.delivered;
    let _ = write!(
        text,
        "    {} {:<20} {:>7.1} again {:>8.1} delivered {:>6.1} %  {:>5.1} had twice of {:>7.1} in  \
         vote {:>+6.2}",
        if vote.private { "private" } else { "public " },
        vote.network.to_string(),
        vote.retransmitted,
        vote.delivered,
        100.0 * vote.retransmitted / sent.max(1e-9),
        vote.duplicates,
        vote.received,
        vote.llr,
    );
    let _ = match vote.stalled {
        0 => writeln!(text),
        stalled => writeln!(text, "  {stalled} of {} sent to in vain", vote.prefixes),
    };
}

fn gates(text: &mut String, assessment: &Assessment) {
    let gate = |open: bool, name: &str| format!("{name} {}", if open { "yes" } else { "no" });
    let Judged {
        networks,
        bad,
        good,
        all_against_part,
        ..
    } = assessment.public;
    let _ = writeln!(
        text,
        "    gates: public networks {bad} bad, {good} good of {networks}, all against a part of them \
         {all_against_part:+.2}; {}; {}; {}; {}; {}",
        gate(assessment.control, "control group"),
        gate(assessment.ongoing, "still losing"),
        gate(assessment.well_again, "well again"),
        gate(assessment.explained, "explained by the host"),
        match assessment.silence {
            Silence::None => "nobody silent",
            Silence::Public => "public side silent",
            Silence::Both => "both sides silent",
        },
    );
}

fn clock(text: &mut String, now_ns: u64, params: &Params, progress: &Progress) {
    let of = |since: Option<u64>, of_ns: u64| match since {
        Some(since) => format!(
            "{:.0} of {:.0} s",
            now_ns.saturating_sub(since) as f64 / 1e9,
            of_ns as f64 / 1e9
        ),
        None => "no".to_owned(),
    };
    let _ = writeln!(
        text,
        "    time: bad {}; collapsed {}; well {}; incident {}",
        of(progress.bad_since_ns, params.confirm_ns),
        of(progress.collapsed_since_ns, params.hold_ns),
        of(progress.well_since_ns, params.recovered_ns),
        match progress {
            Progress { open: false, .. } => "none",
            Progress { advised: true, .. } => "open, advised",
            Progress { passed: true, .. } => "open, has passed",
            Progress {
                together: false, ..
            } => "open, networks did not turn bad together",
            Progress { .. } => "open",
        },
    );
}
