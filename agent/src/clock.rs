//! The kernel's monotonic clock against the wall clock.

use rustix::time::{ClockId, clock_gettime};

use crate::event::Time;

/// Translates `CLOCK_MONOTONIC` (`bpf_ktime_get_ns`) into wall-clock time. Anchored anew every
/// second, for the wall clock may be stepped.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    offset_ns: i64,
}

impl Clock {
    /// Anchored now.
    pub fn anchored() -> Self {
        let monotonic = i64::try_from(Self::monotonic_ns()).unwrap_or(i64::MAX);
        Self {
            offset_ns: Time::now().0.saturating_sub(monotonic),
        }
    }

    /// As it was when the monotonic clock showed `monotonic_ns` and the wall clock `wall`.
    pub fn at(monotonic_ns: u64, wall: Time) -> Self {
        let monotonic = i64::try_from(monotonic_ns).unwrap_or(i64::MAX);
        Self {
            offset_ns: wall.0.saturating_sub(monotonic),
        }
    }

    /// `CLOCK_MONOTONIC`, nanoseconds.
    pub fn monotonic_ns() -> u64 {
        let time = clock_gettime(ClockId::Monotonic);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
        seconds * 1_000_000_000 + nanos
    }

    /// Wall-clock time of a monotonic moment.
    pub fn wall(&self, monotonic_ns: u64) -> Time {
        let monotonic = i64::try_from(monotonic_ns).unwrap_or(i64::MAX);
        Time(self.offset_ns.saturating_add(monotonic))
    }
}
