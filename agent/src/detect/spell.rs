//! How long something has been so.

use super::params::{DIP_S, SECOND};

/// Something that has been so for a while, short gaps not counting.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spell(Option<(u64, u64)>);

impl Spell {
    /// Since when it has been so, nanoseconds.
    pub(super) const fn since(self) -> Option<u64> {
        match self.0 {
            Some((since, _)) => Some(since),
            None => None,
        }
    }

    /// It has been so for that long.
    pub(super) fn has_lasted(self, now_ns: u64, least_ns: u64) -> bool {
        self.since()
            .is_some_and(|since| now_ns.saturating_sub(since) >= least_ns)
    }

    /// It is so, or not; if it begins, it does so at `begin`.
    pub(super) fn note(&mut self, now_ns: u64, is: bool, begin: impl FnOnce() -> u64) {
        self.0 = match self.0 {
            Some((since, _)) if is => Some((since, now_ns)),
            None if is => Some((begin(), now_ns)),
            Some((_, seen)) if now_ns.saturating_sub(seen) > DIP_S * SECOND => None,
            spell => spell,
        };
    }
}
