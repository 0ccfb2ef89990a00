//! Judgement of each local address, from flow samples alone: no clock, no I/O, no kernel.
//!
//! ```text
//! flow samples ── evidence per prefix ── vote per network ── posterior ── verdict ── incident
//! ```
//!
//! Time is what the samples and [`Detector::tick`] say it is, so the same samples give the same
//! judgements whenever and wherever they are judged.
//!
//! `agent/docs/detection.md` tells operators how, and what each verdict asks of them.

mod address;
mod assess;
mod change;
mod escrow;
mod firewall;
mod freshness;
mod gamma;
mod hindsight;
mod history;
mod incident;
mod network_vote;
mod networks;
mod onset;
mod open;
mod params;
mod posterior;
mod prefix;
mod ratio;
mod repair;
mod seconds;
mod side;
mod silence;
mod spell;
mod sums;
mod trial;
mod trouble;
mod verdict;
mod windows;

pub use assess::Assessment;
pub use change::{Change, Closing, Escalation, Progress, Repair, Told};
pub use firewall::Firewall;
pub use networks::Reach;
pub use params::Params;
pub use posterior::Posterior;
pub use side::{Judged, Vote};
pub use silence::Silence;
pub use trial::Trial;
pub use trouble::Trouble;
pub use verdict::Raw;

use std::collections::{BTreeMap, HashMap};

use ipnet::IpNet;

use crate::flow::{FlowSample, Local};
use crate::host::HostSample;
use crate::path::PathClass;
use address::Address;
use firewall::FirewallHistory;
use params::{MAX_ADDRESSES, MAX_PREFIXES};
use trouble::TroubleHistory;

/// What a tick led to, for one local address.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The address judged.
    pub local: Local,
    /// What the judgement rests on.
    pub assessment: Assessment,
    /// What changed.
    pub change: Change,
}

/// Judges every local address that flows were seen on.
pub struct Detector {
    params: Params,
    addresses: BTreeMap<Local, Address>,
    prefixes: usize,
    trouble: TroubleHistory,
    firewall: FirewallHistory,
    unjudged: u64,
}

impl Detector {
    /// A detector that knows nothing yet.
    pub fn new(params: Params) -> Self {
        Self {
            params,
            addresses: BTreeMap::new(),
            prefixes: 0,
            trouble: TroubleHistory::default(),
            firewall: FirewallHistory::default(),
            unjudged: 0,
        }
    }

    /// How it judges over time.
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// Judges by these from now on.
    pub fn set_params(&mut self, params: Params) {
        self.params = params;
    }

    /// Samples not taken in because too many local addresses were known.
    pub const fn unjudged(&self) -> u64 {
        self.unjudged
    }

    /// Takes in one sample.
    pub fn observe(&mut self, sample: &FlowSample) {
        if sample.class == PathClass::Loopback || !sample.judged {
            return;
        }
        let local = sample.key.local();
        if self.addresses.len() >= MAX_ADDRESSES && !self.addresses.contains_key(&local) {
            self.unjudged += 1;
            return;
        }
        let address = self.addresses.entry(local).or_insert_with(Address::new);
        self.prefixes += usize::from(address.observe(sample));
        if self.prefixes > MAX_PREFIXES {
            self.make_room();
        }
    }

    /// What every address was last judged by.
    pub fn assessments(&self) -> impl Iterator<Item = (Local, &Assessment)> {
        self.addresses
            .iter()
            .filter_map(|(local, address)| Some((*local, address.last()?)))
    }

    /// How far an address is on the way to advice.
    pub fn progress(&self, local: Local) -> Option<Progress> {
        self.addresses.get(&local).map(Address::progress)
    }

    /// The mapping of an address changed, and is there now, or not: somebody acted.
    pub fn note_remap(&mut self, local: Local, mapped: bool) {
        if let Some(address) = self.addresses.get_mut(&local) {
            address.note_remap(mapped);
        }
    }

    /// Judges every address as of `now_ns`; to be called about once a second, with the clock of
    /// the samples.
    pub fn tick(&mut self, now_ns: u64, host: &HostSample) -> Vec<Finding> {
        let trouble = self.trouble.note(now_ns, host);
        self.firewall.note(now_ns, host);
        let acquittals = self.acquittals();
        let mut findings = Vec::new();
        for (local, address) in &mut self.addresses {
            // Whatever is well on the same host: all but the address itself.
            let of_all = acquittals.get(&local.netns).copied().unwrap_or_default();
            let own = address.last().map_or(0.0, |last| last.acquits);
            let siblings = (of_all - own).min(0.0);
            let trouble = Trouble {
                firewall: self.firewall.of(local.address),
                ..trouble
            };
            let (assessment, changes) = address.tick(now_ns, &self.params, siblings, trouble);
            findings.extend(changes.into_iter().map(|change| Finding {
                local: *local,
                assessment: assessment.clone(),
                change,
            }));
        }
        self.addresses
            .retain(|_, address| !address.is_forgotten(now_ns, &self.params));
        self.prefixes = self.addresses.values().map(Address::len).sum();
        findings
    }

    /// What the addresses of each network namespace say in favour of the host. Other namespaces
    /// may be other hosts' (a router between them, a tunnel): they say nothing.
    fn acquittals(&self) -> HashMap<u32, f64> {
        let mut sums = HashMap::new();
        for (local, assessment) in self.assessments() {
            *sums.entry(local.netns).or_default() += assessment.acquits;
        }
        sums
    }

    /// Forgets the evidence of all prefixes that share addresses with these ranges, whose path is
    /// another one now.
    pub fn forget(&mut self, ranges: &[IpNet]) {
        for address in self.addresses.values_mut() {
            address.forget_ranges(ranges);
        }
        self.prefixes = self.addresses.values().map(Address::len).sum();
    }

    /// Forgets what was silent longest on the address with most prefixes: a flood on one must not
    /// push out the others.
    fn make_room(&mut self) {
        let largest = self.addresses.values_mut().max_by_key(|a| a.len());
        self.prefixes -= largest.map_or(0, Address::make_room);
    }
}

#[cfg(test)]
mod tests;
