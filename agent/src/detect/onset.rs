//! When the public side turned bad.
//!
//! The verdict comes when the evidence suffices, which is some seconds after the fact. Looking
//! back, the most likely moment of the change is the one from which the log likelihood ratio of
//! "bad" against "ordinary" grew most: the minimum of its running sum (the change point of
//! Page's CUSUM, Biometrika 1954).

use std::collections::BTreeMap;

use super::params::{LOOK_BACK_S, NOW_CAP};
use super::prefix::Prefix;
use super::trial::Trial;

/// Share of retransmitted segments of an ordinary and of a bad public path.
pub(super) const ORDINARY: f64 = 0.015;
const BAD: f64 = 0.18;

/// When prefixes turned bad by a kind of trial, seconds, if anything says so, and how
/// clearly.
pub(super) fn of<'a>(
    prefixes: impl Iterator<Item = &'a Prefix>,
    now: u64,
    trial: Trial,
) -> Option<(u64, f64)> {
    estimate(pooled(prefixes, now.saturating_sub(LOOK_BACK_S), trial).into_iter())
}

/// Bad and good trials of each second from `since` on. One prefix counts no more than others in a
/// second, however much it sends.
pub(super) fn pooled<'a>(
    prefixes: impl Iterator<Item = &'a Prefix>,
    since: u64,
    trial: Trial,
) -> BTreeMap<u64, (f64, f64)> {
    let mut seconds: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for prefix in prefixes {
        for second in prefix.since(since) {
            let (bad, all) = match trial {
                Trial::Sent => (
                    second.retransmitted,
                    second.retransmitted.saturating_add(second.delivered),
                ),
                Trial::Answered => (
                    second.duplicates.min(second.probes),
                    second.received.min(second.delivered),
                ),
            };
            let (bad, all) = (f64::from(bad), f64::from(bad.max(all)));
            let scale = (NOW_CAP / all.max(1.0)).min(1.0);
            let sum = seconds.entry(second.at).or_default();
            sum.0 += bad * scale;
            sum.1 += (all - bad) * scale;
        }
    }
    seconds
}

/// The most likely beginning, of seconds in order of time with segments retransmitted and
/// delivered; `None` if nothing speaks for a change.
/// With it, how much likelier that makes all that came since, nats.
fn estimate(seconds: impl Iterator<Item = (u64, (f64, f64))>) -> Option<(u64, f64)> {
    let per_retransmitted = libm::log(BAD / ORDINARY);
    let per_delivered = libm::log((1.0 - BAD) / (1.0 - ORDINARY));
    let (mut sum, mut least) = (0.0, 0.0);
    let (mut onset, mut pending) = (None, true);
    for (second, (retransmitted, delivered)) in seconds {
        if pending {
            onset = Some(second);
            pending = false;
        }
        sum += retransmitted * per_retransmitted + delivered * per_delivered;
        if sum <= least {
            least = sum;
            // What changed, changed after this second.
            pending = true;
        }
    }
    onset.filter(|_| !pending).map(|onset| (onset, sum - least))
}

#[cfg(test)]
mod tests {
    use super::super::tests::random::Random;
    use super::*;

    fn estimate_of(counts: &[(u64, f64, f64)]) -> Option<u64> {
        let seconds = counts.iter().map(|(at, bad, good)| (*at, (*bad, *good)));
        estimate(seconds).map(|(at, _)| at)
    }

    #[test]
    fn it_is_the_first_bad_second_after_the_last_good_one() {
        let counts = [
            (10, 0.0, 50.0),
            (11, 0.0, 40.0),
            (12, 9.0, 30.0),
            (13, 8.0, 20.0),
        ];
        assert_eq!(estimate_of(&counts), Some(12));
    }

    #[test]
    fn a_blip_long_ago_is_not_the_onset() {
        let counts = [
            (1, 5.0, 20.0),
            (2, 0.0, 200.0),
            (3, 0.0, 200.0),
            (20, 8.0, 30.0),
            (21, 0.0, 10.0),
            (22, 9.0, 30.0),
        ];
        assert_eq!(estimate_of(&counts), Some(20));
    }

    #[test]
    fn bad_from_the_first_moment_on_and_never_bad() {
        assert_eq!(estimate_of(&[(5, 6.0, 20.0), (6, 7.0, 20.0)]), Some(5));
        assert_eq!(estimate_of(&[(5, 0.0, 20.0), (6, 0.0, 20.0)]), None);
        assert_eq!(estimate_of(&[]), None);
    }

    fn any(random: &mut Random) -> Vec<(u64, f64, f64)> {
        let mut at = random.below(100);
        (0..random.below(120))
            .map(|_| {
                at += 1 + random.below(5);
                let mut count = || random.count_u32().into();
                (at, count(), count())
            })
            .collect()
    }

    #[test]
    fn it_is_one_of_the_seconds_and_something_speaks_for_it() {
        let mut random = Random::new(15);
        for _ in 0..5_000 {
            let counts = any(&mut random);
            let seconds = counts.iter().map(|(at, bad, good)| (*at, (*bad, *good)));
            if let Some((onset, change)) = estimate(seconds) {
                assert!(counts.iter().any(|(at, ..)| *at == onset), "{onset}");
                assert!(change.is_finite() && change > 0.0, "{change}");
            }
        }
    }

    #[test]
    fn a_step_is_found_to_the_second_and_the_clearer_the_longer_it_lasts() {
        let mut random = Random::new(16);
        for _ in 0..1_000 {
            let (well, scale) = (random.below(170), random.between(5.0, 500.0));
            let share = random.between(0.12, 0.5);
            let mut before = 0.0;
            for bad in 1..10 {
                let seconds = (0..well + bad).map(|at| {
                    let lost = if at < well { 0.0 } else { scale * share };
                    (at, (lost, scale - lost))
                });
                let (onset, change) = estimate(seconds).unwrap();
                assert_eq!(onset, well);
                assert!(change > before, "{change}");
                before = change;
            }
        }
    }
}
