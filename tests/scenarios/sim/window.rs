//! Congestion windows, as far as they decide when packets are sent: RFC 9438 (CUBIC), RFC 5681
//! (Reno), and a window that does not care for losses, as BBR's.

/// A congestion control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Control {
    Cubic,
    Reno,
    Bbr,
}

impl Control {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cubic => "cubic",
            Self::Reno => "reno",
            Self::Bbr => "bbr",
        }
    }
}

/// Initial window, segments (RFC 6928).
const INITIAL: f64 = 10.0;
/// No window grows beyond this, segments: the peers' receive windows.
const MOST: f64 = 400.0;
/// What a model of the path would hold BBR to, segments.
const BBR_CAP: f64 = 32.0;
/// Linux's `TCP_INFINITE_SSTHRESH`.
const NO_THRESHOLD: f64 = 2_147_483_647.0;

/// CUBIC's factor of decrease and scale (RFC 9438, 4.6 and 4.1).
const CUBIC_BETA: f64 = 0.7;
const CUBIC_C: f64 = 0.4;
/// What it takes Reno to be as fast with CUBIC's decrease (RFC 9438, 4.3).
const CUBIC_ALPHA: f64 = 3.0 * (1.0 - CUBIC_BETA) / (1.0 + CUBIC_BETA);

/// A window.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    control: Control,
    segments: f64,
    threshold: f64,
    before: (f64, f64),
    /// CUBIC: window at the last loss, and when growth from there began.
    summit: f64,
    epoch: Option<f64>,
    /// CUBIC: what Reno's window would be by now (RFC 9438, 4.3).
    friendly: f64,
}

impl Window {
    pub(crate) const fn new(control: Control) -> Self {
        Self {
            control,
            segments: INITIAL,
            threshold: NO_THRESHOLD,
            before: (INITIAL, NO_THRESHOLD),
            summit: 0.0,
            epoch: None,
            friendly: 0.0,
        }
    }

    /// Segments that may be in flight.
    pub(crate) fn allowed(&self) -> u32 {
        whole(self.segments).max(1)
    }

    /// Slow-start threshold, segments.
    pub(crate) fn threshold(&self) -> u32 {
        whole(self.threshold)
    }

    /// A loss was found by later deliveries.
    pub(crate) fn reduce(&mut self) {
        self.before = (self.segments, self.threshold);
        if self.control != Control::Bbr {
            self.lower_threshold();
            self.segments = self.threshold;
        }
    }

    /// A timeout; with the first of a row the threshold falls.
    pub(crate) fn collapse(&mut self, first: bool) {
        if first {
            self.before = (self.segments, self.threshold);
            if self.control != Control::Bbr {
                self.lower_threshold();
            }
        }
        self.segments = 1.0;
    }

    /// What was lost is delivered.
    pub(crate) fn recovered(&mut self) {
        if self.control == Control::Bbr {
            self.segments = self.segments.max(self.before.0);
        }
    }

    /// The loss was none.
    pub(crate) fn undo(&mut self) {
        self.segments = self.segments.max(self.before.0);
        self.threshold = self.before.1;
        self.epoch = None;
    }

    /// Something is sent after nothing was in flight for so long (RFC 2861, as Linux has it).
    pub(crate) fn rest(&mut self, idle: f64, timeout: f64) {
        if let Some(epoch) = &mut self.epoch {
            *epoch += idle.max(0.0);
        }
        if self.control == Control::Bbr || idle <= timeout {
            return;
        }
        self.threshold = self.threshold.max(self.segments * 0.75);
        let floor = self.segments.min(INITIAL);
        let mut left = idle - timeout;
        while left > 0.0 && self.segments > floor {
            self.segments /= 2.0;
            left -= timeout;
        }
        self.segments = self.segments.max(floor);
    }

    /// Segments were delivered while the window was the limit.
    pub(crate) fn grow(&mut self, now: f64, rtt: f64, delivered: u32) {
        let delivered = f64::from(delivered);
        match self.control {
            Control::Bbr => self.segments = (self.segments + delivered).min(BBR_CAP),
            _ if self.segments < self.threshold => {
                self.segments = (self.segments + delivered).min(self.threshold);
            }
            Control::Reno => self.segments += delivered / self.segments,
            Control::Cubic => self.grow_cubic(now + rtt, delivered),
        }
        self.segments = self.segments.min(MOST);
    }

    fn grow_cubic(&mut self, now: f64, delivered: f64) {
        if self.epoch.is_none() {
            self.friendly = self.segments;
        }
        let start = *self.epoch.get_or_insert(now);
        self.friendly += CUBIC_ALPHA * delivered / self.segments;
        let to_summit = libm::cbrt(self.summit * (1.0 - CUBIC_BETA) / CUBIC_C);
        let offset = now - start - to_summit;
        let target = (self.summit + CUBIC_C * offset * offset * offset).max(self.friendly);
        let step = ((target - self.segments) / self.segments).clamp(0.01, 0.5);
        self.segments += step * delivered;
    }

    fn lower_threshold(&mut self) {
        let beta = if self.control == Control::Reno {
            0.5
        } else {
            CUBIC_BETA
        };
        self.summit = self.segments;
        self.epoch = None;
        self.threshold = (self.segments * beta).max(2.0);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "windows are positive and at most Linux's infinite threshold"
)]
fn whole(segments: f64) -> u32 {
    segments as u32
}
