//! The two kinds of trials that tell of a prefix, and what they say.
//!
//! A segment sent is one: it had to be sent again, or not. Loss either way shows in it, but loss
//! on the way in only faintly, for one acknowledgement makes up for another. So an answer is the
//! second: had the acknowledgement of its end been lost, our tail loss probe or timeout would have
//! sent again what the peer had, and the peer would have said so (DSACK, RFC 2883).

use super::params::{DESIGN_EFFECT, DESIGN_EFFECT_IN, STALL_LLR};
use super::ratio::{ORDINARY_IN, PRIVATE_OUT, PUBLIC_OUT, llr};
use super::windows::Sums;

/// A kind of trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    /// Segments sent.
    Sent,
    /// Answers.
    Answered,
}

impl Trial {
    pub(super) const ALL: [Self; 2] = [Self::Sent, Self::Answered];

    /// Log likelihood ratio of a prefix; one that is sent to in vain says at least [`STALL_LLR`].
    pub(super) fn llr(self, sums: &Sums, private: bool, stalled: bool) -> f64 {
        match self {
            Self::Sent => {
                let law = if private { &PRIVATE_OUT } else { &PUBLIC_OUT };
                let ratio = llr(needed(sums), resolved(sums), DESIGN_EFFECT, law);
                if stalled { ratio.max(STALL_LLR) } else { ratio }
            }
            Self::Answered => llr(
                sums.duplicates,
                answers(sums),
                DESIGN_EFFECT_IN,
                &ORDINARY_IN,
            ),
        }
    }

    /// Whether there are any trials at all.
    pub(super) fn is_empty(self, sums: &Sums) -> bool {
        match self {
            Self::Sent => sums.trials() <= 0.0,
            Self::Answered => answers(sums) <= 0.0,
        }
    }
}

/// Segments sent again for a reason.
pub(super) fn needed(sums: &Sums) -> f64 {
    sums.retransmitted - sums.overtaken()
}

/// Segments whose fate is known, but for those sent again for nothing.
pub(super) fn resolved(sums: &Sums) -> f64 {
    sums.trials() - sums.overtaken()
}

/// Answers: no more than what was received to be answered, and than what was delivered. Of long
/// transfers, either way, there are few.
pub(super) fn answers(sums: &Sums) -> f64 {
    sums.received.min(sums.delivered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(retransmitted: f64, delivered: f64, duplicates: f64, received: f64) -> Sums {
        Sums {
            retransmitted,
            delivered,
            duplicates,
            probes: duplicates,
            received,
        }
    }

    #[test]
    fn loss_on_the_way_in_shows_in_answers_only() {
        let inbound = sums(8.0, 480.0, 6.0, 40.0);
        assert!(Trial::Sent.llr(&inbound, false, false) < -1.5);
        assert!(Trial::Answered.llr(&inbound, false, false) > 1.0);
    }

    #[test]
    fn overtaking_is_loss_neither_way() {
        let overtaken = Sums {
            probes: 0.0,
            ..sums(9.0, 100.0, 9.0, 30.0)
        };
        for trial in Trial::ALL {
            assert!(trial.llr(&overtaken, false, false) < -1.0);
        }
    }

    #[test]
    fn transfers_one_way_are_no_answers() {
        for transfer in [sums(9.0, 900.0, 9.0, 0.0), sums(0.0, 0.0, 0.0, 900.0)] {
            assert!(Trial::Answered.llr(&transfer, false, false).abs() < 1e-9);
            assert!(Trial::Answered.is_empty(&transfer));
        }
    }

    #[test]
    fn nothing_counted_says_nothing_and_a_stall_says_six_to_one() {
        let nothing = Sums::default();
        for trial in Trial::ALL {
            assert!(trial.llr(&nothing, false, false).abs() < 1e-9);
            assert!(trial.is_empty(&nothing));
        }
        assert!((Trial::Sent.llr(&nothing, false, true) - STALL_LLR).abs() < 1e-9);
        let well = sums(0.0, 60.0, 0.0, 30.0);
        assert!((Trial::Sent.llr(&well, false, true) - STALL_LLR).abs() < 1e-9);
    }
}
