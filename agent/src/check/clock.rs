//! Whether the wall clock is kept right. Judgements go by the monotonic clock; the times in events
//! go by this one, and are compared with those of other hosts.

use std::io;
use std::time::Duration;

use nix::libc;

/// `STA_UNSYNC` of include/uapi/linux/timex.h: nobody keeps the clock.
const UNSYNCHRONISED: i32 = libc::STA_UNSYNC;

/// What the kernel tells of its clock (adjtimex(2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    /// Somebody keeps it.
    pub(super) synchronised: bool,
    /// It is off by this at most, as far as they can tell.
    pub(super) off_by: Duration,
}

/// Asks the kernel; nothing is changed.
pub(super) fn look() -> io::Result<Clock> {
    // SAFETY: plain integers, of which none has a forbidden value; no mode is set.
    let mut timex: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: a whole structure of the kernel's own layout, alive during the call.
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    if state < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Clock {
        synchronised: state != libc::TIME_ERROR && timex.status & UNSYNCHRONISED == 0,
        off_by: Duration::from_micros(u64::try_from(timex.maxerror).unwrap_or(0)),
    })
}
