//! Counts over several horizons, in one pass over the seconds of a prefix.

use std::sync::LazyLock;

use super::params::{
    FAST, FRESH_S, HALF_LIFE_S, Horizon, MEMORY_S, NOW_CAP, NOW_S, NOW_SPARSE_S, RECENT, SLOW,
};
use super::seconds::Seconds;
use super::sums::Sums;

/// What a prefix counted, over each horizon.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Windows {
    pub(super) fast: Sums,
    pub(super) slow: Sums,
    pub(super) recent: Sums,
    /// Over the last [`NOW_S`], not faded, one prefix counting no more than others.
    pub(super) now: Sums,
    /// Likewise, over the last [`NOW_SPARSE_S`].
    pub(super) now_sparse: Sums,
    /// Segments retransmitted in the last [`NOW_S`].
    pub(super) retransmitted_now: f64,
    /// Segments delivered in the last [`NOW_S`].
    pub(super) delivered_now: f64,
}

impl Windows {
    /// Sums the seconds up to `now`. With `since`, those before it do not count, and those after
    /// it do not fade: they are all of the same spell.
    pub(super) fn of(seconds: &Seconds, now: u64, since: Option<u64>) -> Self {
        let mut sight = [Sight::new(&FAST), Sight::new(&SLOW), Sight::new(&RECENT)];
        let (mut current, mut sparse) = (Sums::default(), Sums::default());
        for second in seconds.newest_first() {
            let age = now.saturating_sub(second.at);
            if since.is_some_and(|since| second.at < since) || age > MEMORY_S {
                break;
            }
            let counted = Sums::from(second);
            if age <= NOW_SPARSE_S {
                sparse.add(&counted);
                if age <= NOW_S {
                    current.add(&counted);
                }
            }
            let faded = match since {
                Some(_) => counted,
                None => counted.times(weight(age)),
            };
            let mut open = age <= NOW_SPARSE_S;
            let inbound = second.at >= seconds.inbound_from();
            for sight in &mut sight {
                sight.count(&faded, age, inbound);
                open |= sight.is_open();
            }
            if !open {
                break;
            }
        }
        let [fast, slow, recent] = sight.map(|sight| sight.sums);
        Self {
            fast,
            slow,
            recent,
            now: current.at_most(NOW_CAP),
            now_sparse: sparse.at_most(NOW_CAP),
            retransmitted_now: current.retransmitted,
            delivered_now: current.delivered,
        }
    }
}

impl Windows {
    /// Without what was had twice, whatever the reason.
    pub(super) fn without_duplicates(self) -> Self {
        Self {
            fast: self.fast.without_duplicates(),
            slow: self.slow.without_duplicates(),
            recent: self.recent.without_duplicates(),
            now: self.now.without_duplicates(),
            now_sparse: self.now_sparse.without_duplicates(),
            ..self
        }
    }
}

/// A horizon on the way back: both directions have a reach of their own.
struct Sight<'a> {
    horizon: &'a Horizon,
    sums: Sums,
    out_open: bool,
    in_open: bool,
}

impl<'a> Sight<'a> {
    fn new(horizon: &'a Horizon) -> Self {
        Self {
            horizon,
            sums: Sums::default(),
            out_open: true,
            in_open: true,
        }
    }

    fn is_open(&self) -> bool {
        self.out_open || self.in_open
    }

    /// Counts a second; without `inbound`, neither it nor those before it tell of the way in.
    fn count(&mut self, second: &Sums, age: u64, inbound: bool) {
        let Horizon {
            segments,
            turns,
            max_s,
            min_s,
        } = *self.horizon;
        let late = age > min_s;
        self.out_open &= age <= max_s && !(late && self.sums.trials() >= segments);
        self.in_open &= inbound && age <= max_s && !(late && self.sums.received >= turns);
        if self.out_open {
            self.sums.retransmitted += second.retransmitted;
            self.sums.delivered += second.delivered;
        }
        if self.in_open {
            self.sums.duplicates += second.duplicates;
            self.sums.probes += second.probes;
            self.sums.received += second.received;
        }
    }
}

