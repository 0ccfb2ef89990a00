//! Everything about one local address.

use std::collections::BTreeMap;

use super::assess::Assessment;
use super::evidence::Prefix;
use super::incident::{Change, Course};
use crate::flow::FlowSample;
use crate::path::{Network, PathClass, Prefix as PrefixName};

const SECOND: u64 = 1_000_000_000;

/// Prefixes kept per address; the one that was silent longest makes room.
const MAX_PREFIXES: usize = 4_096;

/// A prefix, or an address, that was silent for so long is forgotten.
const FORGET_NS: u64 = 900 * SECOND;

/// How the detector judges over time; nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// The public side must have been bad for so long before advice.
    pub confirm_ns: u64,
    /// The collapse must have stood for so long before advice.
    pub hold_ns: u64,
    /// It must be well for so long before an incident closes.
    pub recovered_ns: u64,
    /// No second advice within this time.
    pub cooldown_ns: u64,
    /// A judgement must stand for so long before it is told.
    pub settle_ns: u64,
}

/// One local address.
#[derive(Debug, Default)]
pub(super) struct Address {
    prefixes: BTreeMap<(PathClass, PrefixName), Prefix>,
    course: Course,
    last_ns: u64,
}

impl Address {
    pub(super) fn observe(&mut self, sample: &FlowSample) {
        self.last_ns = self.last_ns.max(sample.time_ns);
        let name = (sample.class, PrefixName::of(sample.key.peer, sample.class));
        if self.prefixes.len() >= MAX_PREFIXES && !self.prefixes.contains_key(&name) {
            self.drop_oldest();
        }
        self.prefixes
            .entry(name)
            .or_insert_with(|| Prefix::new(Network::of(sample.key.peer, sample.class)))
            .observe(sample);
    }

    pub(super) fn tick(&mut self, now_ns: u64, params: &Params) -> (Assessment, Vec<Change>) {
        self.prefixes.retain(|_, prefix| {
            prefix.forget(now_ns);
            prefix.last_ns() + FORGET_NS >= now_ns
        });
        let prefixes = self
            .prefixes
            .iter()
            .map(|((class, _), prefix)| (*class, prefix));
        let assessment = Assessment::of(now_ns, prefixes);
        let changes = self.course.step(now_ns, &assessment, params);
        (assessment, changes)
    }

    pub(super) const fn is_forgotten(&self, now_ns: u64) -> bool {
        !self.course.is_open() && self.last_ns + FORGET_NS < now_ns
    }

    fn drop_oldest(&mut self) {
        let oldest = self
            .prefixes
            .iter()
            .min_by_key(|(_, prefix)| prefix.last_ns())
            .map(|(name, _)| *name);
        if let Some(name) = oldest {
            self.prefixes.remove(&name);
        }
    }
}
