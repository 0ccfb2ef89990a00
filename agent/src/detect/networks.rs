//! The networks of one side, and how they vote.

use std::collections::BTreeMap;

use super::assess::{Judged, Vote};
use super::network_vote::NetworkVote;
use super::params::{BAD, GOOD};
use super::prefix::Prefix;
use super::trial::Trial;
use super::windows::{Sums, Windows};
use crate::path::Network;

/// How far evidence reaches back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The newest segments of each prefix.
    Fast,
    /// Four times as many.
    Slow,
    /// The newest, and none older than a minute or so.
    Recent,
}

const REACHES: usize = 3;

/// Fewer prefixes than this do not tell how often prefixes are bad by themselves.
const FEW_PREFIXES: u32 = 5;

/// By which evidence to look: how far back, and at which kind of trial.
pub(super) type View = (Reach, Trial);

/// One side.
#[derive(Debug, Default)]
pub(super) struct Networks {
    of: BTreeMap<Network, [Tally; REACHES]>,
    cwnds: Vec<u32>,
    /// Prefixes that say anything by the newest evidence, and those of them that are bad.
    prefixes: (u32, u32),
}

/// A network over one reach.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    /// By each kind of trial.
    votes: [NetworkVote; 2],
    sums: Sums,
    prefixes: usize,
    stalled: usize,
}

impl Tally {
    fn vote(&self, trial: Trial) -> &NetworkVote {
        let [sent, answered] = &self.votes;
        match trial {
            Trial::Sent => sent,
            Trial::Answered => answered,
        }
    }

    fn llr(&self, trial: Trial) -> f64 {
        self.vote(trial).llr()
    }
}

impl Networks {
    /// Adds a prefix; `own` is the probability that one is bad by itself.
    pub(super) fn add(
        &mut self,
        prefix: &Prefix,
        windows: &Windows,
        stalled: bool,
        (private, own): (bool, f64),
    ) {
        let all = [&windows.fast, &windows.slow, &windows.recent];
        if !stalled && all.iter().all(|sums| says_nothing(sums)) {
            return;
        }
        self.cwnds.push(prefix.cwnd);
        let tallies = self.of.entry(prefix.network).or_default();
        for (index, (tally, sums)) in tallies.iter_mut().zip(all).enumerate() {
            if !stalled && says_nothing(sums) {
                continue;
            }
            for (trial, vote) in Trial::ALL.into_iter().zip(&mut tally.votes) {
                if !trial.is_empty(sums) || stalled {
                    vote.add(trial.llr(sums, private, stalled), own);
                }
            }
            tally.sums.add(sums);
            tally.prefixes += 1;
            tally.stalled += usize::from(stalled);
            if index == Reach::Fast as usize {
                self.prefixes.0 += 1;
                let bad = Trial::Sent.llr(sums, private, stalled) > BAD;
                self.prefixes.1 += u32::from(bad);
            }
        }
    }

    /// The sum of the votes.
    pub(super) fn votes(&self, (reach, trial): View) -> f64 {
        self.over(reach).map(|(_, tally)| tally.llr(trial)).sum()
    }

    /// The numbers.
    pub(super) fn judged(&self, (reach, trial): View) -> Judged {
        let mut cwnds = self.cwnds.clone();
        let middle = cwnds.len() / 2;
        let cwnd_p50 = if cwnds.is_empty() {
            None
        } else {
            Some(*cwnds.select_nth_unstable(middle).1)
        };
        let mut judged = Judged {
            cwnd_p50,
            ..Judged::default()
        };
        for (_, tally) in self.over(reach) {
            let llr = tally.llr(trial);
            judged.networks += 1;
            judged.bad += u32::from(llr > BAD);
            judged.good += u32::from(llr < GOOD);
            judged.all_against_part += tally.vote(trial).all_against_part();
            judged.stalled += u32::from(llr > BAD && tally.stalled > 0);
            judged.retransmitted += tally.sums.retransmitted;
            judged.delivered += tally.sums.delivered;
            judged.duplicates += tally.sums.duplicates;
            judged.received += tally.sums.received;
        }
        judged
    }

    /// Each network's vote.
    pub(super) fn list(&self, (reach, trial): View, private: bool) -> Vec<Vote> {
        self.over(reach)
            .map(|(network, tally)| Vote {
                network: *network,
                private,
                prefixes: tally.prefixes,
                stalled: tally.stalled,
                retransmitted: tally.sums.retransmitted,
                delivered: tally.sums.delivered,
                duplicates: tally.sums.duplicates,
                received: tally.sums.received,
                llr: tally.llr(trial),
            })
            .collect()
    }

    /// Share of prefixes that are bad, if there are enough to tell.
    pub(super) fn bad_prefixes(&self) -> Option<f64> {
        let (all, bad) = self.prefixes;
        (all >= FEW_PREFIXES).then(|| f64::from(bad) / f64::from(all))
    }

    fn over(&self, reach: Reach) -> impl Iterator<Item = (&Network, &Tally)> {
        self.of.iter().filter_map(move |(network, tallies)| {
            let tally = tallies.get(reach as usize)?;
            (tally.prefixes > 0).then_some((network, tally))
        })
    }
}

fn says_nothing(sums: &Sums) -> bool {
    sums.trials() + sums.received <= 0.0
}
