//! The beat of the main loop: a timer of the kernel's own.
//!
//! tokio's timers are coarse slots of a wheel that are sorted out again on the way; a deadline half
//! a second away wakes the thread twice. On an idle host the beat is most of what the agent does.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::Timespec;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Beats at a steady pace.
pub(super) struct Pulse(AsyncFd<OwnedFd>);

impl Pulse {
    /// The first beat comes at once. Must be called within a tokio runtime.
    pub(super) fn every(period: Duration) -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let beats = Itimerspec {
            it_interval: timespec(period)?,
            // Zero would switch it off.
            it_value: timespec(Duration::from_nanos(1))?,
        };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &beats)?;
        // SAFETY: the descriptor is owned by the handle, so it stays open as long as it is
        // registered.
        let registered = unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) };
        Ok(Self(registered?))
    }

    /// Waits for the next beat. Beats that were missed, while the process was stopped for
    /// instance, come as one.
    pub(super) async fn beat(&self) -> io::Result<()> {
        let mut count = [0; 8];
        let read = |timer: &OwnedFd| Ok(rustix::io::read(timer, &mut count)?);
        self.0.async_io(Interest::READABLE, read).await.map(drop)
    }
}

fn timespec(time: Duration) -> io::Result<Timespec> {
    Timespec::try_from(time).map_err(|_| io::ErrorKind::InvalidInput.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Instant;

    #[tokio::test]
    async fn the_first_beat_comes_at_once_and_the_next_in_time() {
        let period = Duration::from_millis(20);
        let pulse = Pulse::every(period).unwrap();
        pulse.beat().await.unwrap();
        let begin = Instant::now();
        for _ in 0..3 {
            pulse.beat().await.unwrap();
        }
        // The first beat may have been noticed late, by a period at most here.
        assert!(begin.elapsed() >= period, "{:?}", begin.elapsed());
    }

    #[tokio::test]
    async fn missed_beats_come_as_one() {
        let period = Duration::from_millis(10);
        let pulse = Pulse::every(period).unwrap();
        pulse.beat().await.unwrap();
        let begin = Instant::now();
        while begin.elapsed() < period * 5 {}
        pulse.beat().await.unwrap();
        let at_once = tokio::time::timeout(Duration::ZERO, pulse.beat()).await;
        // Unless this thread was stopped for a period just now.
        assert!(at_once.is_err() || begin.elapsed() >= period * 6);
    }
}
