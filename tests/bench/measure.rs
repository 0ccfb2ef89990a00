//! Time and memory.

use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 11;

/// Runs `work` and tells how long it took.
pub(crate) fn once<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begin = processor_time();
    let result = work();
    let took = processor_time().saturating_sub(begin);
    (result, took)
}

/// Nanoseconds that one of `count` operations takes, which `work` does all of: the median of
/// several rounds after one to warm up.
pub(crate) fn each(count: usize, mut work: impl FnMut()) -> f64 {
    work();
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begin = processor_time();
            work();
            processor_time().saturating_sub(begin)
        })
        .collect();
    rounds.sort_unstable();
    let median = rounds.get(ROUNDS / 2).copied().unwrap_or_default();
    median.as_secs_f64() * 1e9 / count as f64
}

/// What this thread has had of a processor: others on the machine do not count.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

pub(crate) fn mebibytes(bytes: i64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Resident memory of this process, bytes.
pub(crate) fn resident() -> Result<i64> {
    let text =
        std::fs::read_to_string("/proc/self/statm").context("cannot read /proc/self/statm")?;
    let pages: i64 = text
        .split_whitespace()
        .nth(1)
        .context("/proc/self/statm has no second field")?
        .parse()?;
    Ok(pages * i64::try_from(rustix::param::page_size())?)
}
