//! What one network says: capped, for a network can be bad by itself, however many of its
//! prefixes say so.

use super::params::{LOOKS_FINE, NETWORK_BAD, PART};

/// The prefixes of one network, multiplied up as they come.
#[derive(Debug, Clone, Copy)]
pub(super) struct NetworkVote {
    /// How much likelier the prefixes are bad or well each by itself than by a collapse.
    by_themselves: f64,
    /// What did not fit into that, as a logarithm: hundreds of prefixes leave the range of f64.
    overflow: f64,
}

/// Products beyond this, either way, go into the logarithm.
const RANGE: f64 = 1e100;

impl Default for NetworkVote {
    fn default() -> Self {
        Self {
            by_themselves: 1.0,
            overflow: 0.0,
        }
    }
}

impl NetworkVote {
    /// What a prefix that says `llr` adds; `own` is the probability that one is bad by itself.
    pub(super) fn of_prefix(llr: f64, own: f64) -> Self {
        let odds = libm::exp(llr.min(50.0));
        let collapsed = (1.0 - LOOKS_FINE) * odds + LOOKS_FINE;
        Self {
            by_themselves: (own * odds + 1.0 - own) / collapsed,
            overflow: 0.0,
        }
    }

    /// Adds that.
    pub(super) fn add(&mut self, prefix: Self) {
        self.by_themselves *= prefix.by_themselves;
        if !(1.0 / RANGE..RANGE).contains(&self.by_themselves) {
            self.overflow += libm::log(self.by_themselves);
            self.by_themselves = 1.0;
        }
    }

    /// How likely all this is by the network's own fault, or by its prefixes', for each time that
    /// it is by a collapse.
    fn otherwise(self) -> f64 {
        let by_themselves = if self.overflow == 0.0 {
            self.by_themselves
        } else {
            // As well as any more: e^700 is not infinite yet.
            libm::exp((self.overflow + libm::log(self.by_themselves)).min(700.0))
        };
        NETWORK_BAD + (1.0 - NETWORK_BAD) * by_themselves
    }

    /// Log likelihood ratio of "all networks are bad" against "a large part of them is".
    pub(super) fn all_against_part(self) -> f64 {
        let well = self.otherwise();
        let all = 1.0 - LOOKS_FINE + LOOKS_FINE * well;
        let part = PART + (1.0 - PART) * well;
        libm::log(all / part)
    }

    /// Log likelihood ratio of "the path has collapsed" against "the network, or its prefixes by
    /// themselves".
    pub(super) fn llr(self) -> f64 {
        0.0 - libm::log(self.otherwise())
    }
}

#[cfg(test)]
mod tests {
    use super::super::params::OWN;
    use super::super::tests::random::Random;
    use super::*;

    fn llr(prefixes: &[f64]) -> f64 {
        let mut vote = NetworkVote::default();
        for prefix in prefixes {
            vote.add(NetworkVote::of_prefix(*prefix, OWN));
        }
        vote.llr()
    }

    #[track_caller]
    fn near(value: f64, expected: f64) {
        assert!(
            (value - expected).abs() < 0.06,
            "{value} is not about {expected}"
        );
    }

    #[test]
    fn one_network_is_capped_however_loud() {
        near(llr(&[50.0]), 2.44);
        near(llr(&[50.0; 20]), 3.51);
        near(llr(&[1e300; 200]), 3.51);
        assert!(llr(&[-3.0]) < -1.4);
        assert!(llr(&[-1e300; 10]).is_finite());
        near(llr(&[]), 0.0);
    }

    #[test]
    fn it_grows_with_each_prefix_and_their_order_does_not_matter() {
        let mut before = f64::NEG_INFINITY;
        for step in -60..60 {
            let value = llr(&[f64::from(step) * 0.2, 0.5, -0.5]);
            assert!(value >= before - 1e-12);
            before = value;
        }
        near(llr(&[1.0, -2.0, 3.0]), llr(&[3.0, 1.0, -2.0]));
    }

    #[test]
    fn where_prefixes_are_often_bad_by_themselves_they_say_less() {
        let noisy = NetworkVote::of_prefix(4.0, 0.3);
        assert!(noisy.llr() < llr(&[4.0]));
    }

    #[test]
    fn whatever_its_prefixes_say_it_stays_within_its_caps() {
        let mut random = Random::new(4);
        let (most, least) = (-libm::log(NETWORK_BAD), libm::log(LOOKS_FINE));
        for _ in 0..20_000 {
            let mut vote = NetworkVote::default();
            let one = random.chance(0.3);
            for _ in 0..=if one { 0 } else { random.below(300) } {
                let says = match random.below(6) {
                    0 => random.between(-1e300, 1e300),
                    1 => f64::INFINITY,
                    2 => f64::NEG_INFINITY,
                    _ => random.between(-5.0, 40.0),
                };
                vote.add(NetworkVote::of_prefix(says, random.between(0.01, 0.3)));
            }
            let (llr, all) = (vote.llr(), vote.all_against_part());
            assert!(llr.is_finite() && llr <= most + 1e-9, "{vote:?}: {llr}");
            assert!(!one || llr >= least, "{vote:?}: {llr}");
            let (fine, bad) = (
                libm::log(LOOKS_FINE / (1.0 - PART)),
                libm::log((1.0 - LOOKS_FINE) / PART),
            );
            assert!(all >= fine - 1e-9 && all <= bad + 1e-9, "{vote:?}: {all}");
        }
    }

    #[test]
    fn the_more_a_prefix_accuses_the_more_does_its_network() {
        let mut random = Random::new(5);
        for _ in 0..2_000 {
            let own = random.between(0.05, 0.3);
            let others: Vec<f64> = (0..random.below(8))
                .map(|_| random.between(-3.0, 6.0))
                .collect();
            let of = |says: f64| {
                let mut vote = NetworkVote::default();
                for llr in others.iter().copied().chain([says]) {
                    vote.add(NetworkVote::of_prefix(llr, own));
                }
                vote
            };
            let low = random.between(-4.0, 10.0);
            let (low, high) = (of(low), of(low + random.between(0.0, 5.0)));
            assert!(high.llr() >= low.llr() - 1e-9, "{others:?}");
            assert!(
                high.all_against_part() >= low.all_against_part() - 1e-9,
                "{others:?}"
            );
        }
    }

    #[test]
    fn prefixes_in_any_order_say_the_same() {
        let mut random = Random::new(6);
        for _ in 0..500 {
            let mut prefixes: Vec<f64> = (0..30).map(|_| random.between(-4.0, 40.0)).collect();
            let before = llr(&prefixes);
            random.shuffle(&mut prefixes);
            assert!((llr(&prefixes) - before).abs() < 1e-9, "{prefixes:?}");
        }
    }

    #[test]
    fn hundreds_of_prefixes_in_any_order_say_the_same() {
        let mut prefixes = [[8.0; 300], [-3.0; 300], [-3.0; 300]].concat();
        assert!(llr(&prefixes) < -50.0, "{}", llr(&prefixes));
        prefixes.reverse();
        assert!(llr(&prefixes) < -50.0, "{}", llr(&prefixes));
    }
}
