//! How much a count of bad among all speaks for a bad path.
//!
//! Each prefix has a share of bad segments that is unknown but follows a Beta law: one law for
//! ordinary paths, another for collapsed ones. The evidence is the log of how much more likely
//! the second makes what was counted (a Beta-binomial likelihood ratio). Natural logs.

use std::sync::LazyLock;

use super::gamma::LogGammaStep;
use super::params::{MAX_TRIALS, MIN_TRIALS};

/// A Beta law of the share of bad segments.
#[derive(Debug, Clone, Copy)]
struct Beta {
    a: f64,
    b: f64,
}

const _: () = assert!(MAX_TRIALS <= 63.0, "looked up that far");

/// What makes a collapsed path likelier than an ordinary one.
#[derive(Debug)]
pub(super) struct Evidence {
    /// Of the bad segments,
    bad: LogGammaStep,
    /// of the good ones,
    good: LogGammaStep,
    /// and of all.
    all: LogGammaStep,
    /// Of none.
    none: f64,
}

/// Ordinary public paths, sent and sent again: 1.5 % on average, now and then far more (mobile
/// clients).
pub(super) static PUBLIC_OUT: LazyLock<Evidence> =
    LazyLock::new(|| Evidence::against(Beta { a: 0.6, b: 40.0 }));
/// Ordinary private paths: 0.4 %.
pub(super) static PRIVATE_OUT: LazyLock<Evidence> =
    LazyLock::new(|| Evidence::against(Beta { a: 0.5, b: 120.0 }));
/// Answers that peers report to have had twice: 2 % on average, for radio links that stand
/// still for seconds make needless retransmissions too.
pub(super) static ORDINARY_IN: LazyLock<Evidence> =
    LazyLock::new(|| Evidence::against(Beta { a: 0.6, b: 30.0 }));
/// Collapsed paths, either way: 18 % on average.
const COLLAPSED: Beta = Beta { a: 2.0, b: 9.0 };

/// Log likelihood ratio of `bad` among `trials`, of which `effect` are worth one.
pub(super) fn llr(bad: f64, trials: f64, effect: f64, evidence: &Evidence) -> f64 {
    let (mut r, mut n) = (bad.min(trials) / effect, trials / effect);
    if n > MAX_TRIALS {
        r *= MAX_TRIALS / n;
        n = MAX_TRIALS;
    }
    if n < MIN_TRIALS {
        return 0.0;
    }
    evidence.of(r, n)
}

impl Evidence {
    fn against(ordinary: Beta) -> Self {
        let Beta { a, b } = COLLAPSED;
        let (bad, good, all) = (
            LogGammaStep::new(a, ordinary.a),
            LogGammaStep::new(b, ordinary.b),
            LogGammaStep::new(a + b, ordinary.a + ordinary.b),
        );
        let none = bad.at(0.0) + good.at(0.0) - all.at(0.0);
        Self {
            bad,
            good,
            all,
            none,
        }
    }

    /// Log of the ratio of the Beta-binomial likelihoods of `r` bad among `n`; the binomial
    /// coefficient cancels.
    fn of(&self, r: f64, n: f64) -> f64 {
        self.bad.at(r) + self.good.at(n - r) - self.all.at(n) - self.none
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::random::Random;
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
        let llr = |r, n| llr(r, n, 1.5, &PUBLIC_OUT);
        near(llr(0.0, 10.0), -1.0);
        near(llr(2.0, 10.0), 2.0);
        near(llr(0.0, 40.0), -2.4);
        near(llr(4.0, 40.0), 1.5);
        near(llr(8.0, 40.0), 4.1);
        near(llr(12.0, 90.0), 3.2);
        near(llr(1.0, 2.0), 0.0);
    }

    #[test]
    fn it_is_the_ratio_of_the_likelihoods() {
        // Ln B(a + r, b + n - r) - ln B(a, b).
        let beta = |a: f64, b: f64| libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
        let likelihood = |Beta { a, b }: Beta, r, n| beta(a + r, b + n - r) - beta(a, b);
        let laws = [(&PUBLIC_OUT, 0.6, 40.0), (&PRIVATE_OUT, 0.5, 120.0)];
        for (law, a, b) in laws {
            for (r, n) in [(0.0, 2.0), (0.3, 10.0), (4.0, 17.5), (33.0, 60.0)] {
                let exact = likelihood(COLLAPSED, r, n) - likelihood(Beta { a, b }, r, n);
                assert!(
                    (llr(r, n, 1.0, law) - exact).abs() < 1e-10,
                    "{a} {b} {r} {n}"
                );
            }
        }
    }

    #[test]
    fn volume_does_not_outvote() {
        let small = llr(24.0, 90.0, 1.5, &PUBLIC_OUT);
        let huge = llr(24_000.0, 90_000.0, 1.5, &PUBLIC_OUT);
        near(small, huge);
    }

    #[test]
    fn more_losses_among_as_many_never_speak_less_for_a_bad_path() {
        for law in [&PUBLIC_OUT, &PRIVATE_OUT, &ORDINARY_IN] {
            for n in [3.0, 10.0, 40.0, 100.0, 1e6] {
                let mut before = f64::NEG_INFINITY;
                for step in 0..=100 {
                    // Up to 30 %: beyond, both laws find it equally strange.
                    let value = llr(n * f64::from(step) * 0.003, n, 1.5, law);
                    assert!(value.is_finite());
                    assert!(value >= before - 1e-9, "{n} {step}: {value} < {before}");
                    before = value;
                }
            }
        }
    }

    #[test]
    fn silence_about_loss_speaks_against_it_the_more_the_longer() {
        let mut before = 0.0;
        for n in 3..90 {
            let value = llr(0.0, f64::from(n), 1.5, &PUBLIC_OUT);
            assert!(value < before, "{n}: {value}");
            before = value;
        }
        assert!(llr(0.0, 0.0, 1.0, &PUBLIC_OUT).abs() < 1e-12);
    }

    #[test]
    fn whatever_is_counted_it_is_bounded() {
        let mut random = Random::new(1);
        let most = f64::from(u32::MAX) * 1e6;
        for _ in 0..20_000 {
            let mut count = || random.count() as f64;
            let (bad, trials) = (count(), count());
            for law in [&PUBLIC_OUT, &PRIVATE_OUT, &ORDINARY_IN] {
                for effect in [1.0, 1.5] {
                    for (bad, trials) in [(bad, trials), (bad.min(trials), trials), (bad, most)] {
                        let value = llr(bad, trials, effect, law);
                        // What MAX_TRIALS of one kind say.
                        assert!((-5.0..100.0).contains(&value), "{bad} of {trials}: {value}");
                    }
                }
            }
        }
    }

    #[test]
    fn more_trials_with_as_many_losses_never_speak_more_for_a_bad_path() {
        for law in [&PUBLIC_OUT, &PRIVATE_OUT, &ORDINARY_IN] {
            for bad in [0.0, 1.0, 3.0, 8.0, 20.0] {
                let mut before = f64::INFINITY;
                // From 30 % losses down to next to none.
                let least = f64::max(bad / 0.3, 4.0);
                for step in 0..400 {
                    let trials = least * libm::exp(f64::from(step) * 0.03);
                    let value = llr(bad, trials, 1.5, law);
                    assert!(value <= before + 1e-9, "{bad} of {trials}: {value}");
                    before = value;
                }
            }
        }
    }
}
