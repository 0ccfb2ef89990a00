//! Bayes' rule over the explanations of what the networks say.

use super::params::PRIOR;

/// Probabilities of the explanations.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Posterior {
    /// Nothing is wrong with this address.
    pub healthy: f64,
    /// Its public path.
    pub public: f64,
    /// What all paths of the host share.
    pub host: f64,
    /// Its private path.
    pub private: f64,
}

impl Posterior {
    /// Given the summed votes of the public and of the private side, and what the host's other
    /// addresses say of the host (never more than 0: they can only acquit it).
    /// `share` is that of the faults that can be seen by what the votes are cast on.
    pub(super) fn of(public_votes: f64, private_votes: f64, siblings: f64, share: f64) -> Self {
        let prior = libm::log(PRIOR * share);
        let logs = [
            0.0,
            prior + public_votes,
            prior + public_votes + private_votes + siblings.min(0.0),
            prior + private_votes,
        ];
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights = logs.map(|log| libm::exp(log - most));
        let sum: f64 = weights.iter().sum();
        let [healthy, public, host, private] = weights.map(|weight| weight / sum);
        Self {
            healthy,
            public,
            host,
            private,
        }
    }

    /// The public side is bad, for whatever reason.
    pub(super) fn public_bad(&self) -> f64 {
        self.public + self.host
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::random::Random;
    use super::*;

    #[test]
    fn it_grows_with_independent_networks_only() {
        let bad = |votes: &[f64]| Posterior::of(votes.iter().sum(), -3.0, 0.0, 1.0).public_bad();
        let loud = 2.44;
        assert!(bad(&[loud]) < 0.15);
        assert!(bad(&[loud; 2]) < 0.65);
        assert!(bad(&[loud; 4]) > 0.95);
        assert!(bad(&[3.51]) < 0.3, "one provider with many prefixes");
    }

    #[test]
    fn a_bad_private_side_accuses_the_host_and_a_good_one_acquits_it() {
        let both = Posterior::of(10.0, 10.0, 0.0, 1.0);
        assert!(both.host > 0.99, "{both:?}");
        let only_private = Posterior::of(-5.0, 10.0, 0.0, 1.0);
        assert!(only_private.private > 0.98, "{only_private:?}");
        let alone = Posterior::of(10.0, 0.0, 0.0, 1.0);
        assert!((alone.host - alone.public).abs() < 1e-9, "{alone:?}");
        let sibling = Posterior::of(10.0, 0.0, -3.0, 1.0);
        assert!(sibling.public > 0.9, "{sibling:?}");
    }

    #[test]
    fn it_is_a_distribution_whatever_the_votes() {
        for public in [-1e6, -40.0, 0.0, 40.0, 1e6] {
            for private in [-1e6, -3.0, 0.0, 3.0, 1e6] {
                for siblings in [-1e6, -1.0, 0.0, 1e6] {
                    let Posterior {
                        healthy,
                        public,
                        host,
                        private,
                    } = Posterior::of(public, private, siblings, 0.8);
                    let sum = healthy + public + host + private;
                    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
                    assert!([healthy, public, host, private].iter().all(|p| *p >= 0.0));
                }
            }
        }
    }

    #[test]
    fn what_accuses_a_side_more_never_makes_it_less_likely() {
        let mut random = Random::new(7);
        for _ in 0..20_000 {
            let (public, private) = (random.between(-30.0, 30.0), random.between(-30.0, 30.0));
            let (siblings, share) = (random.between(-6.0, 1.0), random.between(0.01, 1.0));
            let more = random.between(0.0, 10.0);
            let was = Posterior::of(public, private, siblings, share);
            let accused = Posterior::of(public + more, private, siblings, share);
            assert!(
                accused.public_bad() >= was.public_bad() - 1e-12,
                "{was:?} {accused:?}"
            );
            assert!(
                accused.healthy <= was.healthy + 1e-12,
                "{was:?} {accused:?}"
            );
            let both = Posterior::of(public, private + more, siblings, share);
            assert!(
                both.host + both.private >= was.host + was.private - 1e-12,
                "{was:?} {both:?}"
            );
            assert!(both.healthy <= was.healthy + 1e-12, "{was:?} {both:?}");
            let acquitted = Posterior::of(public, private, siblings - more, share);
            assert!(acquitted.host <= was.host + 1e-12, "{was:?} {acquitted:?}");
            let rarer = Posterior::of(public, private, siblings, share / 2.0);
            assert!(rarer.healthy >= was.healthy - 1e-12, "{was:?} {rarer:?}");
        }
    }
}
