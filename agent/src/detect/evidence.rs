//! What is known of one prefix of peers.

use std::collections::{HashMap, VecDeque};

use crate::flow::{FlowKey, FlowSample};
use crate::path::Network;

const SECOND: u64 = 1_000_000_000;

/// Nothing older than this is evidence.
const MEMORY_NS: u64 = 600 * SECOND;

/// Retransmissions that waited longer than this for progress count as two at most: the peer was
/// away, and came back.
const STALE_ESCROW_NS: u64 = 150 * SECOND;

/// Flows per prefix whose retransmissions wait for progress.
const MAX_WAITING: usize = 256;

/// Evidence fades from this age on, by half every [`HALF_LIFE_S`].
const FRESH_S: f64 = 30.0;
const HALF_LIFE_S: f64 = 120.0;

/// How far back to look: the newest `segments`, at least `min_s` seconds of them, none older than
/// `max_s`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Horizon {
    segments: f64,
    max_s: f64,
    min_s: f64,
}

/// Soon after a change.
pub(super) const FAST: Horizon = Horizon {
    segments: 40.0,
    max_s: 300.0,
    min_s: 15.0,
};
/// Sees losses that come in long bursts.
pub(super) const SLOW: Horizon = Horizon {
    segments: 160.0,
    max_s: 600.0,
    min_s: 60.0,
};
/// Is it still going on?
pub(super) const NOW: Horizon = Horizon {
    segments: 0.0,
    max_s: 25.0,
    min_s: 25.0,
};

/// Segments counted.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Count {
    pub(super) retransmitted: f64,
    pub(super) delivered: f64,
}

impl Count {
    pub(super) fn trials(self) -> f64 {
        self.retransmitted + self.delivered
    }

    /// The same share of retransmissions, over at most so many segments.
    pub(super) fn at_most(self, trials: f64) -> Self {
        let scale = (trials / self.trials()).min(1.0);
        Self {
            retransmitted: self.retransmitted * scale,
            delivered: self.delivered * scale,
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.retransmitted += other.retransmitted;
        self.delivered += other.delivered;
    }
}

/// One prefix of peers.
#[derive(Debug)]
pub(super) struct Prefix {
    pub(super) network: Network,
    pub(super) cwnd: u32,
    seconds: VecDeque<(u64, Count)>,
    /// Retransmissions of flows that have not progressed since, with the time of the first: a
    /// peer that vanished must not vote, one that is hard to reach will have its say later.
    waiting: HashMap<FlowKey, (u64, u64)>,
    last_ns: u64,
}

impl Prefix {
    pub(super) fn new(network: Network) -> Self {
        Self {
            network,
            cwnd: 0,
            seconds: VecDeque::new(),
            waiting: HashMap::new(),
            last_ns: 0,
        }
    }

    pub(super) const fn last_ns(&self) -> u64 {
        self.last_ns
    }

    pub(super) fn observe(&mut self, sample: &FlowSample) {
        self.last_ns = sample.time_ns;
        self.cwnd = sample.snd_cwnd;
        if sample.delivered == 0 {
            self.wait(sample);
        } else {
            let released = self.release(sample);
            self.push(
                sample.time_ns,
                released + sample.retransmitted,
                sample.delivered,
            );
        }
        if sample.closed {
            self.waiting.remove(&sample.key);
        }
    }

    /// Weighted counts within a horizon.
    pub(super) fn count(&self, now_ns: u64, horizon: Horizon) -> Count {
        let mut sum = Count::default();
        for (time_ns, count) in self.seconds.iter().rev() {
            let age_s = (now_ns.saturating_sub(*time_ns)) as f64 / SECOND as f64;
            let enough = sum.trials() >= horizon.segments && age_s > horizon.min_s;
            if age_s > horizon.max_s || enough {
                break;
            }
            let weight = libm::exp2(-(age_s - FRESH_S).max(0.0) / HALF_LIFE_S);
            sum.add(Count {
                retransmitted: count.retransmitted * weight,
                delivered: count.delivered * weight,
            });
        }
        sum
    }

    /// Counts of each second since `since_ns`, unweighted, the oldest first.
    pub(super) fn since(&self, since_ns: u64) -> impl Iterator<Item = (u64, Count)> {
        let recent = move |(time_ns, _): &&(u64, Count)| *time_ns >= since_ns;
        self.seconds.iter().filter(recent).copied()
    }

    /// Drops what is too old to count.
    pub(super) fn forget(&mut self, now_ns: u64) {
        while self
            .seconds
            .front()
            .is_some_and(|(time_ns, _)| time_ns.saturating_add(MEMORY_NS) < now_ns)
        {
            self.seconds.pop_front();
        }
        self.waiting
            .retain(|_, (since_ns, _)| since_ns.saturating_add(MEMORY_NS) >= now_ns);
    }

    fn wait(&mut self, sample: &FlowSample) {
        if sample.retransmitted == 0 {
            return;
        }
        if let Some((_, segments)) = self.waiting.get_mut(&sample.key) {
            *segments += sample.retransmitted;
        } else if self.waiting.len() < MAX_WAITING {
            self.waiting
                .insert(sample.key, (sample.time_ns, sample.retransmitted));
        }
    }

    fn release(&mut self, sample: &FlowSample) -> u64 {
        let Some((since_ns, segments)) = self.waiting.remove(&sample.key) else {
            return 0;
        };
        let waited_ns = sample.time_ns.saturating_sub(since_ns);
        if waited_ns < STALE_ESCROW_NS {
            segments
        } else {
            segments.min(2)
        }
    }

    fn push(&mut self, time_ns: u64, retransmitted: u64, delivered: u64) {
        let count = Count {
            retransmitted: retransmitted as f64,
            delivered: delivered as f64,
        };
        match self.seconds.back_mut() {
            Some((second, sum)) if *second / SECOND >= time_ns / SECOND => sum.add(count),
            _ => self.seconds.push_back((time_ns, count)),
        }
    }
}
