//! The two kinds of trials that tell of a prefix, and what they say.
//!
//! A segment sent is one: it had to be sent again, or not. Loss either way shows in it, but loss
//! on the way in only faintly, for one acknowledgement makes up for another. So an answer is the
//! second: had the acknowledgement of its end been lost, our tail loss probe or timeout would have
//! sent again what the peer had, and the peer would have said so (DSACK, RFC 2883).

use super::params::{DESIGN_EFFECT, DESIGN_EFFECT_IN, STALL_LLR};
use super::ratio::{ORDINARY_IN, PRIVATE_OUT, PUBLIC_OUT, llr};
use super::sums::Sums;

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
                sums.unheard(),
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
    use super::super::tests::random::Random;
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

    /// Counts as they may come: fewer trials than losses, more duplicates than answers.
    fn any(random: &mut Random) -> Sums {
        let mut count = || random.count_u32().into();
        Sums {
            retransmitted: count(),
            delivered: count(),
            duplicates: count(),
            probes: count(),
            received: count(),
        }
    }

    #[test]
    fn whatever_is_counted_it_is_bounded_and_a_stall_never_speaks_for_the_path() {
        let mut random = Random::new(2);
        for _ in 0..20_000 {
            let sums = any(&mut random);
            assert!(
                needed(&sums) >= 0.0 && needed(&sums) <= resolved(&sums),
                "{sums:?}"
            );
            assert!(
                answers(&sums) >= 0.0 && answers(&sums) <= sums.received,
                "{sums:?}"
            );
            for trial in Trial::ALL {
                for private in [false, true] {
                    let value = trial.llr(&sums, private, false);
                    assert!(
                        (-5.0..100.0).contains(&value),
                        "{trial:?} {sums:?}: {value}"
                    );
                    let stalled = trial.llr(&sums, private, true);
                    assert!(stalled >= value, "{trial:?} {sums:?}: {stalled} < {value}");
                }
            }
            assert!(Trial::Sent.llr(&sums, false, true) >= STALL_LLR);
        }
    }

    #[test]
    fn overtaking_never_speaks_for_loss_nor_does_an_answer_heard() {
        let mut random = Random::new(3);
        for _ in 0..5_000 {
            let segments = random.between(20.0, 400.0);
            let retransmitted = segments * random.between(0.0, 0.3);
            let plain = Sums {
                probes: retransmitted,
                ..sums(retransmitted, segments - retransmitted, 0.0, segments)
            };
            let twice = random.between(0.0, retransmitted);
            let overtaken = Sums {
                duplicates: twice,
                probes: 0.0,
                ..plain
            };
            let [was, is] = [plain, overtaken].map(|sums| Trial::Sent.llr(&sums, false, false));
            assert!(is <= was + 1e-9, "{overtaken:?}: {is} > {was}");
            let fewer = Sums {
                received: plain.received / 2.0,
                duplicates: twice / 2.0,
                ..plain
            };
            let more = Sums {
                received: plain.received,
                ..fewer
            };
            let [was, is] = [fewer, more].map(|sums| Trial::Answered.llr(&sums, false, false));
            if fewer.duplicates <= 0.3 * answers(&fewer) {
                assert!(is <= was + 1e-9, "{more:?}: {is} > {was}");
            }
        }
    }
}
