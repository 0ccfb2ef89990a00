//! Waiting for a condition instead of for a time.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::interrupt;

/// How often a condition is looked at.
pub const STEP: Duration = Duration::from_millis(20);

/// Looks until `condition` yields something, for at most `limit`.
pub fn until<T>(
    what: &str,
    limit: Duration,
    mut condition: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let begin = Instant::now();
    loop {
        if let Some(found) = condition()? {
            return Ok(found);
        }
        if begin.elapsed() >= limit {
            bail!("waited {:.1} s in vain for: {what}", limit.as_secs_f64());
        }
        interrupt::check()?;
        std::thread::sleep(STEP);
    }
}

/// Looks until `condition` holds, for at most `limit`.
pub fn until_true(
    what: &str,
    limit: Duration,
    mut condition: impl FnMut() -> Result<bool>,
) -> Result<()> {
    until(what, limit, || Ok(condition()?.then_some(())))
}
