//! How often a network is heard of, and how much has been missed of it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::params::{ARRIVALS_TIME_S, MISSED, MISSED_BEFORE, MISSED_CAP, TOGETHER_S};
use crate::path::Network;

/// How often each network is heard of; the private ones (`true`) apart.
pub(super) type Heard = BTreeMap<(bool, Network), Arrivals>;

/// Nobody is missed before so many seconds.
const SILENT_LEAST_S: u64 = 5;

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

/// Who has fallen silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Silence {
    /// Nobody who is missed.
    #[default]
    None,
    /// The public side, while the private one goes on.
    Public,
    /// Both sides.
    Both,
}

/// Who has fallen silent. One network can fall silent by itself, many at once do not.
pub(super) fn silence(arrivals: &Heard, public_last: u64, now: u64) -> Silence {
    if now < public_last.saturating_add(SILENT_LEAST_S) {
        return Silence::None;
    }
    let side = |private: bool| {
        let of = || {
            let of = arrivals.iter();
            of.filter(move |((p, _), _)| *p == private)
                .map(|(_, arrivals)| arrivals)
        };
        let last = of().map(Arrivals::last).max().unwrap_or_default();
        let with_it = of().filter(|arrivals| {
            let together = arrivals.last().saturating_add(TOGETHER_S) >= last;
            together || arrivals.missed(last) <= MISSED_BEFORE
        });
        let (missed, count) = with_it.fold((0.0, 0_u32), |(missed, count), arrivals| {
            (missed + arrivals.missed(now), count + 1)
        });
        (last, missed, count)
    };
    let (last, missed, _) = side(false);
    if missed < MISSED || now < last.saturating_add(SILENT_LEAST_S) {
        return Silence::None;
    }
    let (private_last, private_missed, private_count) = side(true);
    let both = f64::from(private_count.min(2)) * MISSED_CAP;
    if private_count > 0 && private_missed >= both - 1e-9 {
        Silence::Both
    } else if private_last > last {
        Silence::Public
    } else {
        Silence::None
    }
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
