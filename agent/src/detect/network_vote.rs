//! What one network says: capped, for a network can be bad by itself, however many of its
//! prefixes say so.

use super::params::{LOOKS_FINE, NETWORK_BAD, PART};

/// The prefixes of one network, added up as they come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct NetworkVote {
    collapsed: f64,
    by_themselves: f64,
}

impl NetworkVote {
    /// Adds a prefix that says `llr`; `own` is the probability that a prefix is bad by itself.
    pub(super) fn add(&mut self, llr: f64, own: f64) {
        let odds = libm::exp(llr.min(50.0));
        self.collapsed += libm::log((1.0 - LOOKS_FINE) * odds + LOOKS_FINE);
        self.by_themselves += libm::log(own * odds + 1.0 - own);
    }

    /// Log likelihood ratio of "all networks are bad" against "a large part of them is".
    pub(super) fn all_against_part(&self) -> f64 {
        let odds = libm::exp(self.llr());
        let all = (1.0 - LOOKS_FINE) * odds + LOOKS_FINE;
        let part = PART * odds + 1.0 - PART;
        libm::log(all / part)
    }

    /// Log likelihood ratio of "the path has collapsed" against "the network, or its prefixes by
    /// themselves".
    pub(super) fn llr(&self) -> f64 {
        let by_itself = log_sum(
            libm::log(NETWORK_BAD) + self.collapsed,
            libm::log(1.0 - NETWORK_BAD) + self.by_themselves,
        );
        self.collapsed - by_itself
    }
}

fn log_sum(a: f64, b: f64) -> f64 {
    let most = a.max(b);
    most + libm::log(libm::exp(a - most) + libm::exp(b - most))
}

#[cfg(test)]
mod tests {
    use super::super::params::OWN;
    use super::*;

    fn llr(prefixes: &[f64]) -> f64 {
        let mut vote = NetworkVote::default();
        for prefix in prefixes {
            vote.add(*prefix, OWN);
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
        let mut noisy = NetworkVote::default();
        noisy.add(4.0, 0.3);
        assert!(noisy.llr() < llr(&[4.0]));
    }
}
