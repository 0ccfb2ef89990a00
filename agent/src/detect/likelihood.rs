//! How much a count of retransmitted and delivered segments speaks for a bad path.
//!
//! Each prefix has a share of retransmitted segments that is unknown but follows a Beta law: one
//! law for ordinary paths, another for collapsed ones. The evidence is the log of how much more
//! likely the second makes what was counted (a Beta-binomial likelihood ratio). Natural logs.

/// Losses come in bursts, so segments are worth less than independent trials: this many count as
/// one (design effect).
const DESIGN_EFFECT: f64 = 1.5;

/// However much a prefix sends, it counts as no more trials than this: volume is not breadth.
const MAX_TRIALS: f64 = 60.0;

/// Fewer trials than this say nothing.
const MIN_TRIALS: f64 = 3.0;

/// A Beta law of the share of retransmitted segments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beta {
    a: f64,
    b: f64,
}

/// Ordinary public paths: 1.5 % on average, now and then far more (mobile clients).
pub(super) const PUBLIC_ORDINARY: Beta = Beta { a: 0.6, b: 40.0 };
/// Ordinary private paths: 0.4 %.
pub(super) const PRIVATE_ORDINARY: Beta = Beta { a: 0.5, b: 120.0 };
/// Collapsed paths: 18 % on average.
pub(super) const COLLAPSED: Beta = Beta { a: 2.0, b: 9.0 };

/// Probability that a prefix is bad by itself: its own last mile.
const PREFIX_BAD: f64 = 0.05;
/// Probability that a whole network is bad by itself: its provider.
const NETWORK_BAD: f64 = 0.03;
/// Probability that a prefix looks fine although the path is collapsed: lucky, or idle.
const LOOKS_FINE: f64 = 0.15;
/// Prior odds of each fault.
const PRIOR: f64 = 0.01;

/// Log likelihood ratio of `retransmitted` among `trials` segments (both kinds together).
pub(super) fn prefix_llr(retransmitted: f64, trials: f64, ordinary: Beta) -> f64 {
    let (mut r, mut n) = (retransmitted / DESIGN_EFFECT, trials / DESIGN_EFFECT);
    if n > MAX_TRIALS {
        r *= MAX_TRIALS / n;
        n = MAX_TRIALS;
    }
    if n < MIN_TRIALS {
        return 0.0;
    }
    marginal(COLLAPSED, r, n) - marginal(ordinary, r, n)
}

/// The vote of one network with these prefixes: capped, for a network can be bad by itself,
/// however many of its prefixes say so.
pub(super) fn network_llr(prefixes: impl Iterator<Item = f64> + Clone) -> f64 {
    let collapsed: f64 = prefixes
        .clone()
        .map(|l| libm::log((1.0 - LOOKS_FINE) * libm::exp(l) + LOOKS_FINE))
        .sum();
    let by_themselves: f64 = prefixes
        .map(|l| libm::log(PREFIX_BAD * libm::exp(l) + 1.0 - PREFIX_BAD))
        .sum();
    let by_itself = log_sum(
        libm::log(NETWORK_BAD) + collapsed,
        libm::log(1.0 - NETWORK_BAD) + by_themselves,
    );
    collapsed - by_itself
}

/// Probabilities of the explanations, given the summed votes of both sides.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Posterior {
    /// Nothing is wrong with this address.
    pub healthy: f64,
    /// Its public path.
    pub public: f64,
    /// What both paths share.
    pub host: f64,
    /// Its private path.
    pub private: f64,
}

/// Bayes' rule over the four explanations.
pub(super) fn posterior(public_votes: f64, private_votes: f64) -> Posterior {
    let prior = libm::log(PRIOR);
    let logs = [
        0.0,
        prior + public_votes,
        prior + public_votes + private_votes,
        prior + private_votes,
    ];
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights = logs.map(|log| libm::exp(log - most));
    let sum: f64 = weights.iter().sum();
    let [healthy, public, host, private] = weights.map(|weight| weight / sum);
    Posterior {
        healthy,
        public,
        host,
        private,
    }
}

/// Log of the Beta-binomial likelihood, without the binomial coefficient, which cancels.
fn marginal(law: Beta, r: f64, n: f64) -> f64 {
    log_beta(law.a + r, law.b + n - r) - log_beta(law.a, law.b)
}

fn log_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

fn log_sum(a: f64, b: f64) -> f64 {
    let most = a.max(b);
    most + libm::log(libm::exp(a - most) + libm::exp(b - most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(value: f64, expected: f64) {
        assert!(
            (value - expected).abs() < 0.06,
            "{value} is not about {expected}"
        );
    }

    #[test]
    fn evidence_of_single_prefixes() {
        let llr = |r, n| prefix_llr(r, n, PUBLIC_ORDINARY);
        near(llr(0.0, 10.0), -1.0);
        near(llr(2.0, 10.0), 2.0);
        near(llr(0.0, 40.0), -2.4);
        near(llr(4.0, 40.0), 1.5);
        near(llr(8.0, 40.0), 4.1);
        near(llr(12.0, 90.0), 3.2);
        near(llr(1.0, 2.0), 0.0);
    }

    #[test]
    fn volume_does_not_outvote() {
        let small = prefix_llr(24.0, 90.0, PUBLIC_ORDINARY);
        let huge = prefix_llr(24_000.0, 90_000.0, PUBLIC_ORDINARY);
        near(small, huge);
    }

    #[test]
    fn one_network_is_capped_however_loud() {
        near(network_llr([50.0].into_iter()), 2.44);
        near(network_llr([50.0; 20].into_iter()), 3.51);
        assert!(network_llr([-3.0].into_iter()) < -1.4);
    }

    #[test]
    fn posterior_grows_with_independent_networks_only() {
        let public = |votes: &[f64]| {
            let posterior = posterior(votes.iter().sum(), -3.0);
            posterior.public + posterior.host
        };
        let loud = 2.44;
        assert!(public(&[loud]) < 0.15);
        assert!(public(&[loud; 2]) < 0.65);
        assert!(public(&[loud; 4]) > 0.95);
        assert!(public(&[3.51]) < 0.3, "one provider with many prefixes");
    }

    #[test]
    fn a_bad_private_side_accuses_the_host() {
        let both = posterior(10.0, 10.0);
        assert!(both.host > 0.99, "{both:?}");
        let only_private = posterior(-5.0, 10.0);
        assert!(only_private.private > 0.98, "{only_private:?}");
    }
}
