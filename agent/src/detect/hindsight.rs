//! What only a look back tells, before advice: whether the trouble is still there, and whether it
//! came to all networks at once.

use std::collections::BTreeMap;

use super::network_vote::NetworkVote;
use super::onset::{self, ORDINARY};
use super::params::{
    BAD, DESIGN_EFFECT, LOOK_BACK_S, MEMORY_S, NETWORKS, NOW_SEGMENTS, NOW_SPARSE_S, PASSED,
    PASSED_LEAST_S, PASSED_S, TOGETHER_MARGIN_S,
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
    /// before it they were not, as far as anything was heard of them.
    pub(super) fn came_together(&self, onset: u64) -> bool {
        let mut networks: BTreeMap<Network, [NetworkVote; 2]> = BTreeMap::new();
        for prefix in public(self.prefixes) {
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