/// What a second of this age is worth.
fn weight(age: u64) -> f64 {
    /// For every age: looked up, for this is most of what a tick does.
    static WEIGHTS: LazyLock<Vec<f64>> = LazyLock::new(|| {
        (0..=MEMORY_S)
            .map(|age| libm::exp2(-(age as f64 - FRESH_S).max(0.0) / HALF_LIFE_S))
            .collect()
    });
    usize::try_from(age)
        .ok()
        .and_then(|age| WEIGHTS.get(age))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::seconds::Second;
    use super::super::tests::random::Random;
    use super::*;

    fn seconds(of: impl Iterator<Item = (u64, u32, u32)>) -> Seconds {
        let mut seconds = Seconds::default();
        for (at, retransmitted, delivered) in of {
            seconds.add(Second {
                at,
                retransmitted,
                delivered,
                ..Second::default()
            });
        }
        seconds
    }

    #[test]
    fn busy_prefixes_are_judged_by_the_last_seconds() {
        // Bad for the last ten seconds of a minute.
        let windows = Windows::of(
            &seconds((0..60).map(|at| (at, if at >= 50 { 5 } else { 0 }, 20))),
            60,
            None,
        );
        assert!((windows.fast.retransmitted - 50.0).abs() < 1e-9);
        assert!(windows.fast.trials() < 500.0, "{windows:?}");
        assert!(windows.slow.trials() > 1_000.0, "{windows:?}");
        assert!((windows.now.trials() - NOW_CAP).abs() < 1e-9);
        assert!((windows.retransmitted_now - 50.0).abs() < 1e-9);
    }

    #[test]
    fn sparse_prefixes_are_judged_by_minutes_and_old_news_fades() {
        let sparse = seconds((0..20).map(|n| (n * 15, 0, 1)));
        let windows = Windows::of(&sparse, 300, None);
        assert!(windows.fast.delivered > 8.0 && windows.fast.delivered < 20.0);
        let later = Windows::of(&sparse, 400, None);
        assert!(later.fast.delivered < windows.fast.delivered);
        assert_eq!(Windows::of(&sparse, 1_200, None).slow, Sums::default());
        let cut = Windows::of(&sparse, 300, Some(280));
        assert!((cut.slow.delivered - 1.0).abs() < 1e-9, "{cut:?}");
    }

    /// Seconds with any counts, in order of time.
    fn any(random: &mut Random, least: u64) -> Vec<Second> {
        let mut at = least;
        (0..random.below(150))
            .map(|_| {
                at += 1 + random.below(8);
                Second {
                    at,
                    retransmitted: random.count_u32(),
                    delivered: random.count_u32(),
                    duplicates: random.count_u32(),
                    probes: random.count_u32(),
                    received: random.count_u32(),
                }
            })
            .collect()
    }

    fn collect(of: &[Second]) -> Seconds {
        let mut seconds = Seconds::default();
        for second in of {
            seconds.add(*second);
        }
        seconds
    }

    fn all(windows: &Windows) -> [Sums; 5] {
        let Windows {
            fast,
            slow,
            recent,
            now,
            now_sparse,
            ..
        } = *windows;
        [fast, slow, recent, now, now_sparse]
    }

    fn is_sound(sums: &Sums) -> bool {
        let Sums {
            retransmitted,
            delivered,
            duplicates,
            probes,
            received,
        } = *sums;
        [retransmitted, delivered, duplicates, probes, received]
            .iter()
            .all(|count| (0.0..1e12).contains(count))
    }

    #[test]
    fn whatever_is_counted_all_sums_are_sound() {
        let mut random = Random::new(9);
        for _ in 0..2_000 {
            let seconds = any(&mut random, 1_000);
            let seen = collect(&seconds);
            let now = random.below(3_000);
            let since = random.chance(0.5).then(|| random.below(3_000));
            let windows = Windows::of(&seen, now, since);
            for sums in all(&windows)
                .iter()
                .chain(&all(&windows.without_duplicates()))
            {
                assert!(is_sound(sums), "{windows:?}");
                assert!(
                    (0.0..=sums.retransmitted).contains(&sums.overtaken()),
                    "{windows:?}"
                );
                assert!(sums.unheard() <= sums.duplicates, "{windows:?}");
            }
            for sums in [windows.now, windows.now_sparse] {
                assert!(sums.trials() <= NOW_CAP + 1e-6 && sums.received <= NOW_CAP + 1e-6);
            }
            assert!((0.0..1e12).contains(&windows.retransmitted_now));
        }
    }

    #[test]
    fn seconds_in_any_order_give_the_same_sums() {
        let mut random = Random::new(10);
        for _ in 0..500 {
            let mut seconds = any(&mut random, 0);
            let before = Windows::of(&collect(&seconds), 700, None);
            random.shuffle(&mut seconds);
            let after = Windows::of(&collect(&seconds), 700, None);
            assert_eq!(all(&before), all(&after));
        }
    }

    #[test]
    fn without_news_evidence_only_fades() {
        let mut random = Random::new(11);
        for _ in 0..300 {
            let seconds = collect(&any(&mut random, 0));
            let mut before = Windows::of(&seconds, 1_300, None);
            for now in (1_300..2_000).step_by(7) {
                let windows = Windows::of(&seconds, now, None);
                for (is, was) in all(&windows).iter().zip(all(&before)) {
                    assert!(is.trials() <= was.trials() && is.received <= was.received);
                }
                before = windows;
            }
            let gone = Windows::of(&seconds, 5_000, None);
            assert_eq!(all(&gone), [Sums::default(); 5]);
        }
    }

    #[test]
    fn a_longer_reach_sees_no_less() {
        let mut random = Random::new(12);
        for _ in 0..500 {
            let seconds = collect(&any(&mut random, 0));
            let windows = Windows::of(&seconds, random.below(1_500), None);
            let Windows {
                fast, slow, recent, ..
            } = windows;
            assert!(slow.trials() >= fast.trials() && slow.received >= fast.received);
            assert!(slow.trials() >= recent.trials() && slow.received >= recent.received);
        }
    }
}
