//! How often a network is heard of, and how much has been missed of it.

use std::sync::LazyLock;

use super::params::{ARRIVALS_TIME_S, MISSED_CAP};

/// Seconds in which something of a network was delivered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Arrivals {
    /// Per second, averaged over [`ARRIVALS_TIME_S`].
    rate: f64,
    last: u64,
}

impl Arrivals {
    /// Heard of for the first time.
    pub(super) const fn first(at: u64) -> Self {
        Self {
            rate: 0.0,
            last: at,
        }
    }

    /// Heard of.
    pub(super) fn note(&mut self, at: u64) {
        if at > self.last {
            self.rate = self.rate * fade(at - self.last) + 1.0 / ARRIVALS_TIME_S;
            self.last = at;
        }
    }

    /// When it was heard of last.
    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    /// Arrivals expected since the last one: with arrivals by chance (Poisson), minus the log of
    /// the probability that none came. Capped, for a network can fall silent by itself.
    pub(super) fn missed(&self, now: u64) -> f64 {
        (self.rate * now.saturating_sub(self.last) as f64).min(MISSED_CAP)
    }
}

/// What is left of a rate after so many seconds.
fn fade(seconds: u64) -> f64 {
    /// Looked up: mostly it is one second, or a few.
    static FADED: LazyLock<[f64; 64]> =
        LazyLock::new(|| std::array::from_fn(|seconds| computed(seconds as f64)));
    fn computed(seconds: f64) -> f64 {
        libm::exp(-seconds / ARRIVALS_TIME_S)
    }
    let known = usize::try_from(seconds).ok().and_then(|at| FADED.get(at));
    known.copied().unwrap_or_else(|| computed(seconds as f64))
}

#[cfg(test)]
mod tests {
    use super::super::tests::random::Random;
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_arrivals_and_what_is_missed_grows_to_the_cap() {
        let mut arrivals = Arrivals::first(0);
        for n in 1..500 {
            arrivals.note(n * 4);
        }
        let now = arrivals.last();
        assert!((arrivals.missed(now + 8) - 2.0).abs() < 0.1, "{arrivals:?}");
        assert!(arrivals.missed(now).abs() < 1e-12);
        let mut before = 0.0;
        for later in 0..1_000 {
            let missed = arrivals.missed(now + later);
            assert!(missed >= before && missed <= MISSED_CAP);
            before = missed;
        }
        assert!((before - MISSED_CAP).abs() < 1e-12);
    }

    #[test]
    fn who_was_hardly_ever_heard_of_is_not_missed() {
        let mut arrivals = Arrivals::first(0);
        arrivals.note(1);
        assert!(arrivals.missed(600) < 2.1, "{arrivals:?}");
        assert!(arrivals.missed(60) < 0.3);
    }

    #[test]
    fn whenever_it_is_heard_of_what_is_missed_is_bounded() {
        let mut random = Random::new(8);
        for _ in 0..2_000 {
            let mut arrivals = Arrivals::first(random.count());
            for _ in 0..random.below(100) {
                // Back in time, too.
                arrivals.note(random.count());
                let missed = arrivals.missed(random.count());
                assert!(
                    (0.0..=MISSED_CAP).contains(&missed),
                    "{arrivals:?}: {missed}"
                );
                assert!((0.0..=1.0).contains(&arrivals.rate), "{arrivals:?}");
            }
        }
    }

    #[test]
    fn who_was_heard_of_more_often_is_missed_more() {
        let missed = |every: u64| {
            let mut arrivals = Arrivals::first(0);
            for at in (0..=1_200).step_by(usize::try_from(every).unwrap()) {
                arrivals.note(at);
            }
            arrivals.missed(arrivals.last() + 3)
        };
        let mut before = f64::INFINITY;
        for every in 1..60 {
            let value = missed(every);
            assert!(value <= before + 1e-9, "every {every} s: {value}");
            before = value;
        }
    }
}
