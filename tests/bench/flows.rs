//! Active flows in growing numbers: what the daemon takes of memory and processor for them.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::crowd::Crowd;
use crate::daemon::Daemon;
use crate::figure::Figure;
use crate::flood;
use crate::load::Load;
use crate::report::Report;
use crate::suite::Effort;

/// Steps in number; each flow sends or gets one segment a second.
const STEPS: [usize; 4] = [100, 1_000, 4_000, 10_000];
/// Before it counts: by then each flow has been told of, and judged.
const SETTLE: Duration = Duration::from_secs(5);
/// Flows of the made-up flood, which real connections of one machine cannot reach.
const FLOOD: u64 = 1_000_000;

/// Measures.
pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<()> {
    let mut crowd = Crowd::new()?;
    let daemon = Daemon::start()?;
    let mut shares = Vec::new();
    for flows in STEPS {
        crowd.grow(flows)?;
        let share = step(&daemon, &crowd, flows, effort, report)?;
        shares.push((flows, share));
    }
    if let [.., (few, small), (many, large)] = shares.as_slice() {
        report.figure(Figure::new(
            "flows.linearity",
            format!("processor time a flow: {many} flows to {few}"),
            "ratio",
            vec![(large / *many as f64) / (small / *few as f64)],
        ));
    }
    drop(daemon);
    report.figure(Figure::new(
        "flows.1000000.rss_mib",
        format!("{FLOOD} made-up flows of 100,000 peers through the judgement alone: memory"),
        "MiB",
        vec![flood::resident_after(FLOOD)?],
    ));
    Ok(())
}

/// So many flows for a while; tells the share of one processor that they took.
fn step(
    daemon: &Daemon,
    crowd: &Crowd,
    flows: usize,
    effort: Effort,
    report: &mut Report,
) -> Result<f64> {
    crowd.speak_until(Instant::now() + SETTLE, 1)?;
    let (mut shares, mut costs, mut memory, mut rates) = (vec![], vec![], vec![], vec![]);
    for _ in 0..effort.of(1, 3) {
        let end = Instant::now() + Duration::from_secs(effort.of(4, 8));
        let load = Load::of(daemon, || crowd.speak_until(end, 1))?;
        shares.push(load.share);
        rates.push(load.records);
        if load.records > 0.0 {
            costs.push(load.share / 100.0 / load.records * 1e6);
        }
        memory.push(daemon.resident_mib()?);
    }
    let figures = [
        ("rss_mib", "resident memory", "MiB", memory),
        (
            "cpu_percent",
            "daemon's processor time, of one CPU",
            "%",
            shares.clone(),
        ),
        ("records_per_s", "records from the kernel", "/s", rates),
        (
            "cpu_s_per_million",
            "daemon's processor time a million records",
            "s",
            costs,
        ),
    ];
    for (name, what, unit, samples) in figures {
        let (id, what) = (
            format!("flows.{flows}.{name}"),
            format!("{flows} flows: {what}"),
        );
        report.figure(Figure::new(id, what, unit, samples));
    }
    Ok(crate::figure::quantile(&shares, 0.5))
}
