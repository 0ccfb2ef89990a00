//! Whether it helped: what an incident was like before somebody acted, and after.

use super::assess::Assessment;
use super::change::Repair;
use super::params::{OUTCOME_S, SECOND};

/// Watches one incident for signs that somebody acts. Without any, nothing is claimed.
#[derive(Debug, Default)]
pub(super) struct RepairWatch {
    /// Share of public segments sent again, at its worst before anybody acted.
    before: Option<f64>,
    remap: Option<Remap>,
}

/// The mapping of the address changed.
#[derive(Debug)]
struct Remap {
    at_ns: u64,
    /// It has one now.
    mapped: bool,
    /// That it was in vain was told.
    told: bool,
}

impl RepairWatch {
    /// The mapping changed, and is there now, or not.
    pub(super) const fn note_change(&mut self, now_ns: u64, mapped: bool) {
        self.remap = Some(Remap {
            at_ns: now_ns,
            mapped,
            told: false,
        });
    }

    /// The path loses, now.
    pub(super) fn note_loss(&mut self, assessment: &Assessment) {
        if self.remap.is_none() {
            let ratio = assessment.public.ratio();
            let before = self.before.unwrap_or_default();
            self.before = ratio.map(|ratio| ratio.max(before)).or(self.before);
        }
    }

    /// Somebody acted.
    pub(super) const fn acted(&self) -> bool {
        self.remap.is_some()
    }

    /// The path loses still, so long after the mapping came back; true once per change.
    pub(super) fn is_in_vain(&mut self, now_ns: u64) -> bool {
        let Some(remap) = self.remap.as_mut().filter(|remap| remap.mapped) else {
            return false;
        };
        let waited = now_ns.saturating_sub(remap.at_ns) >= OUTCOME_S * SECOND;
        waited && !std::mem::replace(&mut remap.told, waited)
    }

    /// Before and after.
    pub(super) fn figures(&self, assessment: &Assessment) -> Repair {
        Repair {
            changed_ns: self.remap.as_ref().map(|remap| remap.at_ns),
            before: self.before,
            after: assessment.recent_ratio,
        }
    }
}
