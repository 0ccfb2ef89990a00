//! Round-trip times, and the timers that follow from them.

/// Linux's least retransmission timeout (`TCP_RTO_MIN`), and how long a peer may sit on an
/// acknowledgement, seconds.
const LEAST_TIMEOUT: f64 = 0.2;
/// Timeout before anything was measured (RFC 6298).
const FIRST_TIMEOUT: f64 = 1.0;
/// Linux's longest (`TCP_RTO_MAX`).
const LONGEST_TIMEOUT: f64 = 120.0;
/// Linux's default of `net.ipv4.tcp_retries2`.
const RETRIES: u32 = 15;

/// What a timer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// Segments may by now be late enough to be lost.
    Reordering,
    /// Nothing is heard of the tail.
    Probe,
    /// Nothing is heard at all.
    Timeout,
}

/// The timers of a connection.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    /// Probe or timeout.
    pub(crate) at: Option<(f64, Alarm)>,
    /// Reordering.
    pub(crate) reordering: Option<f64>,
}

impl Timer {
    /// The one that goes off next.
    pub(crate) fn next(&self) -> Option<(f64, Alarm)> {
        match (self.at, self.reordering) {
            (Some(timer), Some(at)) if at < timer.0 => Some((at, Alarm::Reordering)),
            (None, Some(at)) => Some((at, Alarm::Reordering)),
            (timer, _) => timer,
        }
    }
}

/// Measured round-trip times (RFC 6298).
#[derive(Debug, Default)]
pub(crate) struct RoundTrip {
    smooth: Option<f64>,
    deviation: f64,
    least: Option<f64>,
    backed_off: u32,
}

impl RoundTrip {
    pub(crate) fn measure(&mut self, rtt: f64) {
        self.least = Some(self.least().min(rtt));
        if let Some(smooth) = &mut self.smooth {
            self.deviation += ((rtt - *smooth).abs() - self.deviation) / 4.0;
            *smooth += (rtt - *smooth) / 8.0;
        } else {
            self.smooth = Some(rtt);
            self.deviation = rtt / 2.0;
        }
    }

    /// Smoothed, seconds; 0 before the first.
    pub(crate) fn smooth(&self) -> f64 {
        self.smooth.unwrap_or(0.0)
    }

    /// The shortest, seconds; a second before the first, and at most.
    pub(crate) fn least(&self) -> f64 {
        self.least.unwrap_or(FIRST_TIMEOUT)
    }

    /// Until a timeout.
    pub(crate) fn timeout(&self) -> f64 {
        let once = self.smooth.map_or(FIRST_TIMEOUT, |smooth| {
            smooth + (4.0 * self.deviation).max(LEAST_TIMEOUT)
        });
        let doubled = (0..self.backed_off).fold(once, |wait, _| (wait * 2.0).min(LONGEST_TIMEOUT));
        doubled.min(LONGEST_TIMEOUT)
    }

    /// Until a tail loss probe; a lone segment's acknowledgement may be delayed.
    pub(crate) fn probe(&self, outstanding: usize) -> f64 {
        let wait = self.smooth.map_or(FIRST_TIMEOUT, |smooth| 2.0 * smooth);
        wait + if outstanding == 1 {
            LEAST_TIMEOUT
        } else {
            0.002
        }
    }

    /// Doubles the next timeout; false when it is time to give up.
    pub(crate) fn back_off(&mut self) -> bool {
        self.backed_off += 1;
        self.backed_off <= RETRIES
    }

    pub(crate) fn progressed(&mut self) {
        self.backed_off = 0;
    }
}
