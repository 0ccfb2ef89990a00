//! The numbers of one side, and how each of its networks voted.

use crate::path::Network;

/// Numbers of one side.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Judged {
    /// Networks with evidence.
    pub networks: u32,
    /// Of these: bad.
    pub bad: u32,
    /// Of these: good.
    pub good: u32,
    /// Of those bad: only because they are sent to in vain.
    pub stalled: u32,
    /// How much likelier it is that all networks are bad than that a large part of them is, nats.
    pub all_against_part: f64,
    /// Segments retransmitted, faded.
    pub retransmitted: f64,
    /// Segments delivered, faded.
    pub delivered: f64,
    /// Segments that peers report to have had before, faded.
    pub duplicates: f64,
    /// Segments received, faded.
    pub received: f64,
    /// Median congestion window over the prefixes' most recent flows.
    pub cwnd_p50: Option<u32>,
}

impl Judged {
    /// Retransmitted among all.
    pub fn ratio(&self) -> Option<f64> {
        let trials = self.retransmitted + self.delivered;
        (trials > 0.0).then(|| self.retransmitted / trials)
    }

    /// Share of bad networks among those that say anything.
    pub(super) fn share(&self) -> f64 {
        f64::from(self.bad) / f64::from((self.bad + self.good).max(1))
    }
}

/// The vote of one network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vote {
    /// The network.
    pub network: Network,
    /// Whether it is on the private side.
    pub private: bool,
    /// Prefixes with evidence.
    pub prefixes: usize,
    /// Of these: sent to in vain.
    pub stalled: usize,
    /// Segments retransmitted, faded.
    pub retransmitted: f64,
    /// Segments delivered, faded.
    pub delivered: f64,
    /// Segments that the peers report to have had before, faded.
    pub duplicates: f64,
    /// Segments received, faded.
    pub received: f64,
    /// Log likelihood ratio of "bad" against "ordinary", natural, capped.
    pub llr: f64,
}
