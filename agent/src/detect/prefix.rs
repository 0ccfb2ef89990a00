//! What is known of one prefix of peers.

use super::escrow::Escrow;
use super::params::{FORGET_S, MEMORY_S, SECOND};
use super::seconds::{Second, Seconds};
use super::windows::Windows;
use crate::flow::FlowSample;
use crate::path::Network;

/// One prefix of peers.
#[derive(Debug)]
pub(super) struct Prefix {
    pub(super) network: Network,
    /// Congestion window of the flow heard of last, segments.
    pub(super) cwnd: u32,
    seconds: Seconds,
    escrow: Escrow,
    /// When our segments were last seen to overtake each other.
    overtaken: Option<u64>,
    /// When the peers last had some twice.
    duplicated: Option<u64>,
    /// When something was delivered last.
    progress: Option<u64>,
    last: u64,
}

impl Prefix {
    pub(super) fn new(network: Network) -> Self {
        Self {
            network,
            cwnd: 0,
            seconds: Seconds::default(),
            escrow: Escrow::default(),
            overtaken: None,
            duplicated: None,
            progress: None,
            last: 0,
        }
    }

    /// When it was heard of last, seconds.
    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    /// Takes in news of one of its flows.
    pub(super) fn observe(&mut self, sample: &FlowSample) {
        let at = sample.time_ns / SECOND;
        if sample.reordered > 0 {
            self.overtaken = Some(at);
        }
        if sample.duplicates > 0 {
            self.duplicated = Some(at);
        }
        self.last = self.last.max(at);
        self.cwnd = sample.snd_cwnd;
        // A peer that takes nothing is asked again and again: no loss.
        let shut = sample.snd_wnd < sample.mss;
        let retransmitted = if shut { 0 } else { count(sample.retransmitted) };
        let mut news = Second {
            at,
            retransmitted: 0,
            delivered: count(sample.delivered),
            // One answer cannot lose the acknowledgement of its end twice.
            duplicates: count(sample.duplicates.min(sample.received.max(1))),
            probes: count(
                sample
                    .kinds
                    .tail_loss_probe
                    .saturating_add(sample.kinds.timeout),
            ),
            received: count(sample.received),
        };
        if sample.delivered > 0 {
            for (at, retransmitted) in self.escrow.release(&sample.key, at) {
                self.seconds.add(Second {
                    at,
                    retransmitted,
                    ..Second::default()
                });
            }
            news.retransmitted = retransmitted;
            self.progress = self.progress.max(Some(at));
        } else if retransmitted > 0 {
            self.escrow.hold(sample.key, at, retransmitted);
        }
        let empty = Second {
            at,
            ..Second::default()
        };
        if news != empty {
            self.seconds.add(news);
        }
        if sample.closed {
            self.escrow.drop_flow(&sample.key);
        }
    }

    /// Our segments were seen to overtake each other lately.
    pub(super) fn overtakes(&self, now: u64) -> bool {
        self.overtaken.is_some_and(|at| at + MEMORY_S >= now)
    }

    /// The peers had some twice lately.
    pub(super) fn has_duplicates(&self, now: u64) -> bool {
        self.duplicated.is_some_and(|at| at + MEMORY_S >= now)
    }

    /// Counts over all horizons; see [`Windows::of`].
    pub(super) fn windows(&self, now: u64, since: Option<u64>) -> Windows {
        Windows::of(&self.seconds, now, since)
    }

    /// Its flows are sent to in vain; see [`Escrow::is_stalled`].
    pub(super) fn is_stalled(&self, now: u64) -> bool {
        self.escrow.is_stalled(self.progress, now)
    }

    /// Something waits for progress.
    pub(super) fn waits(&self) -> bool {
        !self.escrow.is_empty()
    }

    /// Seconds from `at` on, the oldest first.
    pub(super) fn since(&self, at: u64) -> impl Iterator<Item = &Second> {
        self.seconds.since(at)
    }

    /// What it counted at a second is still known, if it did; only so many are kept.
    pub(super) fn remembers(&self, at: u64) -> bool {
        self.seconds.reach_back_to(at)
    }

    /// Drops what has waited for progress for too long.
    pub(super) fn forget_waiting(&mut self, now: u64) {
        if !self.escrow.is_empty() {
            self.escrow.forget(now);
        }
    }

    /// Drops the seconds that are too old to count. Whether anything is left to remember.
    pub(super) fn forget(&mut self, now: u64) -> bool {
        self.seconds.forget(now.saturating_sub(MEMORY_S));
        self.last.saturating_add(FORGET_S) >= now
    }

    /// Drops everything before a second: it belongs to an incident that is over.
    pub(super) fn settle(&mut self, before: u64) {
        self.seconds.forget(before);
    }

    /// Drops everything from a second on: it was gathered while the host itself was in trouble.
    pub(super) fn discard(&mut self, from: u64) {
        self.seconds.discard(from);
        self.escrow.clear();
    }
}

fn count(segments: u64) -> u32 {
    u32::try_from(segments).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::quiet;

    fn prefix() -> Prefix {
        Prefix::new(quiet("198.51.100.7").network)
    }

    fn news(second: u64, delivered: u64, retransmitted: u64) -> FlowSample {
        FlowSample {
            time_ns: second * SECOND,
            delivered,
            retransmitted,
            ..quiet("198.51.100.7")
        }
    }

    #[test]
    fn retransmissions_count_when_the_flow_progresses_from_when_they_happened() {
        let mut prefix = prefix();
        prefix.observe(&news(100, 5, 0));
        prefix.observe(&news(101, 0, 1));
        prefix.observe(&news(103, 0, 2));
        assert!(prefix.windows(110, None).fast.retransmitted.abs() < 1e-9);
        assert!(prefix.is_stalled(104));
        prefix.observe(&news(140, 4, 1));
        assert!(!prefix.is_stalled(141));
        let windows = prefix.windows(141, None);
        assert!(windows.fast.retransmitted > 3.5, "{windows:?}");
        assert!(
            (windows.retransmitted_now - 1.0).abs() < 1e-9,
            "{windows:?}"
        );
    }

    #[test]
    fn a_peer_with_a_shut_window_says_nothing() {
        let mut prefix = prefix();
        prefix.observe(&news(100, 5, 0));
        let shut = FlowSample {
            snd_wnd: 10,
            ..news(101, 0, 7)
        };
        prefix.observe(&shut);
        assert!(!prefix.is_stalled(102) && !prefix.waits());
    }

    #[test]
    fn what_the_host_spoiled_is_dropped() {
        let mut prefix = prefix();
        prefix.observe(&news(100, 5, 0));
        prefix.observe(&news(120, 5, 5));
        prefix.observe(&news(121, 0, 5));
        prefix.discard(110);
        let windows = prefix.windows(125, None);
        assert!((windows.fast.trials() - 5.0).abs() < 1e-9 && !prefix.waits());
    }
}
