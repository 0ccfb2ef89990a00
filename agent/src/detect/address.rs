//! Everything about one local address.

use std::collections::BTreeMap;

use super::assess::Assessment;
use super::evidence::{Count, Prefix};
use super::incident::{Change, Course};
use super::onset;
use crate::flow::FlowSample;
use crate::path::{PathClass, Prefix as PrefixName};

const SECOND: u64 = 1_000_000_000;

/// Prefixes kept per address; the one that was silent longest makes room.
const MAX_PREFIXES: usize = 4_096;

/// A prefix, or an address, that was silent for so long is forgotten.
const FORGET_NS: u64 = 900 * SECOND;

/// Segments of one prefix and second that count towards the onset.
const ONSET_SEGMENTS: f64 = 20.0;

type Prefixes = BTreeMap<(PathClass, PrefixName), Prefix>;

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
    prefixes: Prefixes,
    course: Course,
    last_ns: u64,
    assessment: Option<Assessment>,
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
            .or_insert_with(|| Prefix::new(sample.network))
            .observe(sample);
    }

    pub(super) fn tick(&mut self, now_ns: u64, params: &Params) -> (&Assessment, Vec<Change>) {
        self.prefixes.retain(|_, prefix| {
            prefix.forget(now_ns);
            prefix.last_ns().saturating_add(FORGET_NS) >= now_ns
        });
        let prefixes = self
            .prefixes
            .iter()
            .map(|((class, _), prefix)| (*class, prefix));
        let assessment = Assessment::of(now_ns, prefixes);
        let onset = || onset_of(&self.prefixes, now_ns);
        let changes = self.course.step(now_ns, &assessment, params, onset);
        (self.assessment.insert(assessment), changes)
    }

    pub(super) const fn last(&self) -> Option<&Assessment> {
        self.assessment.as_ref()
    }

    pub(super) const fn is_forgotten(&self, now_ns: u64) -> bool {
        !self.course.is_open() && self.last_ns.saturating_add(FORGET_NS) < now_ns
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

/// When the public side turned bad, if anything says so. One prefix counts no more than others
/// in a second, however much it sends.
fn onset_of(prefixes: &Prefixes, now_ns: u64) -> Option<u64> {
    let since_ns = now_ns.saturating_sub(onset::LOOK_BACK_NS);
    let mut seconds: BTreeMap<u64, Count> = BTreeMap::new();
    for ((class, _), prefix) in prefixes {
        if *class != PathClass::Private {
            for (time_ns, count) in prefix.since(since_ns) {
                let second = time_ns - time_ns % SECOND;
                seconds
                    .entry(second)
                    .or_default()
                    .add(count.at_most(ONSET_SEGMENTS));
            }
        }
    }
    onset::estimate(seconds.into_iter())
}
