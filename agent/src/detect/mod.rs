//! Judgement of each local address, from flow samples alone: no clock, no I/O, no kernel.
//!
//! ```text
//! flow samples ── evidence per prefix ── vote per network ── posterior ── verdict ── incident
//! ```
//!
//! Time is what the samples and [`Detector::tick`] say it is, so the same samples give the same
//! judgements whenever and wherever they are judged.

mod address;
mod assess;
mod evidence;
mod incident;
mod likelihood;
mod onset;

pub use address::Params;
pub use assess::{Assessment, Judged, Raw, Vote};
pub use incident::{Change, Closing, Told};
pub use likelihood::Posterior;

use std::collections::BTreeMap;

use crate::flow::{FlowSample, Local};
use crate::host::HostSample;
use crate::path::PathClass;
use address::Address;

/// Local addresses judged at once. A host has a handful; containers bring more.
const MAX_ADDRESSES: usize = 1_024;

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
    unjudged: u64,
}

impl Detector {
    /// A detector that knows nothing yet.
    pub const fn new(params: Params) -> Self {
        Self {
            params,
            addresses: BTreeMap::new(),
            unjudged: 0,
        }
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
        self.addresses.entry(local).or_default().observe(sample);
    }

    /// What every address was last judged by.
    pub fn assessments(&self) -> impl Iterator<Item = (Local, &Assessment)> {
        self.addresses
            .iter()
            .filter_map(|(local, address)| Some((*local, address.last()?)))
    }

    /// Judges every address as of `now_ns`; to be called about once a second, with the clock of
    /// the samples.
    pub fn tick(&mut self, now_ns: u64, _host: &HostSample) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (local, address) in &mut self.addresses {
            let (assessment, changes) = address.tick(now_ns, &self.params);
            findings.extend(changes.into_iter().map(|change| Finding {
                local: *local,
                assessment: assessment.clone(),
                change,
            }));
        }
        self.addresses
            .retain(|_, address| !address.is_forgotten(now_ns));
        findings
    }
}

#[cfg(test)]
mod tests;
