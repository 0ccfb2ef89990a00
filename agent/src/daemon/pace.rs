//! How often flows report: less often while the ring buffer overflows.

use edgeghost_common::Settings;

/// The interval grows to this many times the configured one at most.
const MOST: u64 = 16;

/// After so many calm looks in a row (about a second apart) it is halved again.
const CALM_LOOKS: u32 = 60;

/// The pace of reports.
pub(super) struct Pace {
    wanted: Settings,
    factor: u64,
    calm: u32,
    ring_full: u64,
}

impl Pace {
    /// At the configured pace.
    pub(super) const fn new(wanted: Settings) -> Self {
        Self {
            wanted,
            factor: 1,
            calm: 0,
            ring_full: 0,
        }
    }

    /// The interval in force, seconds.
    pub(super) fn interval_s(&self) -> f64 {
        self.settings().interval_ns as f64 / 1e9
    }

    /// Takes in how many records found the ring full so far; gives new settings if the pace must
    /// change.
    pub(super) fn adapt(&mut self, ring_full: u64) -> Option<Settings> {
        let overflowed = ring_full > self.ring_full;
        self.ring_full = ring_full;
        self.calm = if overflowed { 0 } else { self.calm + 1 };
        let factor = if overflowed {
            (self.factor * 2).min(MOST)
        } else if self.calm >= CALM_LOOKS {
            self.calm = 0;
            (self.factor / 2).max(1)
        } else {
            self.factor
        };
        if factor == self.factor {
            return None;
        }
        self.factor = factor;
        log::warn!("flows now report every {:.1} s", self.interval_s());
        Some(self.settings())
    }

    const fn settings(&self) -> Settings {
        Settings {
            interval_ns: self.wanted.interval_ns * self.factor,
            ..self.wanted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slower_under_overflow_and_back_when_calm() {
        let mut pace = Pace::new(Settings::new(1_000_000_000, 500, 1_000));
        assert_eq!(pace.adapt(0), None);
        assert_eq!(pace.adapt(5).map(|s| s.interval_ns), Some(2_000_000_000));
        assert_eq!(pace.adapt(9).map(|s| s.interval_ns), Some(4_000_000_000));
        let changes: Vec<_> = (0..200).filter_map(|_| pace.adapt(9)).collect();
        let intervals: Vec<_> = changes
            .iter()
            .map(|s| s.interval_ns / 1_000_000_000)
            .collect();
        assert_eq!(intervals, [2, 1]);
    }

    #[test]
    fn it_stays_within_bounds() {
        let mut pace = Pace::new(Settings::new(1_000_000_000, 500, 1_000));
        for full in 1..100 {
            pace.adapt(full);
        }
        assert!((pace.interval_s() - 16.0).abs() < f64::EPSILON);
    }
}
