//! What the daemon takes while something goes on.

use std::time::Instant;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::daemon::Daemon;
use crate::figure::Figure;
use crate::report::Report;

/// What the daemon took, and was told, in a while.
pub(crate) struct Load {
    pub(crate) seconds: f64,
    /// Of one processor, percent.
    pub(crate) share: f64,
    /// Records from the kernel a second.
    pub(crate) records: f64,
}

impl Load {
    /// While `work` runs.
    pub(crate) fn of(daemon: &Daemon, work: impl FnOnce() -> Result<()>) -> Result<Self> {
        let (usage, records, begin) = (daemon.usage()?, received(daemon)?, Instant::now());
        work()?;
        let seconds = begin.elapsed().as_secs_f64();
        let used = daemon.processor_since(usage)?.as_secs_f64();
        Ok(Self {
            seconds,
            share: used / seconds * 100.0,
            records: (received(daemon)? - records) / seconds,
        })
    }

    /// As two figures.
    pub(crate) fn tell(&self, id: &str, words: &str, report: &mut Report) {
        report.figure(Figure::new(
            format!("{id}.cpu_percent"),
            format!("{words}: daemon's processor time, of one CPU"),
            "%",
            vec![self.share],
        ));
        report.figure(Figure::new(
            format!("{id}.records_per_s"),
            format!("{words}: records from the kernel"),
            "/s",
            vec![self.records],
        ));
    }
}

/// Records that the daemon has had from the kernel.
fn received(daemon: &Daemon) -> Result<f64> {
    let health = daemon.health()?;
    let records = health.get("records_received").and_then(Value::as_f64);
    records.context("the daemon's status tells no records_received")
}
