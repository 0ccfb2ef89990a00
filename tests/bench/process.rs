//! The daemon as a process: how fast it starts, and what it costs when nothing happens.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use edgeghost_tests::{binary, interrupt};

use crate::daemon::Daemon;
use crate::figure::Figure;
use crate::report::Report;
use crate::suite::Effort;

/// A daemon is left alone for so long before it counts as idle: where for a minute there was no
/// traffic, the host's counters are not read.
const SETTLE_S: u64 = 65;

/// Measures.
pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<()> {
    let file = binary::agent()?;
    let bytes = fs::metadata(&file)
        .with_context(|| file.display().to_string())?
        .len();
    report.figure(Figure::new(
        "process.binary_mib",
        "size of the program, with its eBPF object",
        "MiB",
        vec![bytes as f64 / f64::from(1 << 20)],
    ));
    starts(effort, report)?;
    idle(effort, report)
}

fn starts(effort: Effort, report: &mut Report) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..effort.of(3, 15) {
        interrupt::check()?;
        times.push(Daemon::start()?.first_event.as_secs_f64() * 1e3);
    }
    report.figure(Figure::new(
        "process.first_event_ms",
        "from start to first event, programs attached",
        "ms",
        times,
    ));
    Ok(())
}

fn idle(effort: Effort, report: &mut Report) -> Result<()> {
    let daemon = Daemon::start()?;
    wait(Duration::from_secs(effort.of(3, SETTLE_S)))?;
    let (mut wakeups, mut processor, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.of(2, 6) {
        let (before, begin) = (daemon.usage()?, Instant::now());
        wait(Duration::from_secs(effort.of(3, 10)))?;
        let (after, took) = (daemon.usage()?, begin.elapsed().as_secs_f64());
        wakeups.push((after.wakeups - before.wakeups) as f64 / took);
        processor.push(
            after
                .processor
                .saturating_sub(before.processor)
                .as_secs_f64()
                / took
                * 100.0,
        );
        memory.push(daemon.resident_mib()?);
    }
    report.figure(Figure::new(
        "process.idle_wakeups",
        format!(
            "idle: wake-ups a second of {} threads",
            daemon.threads()?.len()
        ),
        "/s",
        wakeups,
    ));
    report.figure(Figure::new(
        "process.idle_cpu_percent",
        "idle: processor time, of one CPU",
        "%",
        processor,
    ));
    report.figure(Figure::new(
        "process.idle_rss_mib",
        "idle: resident memory",
        "MiB",
        memory,
    ));
    Ok(())
}

/// Lets time pass, in which something is measured; Ctrl-C ends it.
pub(crate) fn wait(time: Duration) -> Result<()> {
    let begin = Instant::now();
    while let Some(left) = time.checked_sub(begin.elapsed()) {
        interrupt::check()?;
        sleep(left.min(Duration::from_millis(200)));
    }
    Ok(())
}
