//! What was counted in each second of one prefix.

use std::collections::VecDeque;

use super::params::SECONDS_KEPT;

/// Counts of one second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Second {
    /// Which, in whole seconds of the samples' clock.
    pub(super) at: u64,
    /// Segments sent again.
    pub(super) retransmitted: u32,
    /// Segments delivered.
    pub(super) delivered: u32,
    /// Of those sent again: reported by the peer as not needed.
    pub(super) duplicates: u32,
    /// Of those sent again: because nothing was heard (tail loss probes, timeouts).
    pub(super) probes: u32,
    /// Segments received.
    pub(super) received: u32,
}

/// Seconds with traffic, in order of time; bounded, the oldest making room.
#[derive(Debug)]
pub(super) struct Seconds {
    of: VecDeque<Second>,
    /// Before this, nothing tells of the way in.
    inbound_from: u64,
}

impl Default for Seconds {
    fn default() -> Self {
        Self {
            of: VecDeque::new(),
            inbound_from: u64::MAX,
        }
    }
}

impl Seconds {
    /// Adds to a second, which need not be the newest: retransmissions become evidence only when
    /// their flow progresses, and then count from when they happened.
    pub(super) fn add(&mut self, news: Second) {
        if news.is_inbound() {
            self.inbound_from = self.inbound_from.min(news.at);
        }
        let place = self.of.iter().rposition(|second| second.at <= news.at);
        match place.and_then(|place| self.of.get_mut(place)) {
            Some(second) if second.at == news.at => second.merge(&news),
            _ => {
                if self.of.len() >= SECONDS_KEPT {
                    self.of.pop_front();
                }
                // The place is found anew, for the front may be gone.
                let place = self.of.partition_point(|second| second.at < news.at);
                self.of.insert(place, news);
            }
        }
    }

    /// Nothing before this second tells of the way in.
    pub(super) const fn inbound_from(&self) -> u64 {
        self.inbound_from
    }

    /// The newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Second> {
        self.of.iter().rev()
    }

    /// From a second on, the oldest first.
    pub(super) fn since(&self, at: u64) -> impl Iterator<Item = &Second> {
        let from = self.of.partition_point(|second| second.at < at);
        self.of.range(from..)
    }

    /// Drops everything before a second.
    pub(super) fn forget(&mut self, before: u64) {
        while self.of.front().is_some_and(|second| second.at < before) {
            self.of.pop_front();
        }
    }

    /// Drops everything from a second on.
    pub(super) fn discard(&mut self, from: u64) {
        let keep = self.of.partition_point(|second| second.at < from);
        self.of.truncate(keep);
    }

    /// Nothing from a second on has made room for what came later.
    pub(super) fn reach_back_to(&self, at: u64) -> bool {
        self.of.len() < SECONDS_KEPT || self.of.front().is_some_and(|oldest| oldest.at <= at)
    }

    /// Seconds kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.of.len()
    }
}

impl Second {
    /// It tells of the way in.
    const fn is_inbound(&self) -> bool {
        self.received > 0 || self.duplicates > 0 || self.probes > 0
    }

    fn merge(&mut self, news: &Self) {
        self.retransmitted = self.retransmitted.saturating_add(news.retransmitted);
        self.delivered = self.delivered.saturating_add(news.delivered);
        self.duplicates = self.duplicates.saturating_add(news.duplicates);
        self.probes = self.probes.saturating_add(news.probes);
        self.received = self.received.saturating_add(news.received);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(at: u64, retransmitted: u32) -> Second {
        Second {
            at,
            retransmitted,
            ..Second::default()
        }
    }

    #[test]
    fn what_comes_late_stands_where_it_happened() {
        let mut seconds = Seconds::default();
        for at in [5, 7, 9, 6, 7, 4] {
            seconds.add(second(at, 1));
        }
        let seen: Vec<_> = seconds
            .newest_first()
            .map(|s| (s.at, s.retransmitted))
            .collect();
        assert_eq!(seen, [(9, 1), (7, 2), (6, 1), (5, 1), (4, 1)]);
        assert_eq!(seconds.since(6).next().map(|s| s.at), Some(6));
        seconds.forget(5);
        seconds.discard(7);
        let seen: Vec<_> = seconds.newest_first().map(|s| s.at).collect();
        assert_eq!(seen, [6, 5]);
    }

    #[test]
    fn memory_is_bounded_and_the_newest_stay() {
        let mut seconds = Seconds::default();
        for at in 0..10_000 {
            seconds.add(second(at, 1));
        }
        assert_eq!(seconds.len(), SECONDS_KEPT);
        assert_eq!(seconds.newest_first().next().map(|s| s.at), Some(9_999));
        let oldest = 10_000 - SECONDS_KEPT as u64;
        assert!(seconds.reach_back_to(oldest) && !seconds.reach_back_to(oldest - 1));
    }
}
