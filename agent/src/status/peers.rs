//! Sums since the start by peer, where somebody asks for them: few peers at a time, the rest of
//! each path as `other`.
//!
//! `other` takes what a path counted and no peer of its own did, so the sum over the peers of a
//! path is always the path's own. A peer that was not told of for a while ends its series, and
//! `other` does not take its sums: that would look like a burst. Its sums are remembered, and go
//! on should it come back, so that no series jumps back.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::document::PeerTotals;
use super::totals::OTHER;
use crate::event::WindowInfo;
use crate::path::PathClass;

/// So many peers that are gone are remembered for each that may be told of.
const REMEMBERED: usize = 16;

/// Paths whose `other` is kept at most.
const MAX_PATHS: usize = 1_024;

/// How many peers, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerBounds {
    /// Peers told of at the same time.
    pub most: usize,
    /// A peer's series ends when it was not told of for so long, nanoseconds.
    pub ttl_ns: u64,
}

type Path = (IpAddr, PathClass);

/// Sums by peer.
#[derive(Debug)]
pub(super) struct Peers {
    bounds: PeerBounds,
    known: BTreeMap<(Path, IpAddr), Peer>,
    other: BTreeMap<Path, Pair>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    delivered: u64,
    retransmitted: u64,
}

#[derive(Debug, Clone, Copy)]
struct Peer {
    sums: Pair,
    told_ns: u64,
    live: bool,
}

impl Peers {
    pub(super) const fn new(bounds: PeerBounds) -> Self {
        Self {
            bounds,
            known: BTreeMap::new(),
            other: BTreeMap::new(),
        }
    }

    /// A path's window; those of its peers follow.
    pub(super) fn path(&mut self, address: IpAddr, window: &WindowInfo) {
        let path = (address, window.class);
        if self.other.len() < MAX_PATHS || self.other.contains_key(&path) {
            let other = self.other.entry(path).or_default();
            other.delivered += window.segments_delivered;
            other.retransmitted += window.segments_retransmitted;
        }
    }

    /// The window of one of its peers.
    pub(super) fn peer(&mut self, address: IpAddr, peer: IpAddr, window: &WindowInfo, now_ns: u64) {
        let path = (address, window.class);
        let key = (path, peer);
        let live = self.known.values().filter(|peer| peer.live).count();
        let known = self.known.get(&key);
        let room = known.is_some_and(|peer| peer.live) || live < self.bounds.most;
        let Some(other) = self.other.get_mut(&path).filter(|_| room) else {
            return;
        };
        other.delivered = other.delivered.saturating_sub(window.segments_delivered);
        other.retransmitted = other
            .retransmitted
            .saturating_sub(window.segments_retransmitted);
        if known.is_none() && self.known.len() >= self.bounds.most * (1 + REMEMBERED) {
            self.forget_one();
        }
        let peer = self.known.entry(key).or_insert(Peer {
            sums: Pair::default(),
            told_ns: now_ns,
            live: true,
        });
        peer.sums.delivered += window.segments_delivered;
        peer.sums.retransmitted += window.segments_retransmitted;
        peer.told_ns = now_ns;
        peer.live = true;
    }

    /// Ends the series of those that were not told of for long.
    pub(super) fn expire(&mut self, now_ns: u64) {
        for peer in self.known.values_mut() {
            peer.live &= now_ns.saturating_sub(peer.told_ns) < self.bounds.ttl_ns;
        }
    }

    /// Forgets the one that has been gone longest. Should it ever come back, its series begins
    /// anew at 0.
    fn forget_one(&mut self) {
        let gone = self.known.iter().filter(|(_, peer)| !peer.live);
        let longest = gone
            .min_by_key(|(_, peer)| peer.told_ns)
            .map(|(key, _)| *key);
        if let Some(key) = longest {
            self.known.remove(&key);
        }
    }

    /// As published.
    pub(super) fn document(&self) -> Vec<PeerTotals> {
        let live = self.known.iter().filter(|(_, peer)| peer.live);
        let named = live.map(|((path, peer), known)| (*path, peer.to_string(), known.sums));
        let other = self
            .other
            .iter()
            .map(|(path, sums)| (*path, OTHER.to_owned(), *sums));
        named
            .chain(other)
            .map(|((address, class), peer, sums)| PeerTotals {
                address: address.to_string(),
                class,
                peer,
                segments_delivered: sums.delivered,
                segments_retransmitted: sums.retransmitted,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::sample::window;
    use super::*;

    const HOST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const BOUNDS: PeerBounds = PeerBounds {
        most: 2,
        ttl_ns: 100,
    };

    fn peer(last: u8) -> IpAddr {
        [198, 51, 100, last].into()
    }

    /// A window of a path of 100 segments, of which the peers given lost so many each.
    fn close(peers: &mut Peers, now_ns: u64, lost: &[(u8, u64)]) {
        let all = lost.iter().map(|(_, lost)| lost).sum::<u64>() + 5;
        peers.expire(now_ns);
        peers.path(HOST, &window(PathClass::Public, 100, all));
        for (last, lost) in lost {
            let window = window(PathClass::Public, 10, *lost);
            peers.peer(HOST, peer(*last), &window, now_ns);
        }
        peers.expire(now_ns);
    }

    fn lost(peers: &Peers) -> BTreeMap<String, u64> {
        let told = peers.document().into_iter();
        told.map(|told| (told.peer, told.segments_retransmitted))
            .collect()
    }

    #[test]
    fn the_sum_over_the_peers_is_the_path() {
        let mut peers = Peers::new(BOUNDS);
        close(&mut peers, 1, &[(1, 10), (2, 20), (3, 30)]);
        close(&mut peers, 2, &[(3, 30), (1, 1)]);
        let told = lost(&peers);
        assert_eq!(told.values().sum::<u64>(), 65 + 36, "{told:?}");
        assert_eq!(told["198.51.100.1"], 11);
        assert_eq!(told["198.51.100.2"], 20);
        assert!(!told.contains_key("198.51.100.3"), "no room: {told:?}");
        let delivered: u64 = peers.document().iter().map(|t| t.segments_delivered).sum();
        assert_eq!(delivered, 200);
    }

    #[test]
    fn no_series_jumps_back_when_peers_go_and_come() {
        let mut peers = Peers::new(BOUNDS);
        close(&mut peers, 0, &[(1, 10), (2, 20)]);
        let before = lost(&peers);
        close(&mut peers, 150, &[(2, 1)]);
        let without = lost(&peers);
        assert!(!without.contains_key("198.51.100.1"), "{without:?}");
        assert_eq!(without[OTHER], before[OTHER] + 5, "it takes nothing over");
        close(&mut peers, 200, &[(3, 7)]);
        assert_eq!(lost(&peers)["198.51.100.3"], 7, "there is room again");
        close(&mut peers, 400, &[(1, 4)]);
        assert_eq!(lost(&peers)["198.51.100.1"], 14, "it goes on");
    }

    #[test]
    fn a_thousand_peers_stay_within_the_bound() {
        let mut peers = Peers::new(BOUNDS);
        let mut time = 0;
        for a in 0..4_u8 {
            for b in 0..250_u8 {
                time += 60;
                let window = window(PathClass::Public, 10, 1);
                peers.path(HOST, &window);
                peers.peer(HOST, [198, 51, a, b].into(), &window, time);
                peers.expire(time);
                assert!(lost(&peers).len() <= BOUNDS.most + 1);
            }
        }
        assert!(peers.known.len() <= BOUNDS.most * (1 + REMEMBERED));
    }
}
