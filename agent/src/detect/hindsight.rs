//! What only a look back tells, before advice: whether the trouble is still there, and whether it
//! came to all networks at once.

use std::collections::BTreeMap;

use super::network_vote::NetworkVote;
use super::onset::{self, ORDINARY};
use super::params::{
    BAD, DESIGN_EFFECT, LOOK_BACK_S, MEMORY_S, NETWORKS, NOW_SEGMENTS, NOW_SPARSE_S, PASSED,
    PASSED_LEAST_S, PASSED_S, TOGETHER_MARGIN_S, TOGETHER_SEEN_S,
};
use super::prefix::Prefix;
use super::sums::Sums;
use super::trial::Trial;
use crate::path::{Network, PathClass, Prefix as PrefixName};

/// All prefixes of an address.
pub(super) type Prefixes = BTreeMap<(PathClass, PrefixName), Prefix>;

/// Those on the public side.
pub(super) fn public(prefixes: &Prefixes) -> impl Iterator<Item = &Prefix> {
    let of = prefixes.iter();
    of.filter(|((class, _), _)| *class != PathClass::Private)
        .map(|(_, prefix)| prefix)
}

/// The public side of one address, looked back at from second `now`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hindsight<'a> {
    pub(super) prefixes: &'a Prefixes,
    pub(super) now: u64,
    pub(super) trial: Trial,
    /// See [`super::params::OWN`].
    pub(super) own: f64,
}

impl Hindsight<'_> {
    /// When it turned bad, seconds.
    pub(super) fn onset(&self) -> Option<u64> {
        onset::of(public(self.prefixes), self.now, self.trial).map(|(second, _)| second)
    }

    /// What was bad since second `since` is so no more: see [`has_passed`].
    pub(super) fn has_passed(&self, since: u64) -> bool {
        let since = since.max(self.now.saturating_sub(LOOK_BACK_S));
        let seconds = onset::pooled(public(self.prefixes), since, self.trial);
        has_passed(&seconds, self.now)
    }

    /// At least [`NETWORKS`] networks turned bad with the onset: soon after it they were bad, and
    /// before it they were not, as far as anything was heard of them. Of a busy one, what was
    /// before is known for some minutes only: later, it says nothing.
    pub(super) fn came_together(&self, onset: u64) -> bool {
        let mut networks: BTreeMap<Network, [NetworkVote; 2]> = BTreeMap::new();
        let before = onset.saturating_sub(TOGETHER_MARGIN_S + TOGETHER_SEEN_S);
        for prefix in public(self.prefixes).filter(|prefix| prefix.remembers(before)) {
            let [before, after] = networks.entry(prefix.network).or_default();
            let sums = around(prefix, self.now, onset);
            let stalled = prefix.is_stalled(self.now);
            for (vote, sums, stalled) in [(before, &sums[0], false), (after, &sums[1], stalled)] {
                if stalled || !self.trial.is_empty(sums) {
                    let llr = self.trial.llr(sums, false, stalled);
                    vote.add(NetworkVote::of_prefix(llr, self.own));
                }
            }
        }
        let turned = |[before, after]: &&[NetworkVote; 2]| before.llr() <= 0.0 && after.llr() > BAD;
        networks.values().filter(turned).count() >= NETWORKS as usize
    }
}

/// What a prefix counted before an onset, and soon after it.
fn around(prefix: &Prefix, now: u64, onset: u64) -> [Sums; 2] {
    let [mut before, mut after] = [Sums::default(); 2];
    for second in prefix.since(now.saturating_sub(MEMORY_S)) {
        if second.at.saturating_add(TOGETHER_MARGIN_S) < onset {
            before.add(&second.into());
        } else if second.at >= onset && second.at - onset <= LOOK_BACK_S {
            after.add(&second.into());
        }
    }
    [before, after]
}

/// The last seconds look ordinary rather than like what was before them: from some second on,
/// [`PASSED_LEAST_S`] ago or more, it is likelier by [`PASSED`] nats that the trouble is over than
/// that it goes on as it was since its onset (Page's test again, with the change the other way).
/// Looks back [`PASSED_S`], and on sparse hosts so far that there is something to see.
fn has_passed(seconds: &BTreeMap<u64, (f64, f64)>, now: u64) -> bool {
    let (bad, good) = seconds.values().fold((0.0, 0.0), |sum, second| {
        (sum.0 + second.0, sum.1 + second.1)
    });
    let share = (bad / (bad + good).max(1.0)).clamp(2.0 * ORDINARY, 0.5);
    let per_bad = libm::log(ORDINARY / share) / DESIGN_EFFECT;
    let per_good = libm::log((1.0 - ORDINARY) / (1.0 - share)) / DESIGN_EFFECT;
    let (mut over, mut seen) = (0.0, 0.0);
    for (at, (bad, good)) in seconds.iter().rev() {
        let age = now.saturating_sub(*at);
        if age >= PASSED_LEAST_S && over >= PASSED {
            return true;
        }
        if age > NOW_SPARSE_S || (age > PASSED_S && seen >= NOW_SEGMENTS) {
            return false;
        }
        seen += bad + good;
        over += bad * per_bad + good * per_good;
    }
    over >= PASSED
}

