//! Retransmissions that wait for their flow to progress.
//!
//! A peer that vanished is retransmitted to for minutes and says nothing about the path; one that
//! is hard to reach progresses in the end. Only then do its retransmissions become evidence, each
//! at the moment it happened.

use std::collections::HashMap;

use super::params::{
    MAX_WAITING, MEMORY_S, STALE_ESCROW_S, STALE_SEGMENTS, STALL_ALIVE_S, STALL_MAX_S,
    STALL_SEGMENTS,
};
use crate::flow::FlowKey;

/// Different seconds kept per flow: an exponential back-off from 0.2 s passes 150 s after ten.
const MAX_SECONDS: usize = 16;

/// The flows of one prefix that wait.
#[derive(Debug, Default)]
pub(super) struct Escrow(HashMap<FlowKey, Vec<(u64, u32)>>);

impl Escrow {
    /// Retransmissions of a flow that did not progress.
    pub(super) fn hold(&mut self, key: FlowKey, at: u64, segments: u32) {
        if self.0.len() >= MAX_WAITING && !self.0.contains_key(&key) {
            return;
        }
        let seconds = self.0.entry(key).or_default();
        let room = seconds.len() < MAX_SECONDS;
        match seconds.last_mut() {
            Some((last, sum)) if *last == at || !room => *sum = sum.saturating_add(segments),
            _ => seconds.push((at, segments)),
        }
    }

