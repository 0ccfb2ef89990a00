//! More segments a second, then more flows, step by step until something gives: what gives, and
//! how the daemon says so.

use std::time::{Duration, Instant};

use anyhow::Result;
use edgeghost_tests::witness;
use serde_json::Value;

use crate::crowd::{Crowd, Part};
use crate::daemon::Daemon;
use crate::figure::Figure;
use crate::load::Load;
use crate::process::wait;
use crate::report::Report;
use crate::suite::Effort;

/// Flows that carry ever more segments, and how often a second each does.
const FLOWS: usize = 200;
const TIMES: [u32; 3] = [5, 50, 500];
/// Flows of one process more, up to so many processes.
const STEP: usize = 18_000;
const PARTS: u16 = 4;
/// What holds only until a step is under way.
const SETTLE: Duration = Duration::from_secs(5);

/// Measures.
pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<()> {
    segments(effort, report)?;
    flows(effort, report)
}

/// The same flows with ever more segments: the user half must not notice.
fn segments(effort: Effort, report: &mut Report) -> Result<()> {
    let mut crowd = Crowd::new()?;
    crowd.grow(FLOWS)?;
    let daemon = Daemon::start()?;
    let mut shares = Vec::new();
    for times in TIMES {
        crowd.speak_until(Instant::now() + SETTLE, times)?;
        let segments = arrived(&crowd)?;
        let load = Load::of(&daemon, || {
            crowd.speak_until(
                Instant::now() + Duration::from_secs(effort.of(4, 10)),
                times,
            )
        })?;
        let id = format!("scale.segments_{times}");
        let words = format!("{FLOWS} flows, {times} times a second");
        report.figure(Figure::new(
            format!("{id}.segments_per_s"),
            format!("{words}: segments arrived a second"),
            "/s",
            vec![(arrived(&crowd)? - segments) / load.seconds],
        ));
        load.tell(&id, &words, report);
        shares.push(load.share);
    }
    if let [first, .., last] = shares.as_slice() {
        report.figure(Figure::new(
            "scale.segments_ratio",
            "daemon's processor time: the most segments to the fewest",
            "ratio",
            vec![last / first],
        ));
    }
    Ok(())
}

/// Segments that have arrived at either end, by the kernel's `InSegs`.
fn arrived(crowd: &Crowd) -> Result<f64> {
    let of = |netns| witness::tcp_counter(netns, "InSegs");
    Ok((of(&crowd.near)? + of(&crowd.far)?) as f64)
}

/// Ever more flows, each with a segment a second.
fn flows(effort: Effort, report: &mut Report) -> Result<()> {
    let crowd = Crowd::new()?;
    let daemon = Daemon::start()?;
    let mut parts: Vec<Part> = Vec::new();
    for number in 0..effort.of(1, PARTS) {
        parts.push(crowd.part(number, STEP)?);
        let flows = parts.len() * STEP;
        wait(SETTLE)?;
        let load = Load::of(&daemon, || wait(Duration::from_secs(effort.of(4, 10))))?;
        let (id, words) = (format!("scale.flows_{flows}"), format!("{flows} flows"));
        load.tell(&id, &words, report);
        report.figure(Figure::new(
            format!("{id}.rss_mib"),
            format!("{words}: resident memory"),
            "MiB",
            vec![daemon.resident_mib()?],
        ));
        if let Some(given) = given(&daemon.health()?) {
            report.without(format!("what gives at {flows} flows"), given);
            return Ok(());
        }
    }
    let flows = parts.len() * STEP;
    report.without(format!("what gives at {flows} flows"), "nothing yet");
    Ok(())
}

/// What `agent_health` tells of a limit that was reached; that details are limited is meant so.
fn given(health: &Value) -> Option<String> {
    let lost = health["lost"].as_array().into_iter().flatten();
    let mut told: Vec<String> = lost
        .map(|lost| (lost["reason"].as_str().unwrap_or("?"), &lost["total"]))
        .filter(|(reason, _)| !reason.ends_with("rate_limited"))
        .map(|(reason, total)| format!("{reason} {total}"))
        .collect();
    if let Some(seconds) = health["report_interval_seconds"].as_f64()
        && seconds > 1.0
    {
        told.push(format!("flows report every {seconds} s"));
    }
    (!told.is_empty()).then(|| told.join(", "))
}
