//! One run, second by second.

use std::fmt::Write as _;

use edgeghost::detect::{Assessment, Change, Judged, Told};
use edgeghost::flow::FlowSample;
use edgeghost::path::PathClass;

use crate::run::{Tick, named};

/// A second: what came in, what each address is judged by, what is told of it.
pub(crate) fn lines(tick: &Tick<'_>) -> String {
    let mut text = format!(
        "{:6.0}  public {}  private {}\n",
        tick.at,
        sums(tick.heard, false),
        sums(tick.heard, true)
    );
    for (local, assessment) in tick.detector.assessments() {
        let _ = writeln!(
            text,
            "        {:15} {:26} {}",
            local.address.to_string(),
            named(Told::Raw(assessment.raw)).name(),
            numbers(assessment)
        );
    }
    for finding in tick.findings {
        let _ = writeln!(
            text,
            "        {:15} -> {}",
            finding.local.address.to_string(),
            change(&finding.change)
        );
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

/// Samples of one side: how many, of these without progress, and segments sent again of all.
fn sums(samples: &[FlowSample], private: bool) -> String {
    let side = || {
        samples
            .iter()
            .filter(|sample| (sample.class == PathClass::Private) == private)
    };
    let stuck = side().filter(|sample| sample.delivered == 0).count();
    let again: u64 = side().map(|sample| sample.retransmitted).sum();
    let delivered: u64 = side().map(|sample| sample.delivered).sum();
    format!(
        "{:3} samples {stuck:2} stuck {again:4}/{:<4}",
        side().count(),
        again + delivered
    )
}

fn change(change: &Change) -> String {
    match change {
        Change::Verdict { now, .. } => format!("verdict {}", named(*now).name()),
        Change::Opened { .. } => "incident opens".to_owned(),
        Change::Updated { .. } => "incident goes on".to_owned(),
        Change::Advise { .. } => "ADVICE".to_owned(),
        Change::Closed { .. } => "incident closes".to_owned(),
    }
}
