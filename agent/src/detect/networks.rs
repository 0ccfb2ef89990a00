//! The networks of one side, and how they vote.

use std::collections::BTreeMap;

use super::network_vote::NetworkVote;
use super::params::{BAD, GOOD};
use super::prefix::Prefix;
use super::side::{Judged, Vote};
use super::sums::Sums;
use super::trial::Trial;
use super::windows::Windows;
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
const TRIALS: usize = Trial::ALL.len();

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
    /// What it comes to, by each view.
    sides: [[Side; TRIALS]; REACHES],
}

/// A network over one reach.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    /// By each kind of trial.
    votes: [NetworkVote; TRIALS],
    /// What they come to.
    llrs: [f64; TRIALS],
    sums: Sums,
    prefixes: usize,
    stalled: usize,
}

/// What a prefix says by one reach.
#[derive(Debug, Clone, Copy)]
struct Said {
    votes: [NetworkVote; TRIALS],
    /// By what was sent.
    bad: bool,
}

impl Said {
    fn of(sums: &Sums, stalled: bool, (private, own): (bool, f64)) -> Self {
        let mut votes = [NetworkVote::default(); TRIALS];
        let mut bad = false;
        for (trial, vote) in Trial::ALL.into_iter().zip(&mut votes) {
            if stalled || !trial.is_empty(sums) {
                let llr = trial.llr(sums, private, stalled);
                *vote = NetworkVote::of_prefix(llr, own);
                bad |= trial == Trial::Sent && llr > BAD;
            }
        }
        Self { votes, bad }
    }
}

/// All networks by one view.
#[derive(Debug, Clone, Copy, Default)]
struct Side {
    votes: f64,
    /// But for [`Judged::all_against_part`], which is not always wanted.
    judged: Judged,
}

impl Side {
    fn add(&mut self, llr: f64, tally: &Tally) {
        self.votes += llr;
        let judged = &mut self.judged;
        judged.networks += 1;
        judged.bad += u32::from(llr > BAD);
        judged.good += u32::from(llr < GOOD);
        judged.stalled += u32::from(llr > BAD && tally.stalled > 0);
        judged.retransmitted += tally.sums.retransmitted;
        judged.delivered += tally.sums.delivered;
        judged.duplicates += tally.sums.duplicates;
        judged.received += tally.sums.received;
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
        let fast = Said::of(&windows.fast, stalled, (private, own));
        let tallies = self.of.entry(prefix.network).or_default();
        for (index, (tally, sums)) in tallies.iter_mut().zip(all).enumerate() {
            if !stalled && says_nothing(sums) {
                continue;
            }
            // Often it is the same segments.
            let said = if *sums == windows.fast {
                fast
            } else {
                Said::of(sums, stalled, (private, own))
            };
            for (vote, of_prefix) in tally.votes.iter_mut().zip(said.votes) {
                vote.add(of_prefix);
            }
            tally.sums.add(sums);
            tally.prefixes += 1;
            tally.stalled += usize::from(stalled);
            if index == Reach::Fast as usize {
                self.prefixes.0 += 1;
                self.prefixes.1 += u32::from(said.bad);
            }
        }
    }

    /// Adds up what the networks say, once all prefixes are added.
    pub(super) fn weigh(&mut self) {
        let cwnd_p50 = median(&mut self.cwnds);
        for (reach, sides) in self.sides.iter_mut().enumerate() {
            for tally in self.of.values_mut().filter_map(|of| of.get_mut(reach)) {
                if tally.prefixes == 0 {
                    continue;
                }
                tally.llrs = tally.votes.map(NetworkVote::llr);
                for (side, llr) in sides.iter_mut().zip(tally.llrs) {
                    side.add(llr, tally);
                }
            }
            for side in sides {
                side.judged.cwnd_p50 = cwnd_p50;
            }
        }
    }

    /// The sum of the votes.
    pub(super) fn votes(&self, view: View) -> f64 {
        self.side(view).votes
    }

    /// The numbers, but for [`Judged::all_against_part`].
    pub(super) fn numbers(&self, view: View) -> &Judged {
        &self.side(view).judged
    }

    /// The numbers.
    pub(super) fn judged(&self, view: View) -> Judged {
        let (reach, trial) = view;
        Judged {
            all_against_part: self
                .over(reach)
                .filter_map(|(_, tally)| tally.votes.get(trial as usize))
                .map(|vote| vote.all_against_part())
                .sum(),
            ..*self.numbers(view)
        }
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
                llr: tally.llrs[trial as usize],
            })
            .collect()
    }

    /// Share of prefixes that are bad, if there are enough to tell.
    pub(super) fn bad_prefixes(&self) -> Option<f64> {
        let (all, bad) = self.prefixes;
        (all >= FEW_PREFIXES).then(|| f64::from(bad) / f64::from(all))
    }

    fn side(&self, (reach, trial): View) -> &Side {
        &self.sides[reach as usize][trial as usize]
    }

    fn over(&self, reach: Reach) -> impl Iterator<Item = (&Network, &Tally)> {
        self.of.iter().filter_map(move |(network, tallies)| {
            let tally = tallies.get(reach as usize)?;
            (tally.prefixes > 0).then_some((network, tally))
        })
    }
}

fn median(of: &mut [u32]) -> Option<u32> {
    let middle = of.len() / 2;
    (!of.is_empty()).then(|| *of.select_nth_unstable(middle).1)
}

fn says_nothing(sums: &Sums) -> bool {
    sums.trials() + sums.received <= 0.0
}
