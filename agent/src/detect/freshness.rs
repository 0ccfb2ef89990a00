//! Whether the public side loses right now. Evidence takes minutes to fade; advice on what has
//! passed by itself would be wrong.

use super::params::{NOW_SEGMENTS, ONGOING, ONGOING_IN};
use super::sums::Sums;
use super::trial::{Trial, answers, needed, resolved};
use super::windows::Windows;

/// The public side's last seconds.
#[derive(Debug, Default)]
pub(super) struct Freshness {
    now: Sums,
    sparse: Sums,
    stalled: u32,
    retransmitted: f64,
    delivered: f64,
}

impl Freshness {
    /// Adds a prefix.
    pub(super) fn add(&mut self, windows: &Windows, stalled: bool) {
        self.now.add(&windows.now);
        self.sparse.add(&windows.now_sparse);
        self.stalled += u32::from(stalled);
        self.retransmitted += windows.retransmitted_now;
        self.delivered += windows.delivered_now;
    }

    /// Segments retransmitted lately.
    pub(super) const fn retransmitted(&self) -> f64 {
        self.retransmitted
    }

    /// Segments delivered lately.
    pub(super) const fn delivered(&self) -> f64 {
        self.delivered
    }

    /// More than one prefix is sent to in vain.
    pub(super) const fn is_stalled(&self) -> bool {
        self.stalled >= 2
    }

    /// It loses, by this kind of trial: by the last seconds where there is much to see, by the last
    /// minute where there is little.
    pub(super) fn is_ongoing(&self, trial: Trial) -> bool {
        if self.is_stalled() {
            return true;
        }
        let of = |sums: &Sums| match trial {
            Trial::Sent => (needed(sums), resolved(sums), ONGOING),
            Trial::Answered => (sums.unheard(), answers(sums), ONGOING_IN),
        };
        let (bad, trials, least) = of(&self.now);
        if trials >= NOW_SEGMENTS {
            return bad >= least * trials;
        }
        let (bad, trials, least) = of(&self.sparse);
        bad > 0.0 && bad >= least / 2.0 * trials
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::random::Random;
    use super::*;

    fn of(now: (f64, f64), sparse: (f64, f64), stalled: u32) -> bool {
        let sums = |(retransmitted, delivered)| Sums {
            retransmitted,
            delivered,
            ..Sums::default()
        };
        let freshness = Freshness {
            now: sums(now),
            sparse: sums(sparse),
            stalled,
            retransmitted: 0.0,
            delivered: 0.0,
        };
        freshness.is_ongoing(Trial::Sent)
    }

    #[test]
    fn busy_hosts_by_the_last_seconds_and_sparse_ones_by_the_last_minute() {
        assert!(of((10.0, 90.0), (10.0, 290.0), 0));
        assert!(!of((1.0, 90.0), (60.0, 290.0), 0), "it has passed");
        assert!(of((0.0, 10.0), (2.0, 20.0), 0));
        assert!(!of((0.0, 10.0), (0.0, 20.0), 0));
        assert!(!of((0.0, 0.0), (0.0, 0.0), 0), "nothing is not loss");
        assert!(
            of((0.0, 0.0), (0.0, 0.0), 2),
            "but being sent to in vain is"
        );
    }

    /// The last seconds, and the last minute, that add up to this.
    fn fresh(random: &mut Random) -> (Windows, bool) {
        let mut sums = || {
            let mut count = || random.count_u32().into();
            Sums {
                retransmitted: count(),
                delivered: count(),
                duplicates: count(),
                probes: count(),
                received: count(),
            }
        };
        let windows = Windows {
            now: sums(),
            now_sparse: sums(),
            retransmitted_now: 3.0,
            ..Windows::default()
        };
        (windows, random.chance(0.1))
    }

    #[test]
    fn prefixes_in_any_order_say_the_same() {
        let mut random = Random::new(13);
        for _ in 0..2_000 {
            let mut prefixes: Vec<_> = (0..6).map(|_| fresh(&mut random)).collect();
            let told = |prefixes: &[(Windows, bool)]| {
                let mut freshness = Freshness::default();
                for (windows, stalled) in prefixes {
                    freshness.add(windows, *stalled);
                }
                assert!((freshness.retransmitted() - 18.0).abs() < 1e-9);
                (
                    Trial::ALL.map(|trial| freshness.is_ongoing(trial)),
                    freshness.is_stalled(),
                )
            };
            let before = told(&prefixes);
            random.shuffle(&mut prefixes);
            assert_eq!(told(&prefixes), before, "{prefixes:?}");
        }
    }

    #[test]
    fn more_losses_among_as_many_never_end_it() {
        let mut random = Random::new(14);
        for _ in 0..5_000 {
            let (now, sparse) = (random.below(120) as f64, random.below(300) as f64);
            let mut was = false;
            for share in 0..=20 {
                let part = |of: f64| {
                    (
                        of * f64::from(share) * 0.01,
                        of * (1.0 - f64::from(share) * 0.01),
                    )
                };
                let is = of(part(now), part(now + sparse), 0);
                assert!(is || !was, "{share} % of {now}, {sparse}");
                was = is;
            }
        }
    }
}
