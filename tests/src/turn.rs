//! One at a time: labs and real scenarios use the same addresses, and an agent sees every namespace
//! of the machine, so two at once would each see the other's traffic as its own.

use std::fs::{File, TryLockError};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::wait;

/// Held by the one that runs; it goes free with its process, whatever becomes of that.
const LOCK: &str = "/run/edgeghost-lab.lock";

/// Longest wait for another one to end.
const LIMIT: Duration = Duration::from_mins(15);

/// Waits until no other one runs on this machine, and tells if that takes a while. Dropping the
/// file ends the turn.
pub fn take(mut say: impl FnMut(&str)) -> Result<File> {
    let lock = File::create(LOCK).with_context(|| format!("cannot make {LOCK}"))?;
    let mut told = false;
    wait::until("the end of another lab on this machine", LIMIT, || {
        match lock.try_lock() {
            Ok(()) => return Ok(Some(())),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        if !told {
            say("another lab runs on this machine: waiting for its end");
            told = true;
        }
        Ok(None)
    })?;
    Ok(lock)
}
