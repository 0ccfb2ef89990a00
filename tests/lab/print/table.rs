//! The closing table.

use std::time::Duration;

use super::percent;
use crate::phase::Phase;
use crate::summary::Summary;
use crate::watch::{Look, Side};

/// How long the incident that this rebuilds took people to find.
const BY_HAND: &str = "2 h 17 min";

/// The whole ending.
pub(super) fn lines(summary: &Summary) -> Vec<String> {
    let mut lines = vec![String::new(), header()];
    for phase in Phase::ALL {
        let Some(length) = summary.length(phase) else {
            continue;
        };
        for side in Side::ALL {
            let look = &summary.looks[phase as usize][side as usize];
            lines.push(row(phase, length, side, look));
        }
    }
    lines.push(String::new());
    lines.extend(times(summary));
    lines.push(String::new());
    lines.push(match summary.failure() {
        None if summary.passed() => format!("PASSED: {}", summary.success()),
        None => "FAILED: the story did not reach its end".to_owned(),
        Some(reason) => format!("FAILED: {reason}"),
    });
    lines
}

fn header() -> String {
    format!(
        "{:<12} {:>7} {:<8} {:>10} {:>12} {:>8} {:>9} {:>9}",
        "phase", "seconds", "path", "delivered", "retransmits", "ratio", "cwnd p50", "cwnd min"
    )
}

fn row(phase: Phase, length: Duration, side: Side, look: &Look) -> String {
    let cwnd = |cwnd: Option<u64>| cwnd.map_or("-".to_owned(), |cwnd| cwnd.to_string());
    format!(
        "{:<12} {:>7.1} {:<8} {:>10} {:>12} {:>8} {:>9} {:>9}",
        format!("{} {}", phase.number(), phase.name()),
        length.as_secs_f64(),
        side.name(),
        look.delivered,
        look.retransmitted,
        percent(look.ratio()),
        cwnd(look.cwnd_p50),
        cwnd(look.cwnd_min),
    )
}

fn times(summary: &Summary) -> Vec<String> {
    let times = &summary.times;
    let shown = |time: Option<Duration>| {
        time.map_or("not seen".to_owned(), |time| {
            format!("{:.1} s", time.as_secs_f64())
        })
    };
    let mut lines: Vec<String> = [
        ("first suspicion", times.suspect.or(times.collapse)),
        ("collapse detected", times.collapse),
        ("recommendation", times.recommendation),
    ]
    .into_iter()
    .map(|(what, time)| format!("{what:<20} {:>9} after the onset", shown(time)))
    .collect();
    for (what, time) in [
        ("recovery noticed", times.recovering),
        ("incident closed", times.closed),
    ] {
        lines.push(format!("{what:<20} {:>9} after the fix", shown(time)));
    }
    lines.push(format!(
        "{:<20} {BY_HAND:>9} in the incident itself, from onset to cause",
        "by hand"
    ));
    lines
}
