//! One run, second by second.

use std::fmt::Write as _;

use edgeghost::detect::{Assessment, Judged};
use edgeghost::event::Event;
use edgeghost::flow::FlowSample;
use edgeghost::host::HostSample;
use edgeghost::path::PathClass;

use crate::judge::is_advice;
use crate::run::Tick;

/// A second: what came in, what each address is judged by, what is told of it.
pub(crate) fn lines(tick: &Tick<'_>) -> String {
    let mut text = format!(
        "{:6.0}  public {}  private {}{}\n",
        tick.at,
        sums(tick.heard, false),
        sums(tick.heard, true),
        counters(tick.host)
    );
    for (local, assessment) in tick.pipeline.assessments() {
        let _ = writeln!(
            text,
            "        {:15} {:26} {}",
            local.address.to_string(),
            format!("{:?}", assessment.raw),
            numbers(assessment)
        );
    }
    for note in tick.told {
        let mark = match &note.event {
            Event::Recommendation(event) if is_advice(event) => "ADVICE",
            event => event.name(),
        };
        let _ = writeln!(text, "        -> {mark}: {}", note.message);
    }
    text
}

fn numbers(assessment: &Assessment) -> String {
    let posterior = &assessment.posterior;
    let side = |judged: &Judged| {
        format!(
            "{} bad {} good of {}, {:.1}/{:.0}",
            judged.bad,
            judged.good,
            judged.networks,
            judged.retransmitted,
            judged.retransmitted + judged.delivered
        )
    };
    format!(
        "P public {:.3} host {:.3} private {:.3}; public {}; private {}{}{}{}",
        posterior.public,
        posterior.host,
        posterior.private,
        side(&assessment.public),
        side(&assessment.private),
        if assessment.control { "; control" } else { "" },
        if assessment.ongoing { "; ongoing" } else { "" },
        if assessment.well_again { "; well" } else { "" },
    )
}

/// What counts against the host itself.
fn counters(host: &HostSample) -> String {
    let counters = [
        ("allowance exceeded", host.allowance_exceeded),
        ("local drops", host.local_drops),
        ("failed", host.retransmissions_failed),
        ("no route", host.no_route),
    ];
    let mut text = String::new();
    for (name, count) in counters {
        if let Some(count) = count.filter(|count| *count > 0) {
            let _ = write!(text, "  {name} {count}");
        }
    }
    text
}

/// Samples of one side: how many, of these without progress, and segments sent again of all, and
/// of what came in how many ahead of their turn.
fn sums(samples: &[FlowSample], private: bool) -> String {
    let side = || {
        samples
            .iter()
            .filter(|sample| (sample.class == PathClass::Private) == private)
    };
    let stuck = side().filter(|sample| sample.delivered == 0).count();
    let again: u64 = side().map(|sample| sample.retransmitted).sum();
    let late: u64 = side().map(|sample| sample.out_of_order).sum();
    let twice: u64 = side().map(|sample| sample.duplicates).sum();
    let received: u64 = side().map(|sample| sample.received).sum();
    let delivered: u64 = side().map(|sample| sample.delivered).sum();
    format!(
        "{:3} samples {stuck:2} stuck {again:4}/{:<4} {twice:2} twice; in {late:3}/{received:<4}",
        side().count(),
        again + delivered
    )
}
