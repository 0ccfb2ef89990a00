//! Whether the public side loses right now. Evidence takes minutes to fade; advice on what has
//! passed by itself would be wrong.

use super::params::{NOW_SEGMENTS, ONGOING, ONGOING_IN};
use super::trial::{Trial, answers, needed, resolved};
use super::windows::{Sums, Windows};

/// The public side's last seconds.
#[derive(Debug, Default)]
pub(super) struct Freshness {
    now: Sums,
    sparse: Sums,
    stalled: u32,
    retransmitted: f64,
}

impl Freshness {
    /// Adds a prefix.
    pub(super) fn add(&mut self, windows: &Windows, stalled: bool) {
        self.now.add(&windows.now);
        self.sparse.add(&windows.now_sparse);
        self.stalled += u32::from(stalled);
        self.retransmitted += windows.retransmitted_now;
    }

    /// Segments retransmitted lately.
    pub(super) const fn retransmitted(&self) -> f64 {
        self.retransmitted
    }

    /// More than one prefix is sent to in vain.
    pub(super) const fn is_stalled(&self) -> bool {
        self.stalled >= 2
    }

    /// It loses, by this kind of trial: by the last seconds where there is much to see, by the last
    /// minute where there is little.
    pub(super) fn is_ongoing(&self, trial: Trial) -> bool {
        if self.is_stalled() {
            return true;
        }
        let of = |sums: &Sums| match trial {
            Trial::Sent => (needed(sums), resolved(sums), ONGOING),
            Trial::Answered => (sums.unheard(), answers(sums), ONGOING_IN),
        };
        let (bad, trials, least) = of(&self.now);
        if trials >= NOW_SEGMENTS {
            return bad >= least * trials;
        }
        let (bad, trials, least) = of(&self.sparse);
        bad > 0.0 && bad >= least / 2.0 * trials
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(now: (f64, f64), sparse: (f64, f64), stalled: u32) -> bool {
        let sums = |(retransmitted, delivered)| Sums {
            retransmitted,
            delivered,
            ..Sums::default()
        };
        let freshness = Freshness {
            now: sums(now),
            sparse: sums(sparse),
            stalled,
            retransmitted: 0.0,
        };
        freshness.is_ongoing(Trial::Sent)
    }

    #[test]
    fn busy_hosts_by_the_last_seconds_and_sparse_ones_by_the_last_minute() {
        assert!(of((10.0, 90.0), (10.0, 290.0), 0));
        assert!(!of((1.0, 90.0), (60.0, 290.0), 0), "it has passed");
        assert!(of((0.0, 10.0), (2.0, 20.0), 0));
        assert!(!of((0.0, 10.0), (0.0, 20.0), 0));
        assert!(!of((0.0, 0.0), (0.0, 0.0), 0), "nothing is not loss");
        assert!(
            of((0.0, 0.0), (0.0, 0.0), 2),
            "but being sent to in vain is"
        );
    }
}