#[cfg(test)]
mod tests {
    use super::super::params::{OWN, SECOND};
    use super::super::tests::random::Random;
    use super::*;
    use crate::flow::{FlowSample, quiet};

    /// Of so many networks: each second's loss of each, of twenty segments.
    fn prefixes(
        random: &mut Random,
        (networks, seconds): (u64, u64),
        loss: impl Fn(u64, u64) -> f64,
    ) -> Prefixes {
        let mut prefixes = Prefixes::new();
        for network in 0..networks {
            let flow = quiet(&format!("{}.7.7.7", 50 + network));
            let name = (flow.class, PrefixName::of(flow.key.peer, flow.class));
            let prefix = prefixes
                .entry(name)
                .or_insert_with(|| Prefix::new(flow.network));
            for at in 0..seconds {
                let chance = loss(network, at);
                let again = (0..20).filter(|_| random.chance(chance)).count() as u64;
                prefix.observe(&FlowSample {
                    time_ns: at * SECOND,
                    delivered: 20 - again,
                    retransmitted: again,
                    ..flow
                });
            }
        }
        prefixes
    }

    fn look(prefixes: &Prefixes, now: u64) -> Hindsight<'_> {
        Hindsight {
            prefixes,
            now,
            trial: Trial::Sent,
            own: OWN,
        }
    }

    #[test]
    fn what_ended_some_seconds_ago_has_passed_and_what_goes_on_has_not() {
        let mut random = Random::new(31);
        let (mut missed, mut early) = (0, 0);
        for _ in 0..200 {
            let share = random.between(0.1, 0.5);
            let (from, until) = (60, 60 + 20 + random.below(60));
            let after = 8 + random.below(60);
            let bad = |_, at| {
                if (from..until).contains(&at) {
                    share
                } else {
                    0.01
                }
            };
            let prefixes = prefixes(&mut random, (6, until + after), bad);
            missed += u32::from(!look(&prefixes, until + after).has_passed(from));
            let mut during = onset::pooled(public(&prefixes), from, Trial::Sent);
            during.retain(|at, _| *at < until);
            early += u32::from(has_passed(&during, until));
        }
        assert!(
            missed < 5 && early < 10,
            "{missed} missed, {early} too early"
        );
    }

    #[test]
    fn chance_seldom_looks_like_the_end() {
        let mut random = Random::new(32);
        let mut passed = 0;
        for _ in 0..500 {
            let share = random.between(0.06, 0.5);
            let prefixes = prefixes(&mut random, (4, 60), |_, _| share);
            passed += u32::from(look(&prefixes, 60).has_passed(0));
        }
        assert!(passed < 25, "{passed} of 500");
    }

    #[test]
    fn where_nothing_was_heard_of_lately_nothing_has_passed() {
        let seconds = |of: &[(u64, f64, f64)]| {
            let of = of.iter().map(|(at, bad, good)| (*at, (*bad, *good)));
            has_passed(&of.collect(), 100)
        };
        assert!(!seconds(&[]));
        assert!(!seconds(&[(60, 8.0, 12.0)]), "it is the trouble itself");
        assert!(!seconds(&[(30, 20.0, 30.0), (98, 0.0, 6.0)]), "too little");
        assert!(seconds(&[(30, 20.0, 30.0), (70, 0.0, 30.0)]), "sparse");
        assert!(seconds(&[(80, 20.0, 30.0), (92, 0.0, 30.0)]));
        assert!(
            !seconds(&[(80, 20.0, 30.0), (97, 4.0, 6.0), (99, 0.0, 30.0)]),
            "losses are told later than deliveries"
        );
    }

    /// When each network turns bad, and whether that is together.
    fn together(random: &mut Random, onsets: &[u64]) -> bool {
        let networks = onsets.len() as u64;
        let loss = |network: u64, at| {
            let onset = onsets.get(usize::try_from(network).unwrap());
            if onset.is_some_and(|onset| at >= *onset) {
                0.2
            } else {
                0.005
            }
        };
        let last = onsets.iter().copied().filter(|at| *at < 1_000).max();
        let last = last.unwrap();
        let prefixes = prefixes(random, (networks, last + 30), loss);
        look(&prefixes, last + 30).came_together(last)
    }

    #[test]
    fn networks_turn_bad_together_or_each_by_itself() {
        const NEVER: u64 = 1_000;
        let mut random = Random::new(33);
        for _ in 0..50 {
            for (onsets, is) in [
                (&[120; 4][..], true),
                (&[120, 120, 120, NEVER], true),
                (&[120, 120, NEVER, NEVER], false),
                (&[20, 70, 120, NEVER], false),
                (&[20, 120, 120, NEVER], false),
                (&[20, 120, 120, 120], true),
                (&[20, 20, 70, 120, 120], false),
                (&[20, 20, 120, 120, 120], true),
            ] {
                assert_eq!(together(&mut random, onsets), is, "{onsets:?}");
            }
        }
    }

    #[test]
    fn of_what_was_before_the_agent_nobody_knows() {
        let mut random = Random::new(34);
        let prefixes = prefixes(&mut random, (4, 40), |_, _| 0.2);
        assert!(look(&prefixes, 40).came_together(0));
    }
}
