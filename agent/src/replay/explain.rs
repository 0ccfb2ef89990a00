//! `--explain`: why, tick by tick.

use std::fmt::Write as _;

use crate::detect::{Assessment, Judged};
use crate::event::Time;
use crate::flow::Local;

/// The state of every address at a tick.
pub(super) fn tick<'a>(
    time: Time,
    assessments: impl Iterator<Item = (Local, &'a Assessment)>,
) -> String {
    let mut text = String::new();
    for (local, assessment) in assessments {
        // Writing into a String does not fail.
        let _ = address(&mut text, time, local, assessment);
    }
    text.truncate(text.trim_end().len());
    text
}

fn address(
    text: &mut String,
    time: Time,
    local: Local,
    assessment: &Assessment,
) -> std::fmt::Result {
    let posterior = &assessment.posterior;
    writeln!(
        text,
        "{time} {local}: {:?}; P(healthy {:.3}, public {:.3}, host {:.3}, private {:.3})",
        assessment.raw, posterior.healthy, posterior.public, posterior.host, posterior.private,
    )?;
    for vote in &assessment.votes {
        writeln!(
            text,
            "    {} {:<20} {:>7.1} retransmitted {:>8.1} delivered {:>6.1} %  vote {:>+6.2}",
            if vote.private { "private" } else { "public " },
            vote.network.to_string(),
            vote.retransmitted,
            vote.delivered,
            100.0 * vote.retransmitted / (vote.retransmitted + vote.delivered),
            vote.llr,
        )?;
    }
    let gate = |open: bool, name: &str| format!("{name} {}", if open { "yes" } else { "no" });
    let Judged {
        networks,
        bad,
        good,
        ..
    } = assessment.public;
    writeln!(
        text,
        "    public networks {bad} bad, {good} good of {networks}; {}; {}; {}",
        gate(assessment.control, "control group"),
        gate(assessment.ongoing, "still losing"),
        gate(assessment.well_again, "well again"),
    )
}
