//! Thresholds as one would set them by hand, for comparison: sums over the last minute.

use std::collections::{BTreeMap, VecDeque};

use edgeghost::flow::{FlowKey, FlowSample};
use edgeghost::path::PathClass;

const MINUTE_NS: u64 = 60_000_000_000;

/// The rules, in order.
pub(crate) const RULES: [&str; 5] = [
    "N1 host > 5 %",
    "N2 public > 5 %",
    "N3 public > 5 %, private < 1 %",
    "N4 a flow with window <= 2 and 5 retransmissions",
    "N5 half of the flows retransmit",
];

/// Retransmitted and delivered.
#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    retransmitted: u64,
    delivered: u64,
}

impl Sum {
    fn segments(self) -> u64 {
        self.retransmitted + self.delivered
    }

    /// More than this many per cent of at least so many segments were sent again.
    fn exceeds(self, percent: u64, least: u64) -> bool {
        self.segments() >= least && 100 * self.retransmitted > percent * self.segments()
    }

    fn add(&mut self, sample: &FlowSample) {
        self.retransmitted += sample.retransmitted;
        self.delivered += sample.delivered;
    }

    fn take(&mut self, sample: &FlowSample) {
        self.retransmitted -= sample.retransmitted;
        self.delivered -= sample.delivered;
    }
}

/// The last minute.
#[derive(Debug, Default)]
pub(crate) struct Naive {
    samples: VecDeque<FlowSample>,
    public: Sum,
    private: Sum,
    flows: BTreeMap<FlowKey, Sum>,
}

impl Naive {
    pub(crate) fn observe(&mut self, sample: &FlowSample) {
        if sample.class == PathClass::Private {
            self.private.add(sample);
        } else {
            self.public.add(sample);
            self.flows.entry(sample.key).or_default().add(sample);
        }
        self.samples.push_back(*sample);
    }

    /// Which rules fire.
    pub(crate) fn tick(&mut self, now_ns: u64) -> [bool; RULES.len()] {
        while let Some(oldest) = self.samples.front() {
            if oldest.time_ns + MINUTE_NS >= now_ns {
                break;
            }
            if oldest.class == PathClass::Private {
                self.private.take(oldest);
            } else {
                self.public.take(oldest);
                if let Some(sum) = self.flows.get_mut(&oldest.key) {
                    sum.take(oldest);
                    if sum.segments() == 0 {
                        self.flows.remove(&oldest.key);
                    }
                }
            }
            self.samples.pop_front();
        }
        let host = Sum {
            retransmitted: self.public.retransmitted + self.private.retransmitted,
            delivered: self.public.delivered + self.private.delivered,
        };
        let public = self.public.exceeds(5, 50);
        let quiet = self.private.delivered > 0 && !self.private.exceeds(1, 1);
        let active = || self.flows.values().filter(|sum| sum.segments() >= 2);
        let hit = active().filter(|sum| sum.retransmitted > 0).count();
        let flows = active().count();
        [
            host.exceeds(5, 100),
            public,
            public && quiet,
            self.has_crushed_flow(),
            flows >= 4 && 2 * hit >= flows,
        ]
    }

    fn has_crushed_flow(&self) -> bool {
        let loud = |key: &FlowKey| {
            self.flows
                .get(key)
                .is_some_and(|sum| sum.retransmitted >= 5)
        };
        self.samples
            .iter()
            .any(|sample| sample.snd_cwnd_min <= 2 && loud(&sample.key))
    }
}