    /// The flow progressed at second `now`: what waited, with its seconds.
    pub(super) fn release(&mut self, key: &FlowKey, now: u64) -> Vec<(u64, u32)> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let Some(mut seconds) = self.0.remove(key) else {
            return Vec::new();
        };
        let began = seconds.first().map_or(now, |(at, _)| *at);
        if now.saturating_sub(began) >= STALE_ESCROW_S {
            let mut left = STALE_SEGMENTS;
            for (_, segments) in seconds.iter_mut().rev() {
                *segments = left.min(*segments);
                left -= *segments;
            }
            seconds.retain(|(_, segments)| *segments > 0);
        }
        seconds
    }

    /// The flow is gone, and what waited with it.
    pub(super) fn drop_flow(&mut self, key: &FlowKey) {
        self.0.remove(key);
    }

    /// Nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Forgets what waits for too long.
    pub(super) fn forget(&mut self, now: u64) {
        self.0
            .retain(|_, seconds| seconds.first().is_some_and(|(at, _)| at + MEMORY_S >= now));
    }

    /// Some flow has been sent to again and again in vain since the prefix was last heard of, at
    /// `progress`, and that is not so long ago that the peer is simply gone.
    pub(super) fn is_stalled(&self, progress: Option<u64>, now: u64) -> bool {
        let Some(progress) = progress.filter(|_| !self.0.is_empty()) else {
            return false;
        };
        self.0.values().any(|seconds| {
            let began = seconds.first().map_or(0, |(at, _)| *at);
            let segments: u64 = seconds
                .iter()
                .map(|(_, segments)| u64::from(*segments))
                .sum();
            segments >= STALL_SEGMENTS
                && began >= progress
                && began - progress <= STALL_ALIVE_S
                && now.saturating_sub(began) <= STALL_MAX_S
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::random::Random;
    use super::*;
    use crate::flow::quiet;

    #[test]
    fn what_waited_comes_out_at_its_own_seconds_once() {
        let key = quiet("198.51.100.7").key;
        let mut escrow = Escrow::default();
        for (at, segments) in [(10, 1), (10, 1), (12, 1), (20, 3)] {
            escrow.hold(key, at, segments);
        }
        assert_eq!(escrow.release(&key, 30), [(10, 2), (12, 1), (20, 3)]);
        assert!(escrow.release(&key, 30).is_empty());
    }

    #[test]
    fn a_peer_that_was_away_counts_little() {
        let key = quiet("198.51.100.7").key;
        let mut escrow = Escrow::default();
        for at in [10, 11, 13, 40, 100] {
            escrow.hold(key, at, 1);
        }
        assert_eq!(
            escrow.release(&key, 10 + STALE_ESCROW_S),
            [(40, 1), (100, 1)]
        );
    }

    #[test]
    fn a_stall_is_of_a_prefix_that_was_alive_just_before() {
        let key = quiet("198.51.100.7").key;
        let mut escrow = Escrow::default();
        escrow.hold(key, 10, 1);
        escrow.hold(key, 11, 1);
        assert!(!escrow.is_stalled(Some(9), 12), "two may be chance");
        escrow.hold(key, 13, 1);
        assert!(escrow.is_stalled(Some(9), 14));
        assert!(!escrow.is_stalled(Some(11), 14), "heard of since");
        assert!(!escrow.is_stalled(None, 14), "never heard of: a scan");
        assert!(!escrow.is_stalled(Some(9), 10 + STALL_MAX_S + 1), "gone");
    }

    #[test]
    fn flows_and_seconds_are_bounded() {
        let mut escrow = Escrow::default();
        let mut key = quiet("198.51.100.7").key;
        for port in 0..2_000 {
            key.peer_port = port;
            for at in 0..100 {
                escrow.hold(key, at, 1);
            }
        }
        assert_eq!(escrow.0.len(), MAX_WAITING);
        assert!(
            escrow
                .0
                .values()
                .all(|seconds| seconds.len() <= MAX_SECONDS)
        );
        assert!(
            escrow
                .0
                .values()
                .all(|s| s.iter().map(|(_, n)| n).sum::<u32>() == 100)
        );
    }

    #[test]
    fn nothing_comes_out_that_was_not_held_and_never_later_than_it_was() {
        let mut random = Random::new(17);
        for _ in 0..2_000 {
            let mut escrow = Escrow::default();
            let mut key = quiet("198.51.100.7").key;
            let mut held = HashMap::<FlowKey, (u64, u64)>::new();
            let mut now = random.below(100);
            for _ in 0..random.below(80) {
                now += random.below(20);
                key.peer_port = u16::try_from(random.below(4)).unwrap();
                if random.chance(0.8) {
                    let segments = random.below(1_000);
                    escrow.hold(key, now, u32::try_from(segments).unwrap());
                    let (first, sum) = held.entry(key).or_insert((now, 0));
                    *first = now.min(*first);
                    *sum += segments;
                    continue;
                }
                let out = escrow.release(&key, now);
                let (first, sum) = held.remove(&key).unwrap_or((now, 0));
                let released: u64 = out.iter().map(|(_, segments)| u64::from(*segments)).sum();
                assert!(out.is_sorted_by(|a, b| a.0 < b.0), "{out:?}");
                assert!(
                    out.iter().all(|(at, _)| (first..=now).contains(at)),
                    "{out:?}"
                );
                if now - first < STALE_ESCROW_S {
                    assert_eq!(released, sum, "{out:?}");
                } else {
                    assert!(released <= STALE_SEGMENTS.into(), "{out:?}");
                }
            }
        }
    }

    #[test]
    fn more_in_vain_never_ends_a_stall_and_time_does() {
        let mut random = Random::new(18);
        for _ in 0..2_000 {
            let key = quiet("198.51.100.7").key;
            let mut escrow = Escrow::default();
            let progress = random.below(100);
            let mut at = progress + random.below(100);
            let mut was = false;
            let began = at;
            while at <= began + STALL_MAX_S {
                escrow.hold(key, at, u32::try_from(random.below(3)).unwrap());
                let is = escrow.is_stalled(Some(progress), at);
                assert!(is || !was);
                was = is;
                at += 1 + random.below(15);
            }
            assert!(!escrow.is_stalled(Some(progress), began + STALL_MAX_S + 1));
            if was {
                assert!(began - progress <= STALL_ALIVE_S);
            }
        }
    }
}
