//! Segments counted over some time, and what they say of each other.

use super::seconds::Second;

/// Segments counted, faded by age.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) retransmitted: f64,
    pub(super) delivered: f64,
    pub(super) duplicates: f64,
    pub(super) probes: f64,
    pub(super) received: f64,
}

impl Sums {
    /// Segments whose fate is known.
    pub(super) fn trials(self) -> f64 {
        self.retransmitted + self.delivered
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.retransmitted += other.retransmitted;
        self.delivered += other.delivered;
        self.duplicates += other.duplicates;
        self.probes += other.probes;
        self.received += other.received;
    }

    /// Answers of which the peer had the end twice, for we had not heard that it had it: signs of
    /// loss on the way in.
    pub(super) fn unheard(self) -> f64 {
        self.duplicates.min(self.probes)
    }

    /// Segments sent again, and had twice, although something was heard: acknowledgements of later
    /// segments. They had overtaken each other.
    pub(super) fn overtaken(self) -> f64 {
        (self.duplicates - self.probes).clamp(0.0, self.retransmitted)
    }

    /// Without what was had twice, whatever the reason.
    pub(super) fn without_duplicates(self) -> Self {
        Self {
            retransmitted: (self.retransmitted - self.duplicates).max(0.0),
            duplicates: 0.0,
            ..self
        }
    }

    /// The same shares, over at most so many segments.
    pub(super) fn at_most(self, trials: f64) -> Self {
        let scale = (trials / self.trials().max(self.received).max(1e-9)).min(1.0);
        self.times(scale)
    }

    pub(super) fn times(self, weight: f64) -> Self {
        Self {
            retransmitted: self.retransmitted * weight,
            delivered: self.delivered * weight,
            duplicates: self.duplicates * weight,
            probes: self.probes * weight,
            received: self.received * weight,
        }
    }
}

impl From<&Second> for Sums {
    fn from(second: &Second) -> Self {
        Self {
            retransmitted: f64::from(second.retransmitted),
            delivered: f64::from(second.delivered),
            duplicates: f64::from(second.duplicates),
            probes: f64::from(second.probes),
            received: f64::from(second.received),
        }
    }
}
