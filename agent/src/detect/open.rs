//! An incident while it is open.

use super::repair::RepairWatch;

/// An open incident.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a gate of its own, open or shut"
)]
pub(super) struct Open {
    /// When the public side turned bad, nanoseconds.
    pub(super) onset_ns: u64,
    /// Last told.
    pub(super) updated_ns: u64,
    /// Advice was given on it, or the next step.
    pub(super) advised: bool,
    /// The next step was.
    pub(super) escalated: bool,
    /// See [`super::change::Progress::together`].
    pub(super) together: bool,
    /// See [`super::change::Progress::passed`].
    pub(super) passed: bool,
    /// Well again since then.
    pub(super) well_since: Option<u64>,
    /// What somebody does about it.
    pub(super) repair: RepairWatch,
}

impl Open {
    pub(super) fn new(onset_ns: u64, now_ns: u64) -> Self {
        Self {
            onset_ns,
            updated_ns: now_ns,
            advised: false,
            escalated: false,
            together: false,
            passed: false,
            well_since: None,
            repair: RepairWatch::default(),
        }
    }

    /// It has been well again for that long.
    pub(super) fn is_well_for(&self, now_ns: u64, least_ns: u64) -> bool {
        self.well_since
            .is_some_and(|since| now_ns.saturating_sub(since) >= least_ns)
    }
}
