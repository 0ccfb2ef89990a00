//! Sums over a window: per local address and path, and per peer.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use super::sample::{FlowSample, Kinds, Local};
use super::table::{FlowTable, Step};
use crate::path::{Network, PathClass};

/// Peers summed apart in one window. Beyond it a peer counts in its path only.
const MAX_PEERS: usize = 16_384;

/// Addresses told apart in one window when peers are counted, on all paths together: a scan of the
/// internet must not fill the memory. Beyond it a path counts the peers that it knows.
const MAX_COUNTED: usize = 131_072;

/// Paths of local addresses summed apart in one window.
const MAX_PATHS: usize = 4_096;

/// Last looks of closed flows kept per path for the quantiles.
const MAX_CLOSED_LOOKS: usize = 8_192;

/// The window that is filling up.
#[derive(Default)]
pub struct Windows {
    number: u64,
    paths: BTreeMap<(Local, PathClass), Gathering>,
    peers: HashMap<(Local, IpAddr), PeerGathering>,
    peers_unsummed: u64,
    /// Peers told apart on all paths.
    counted: usize,
    /// Samples of paths that there was no room for.
    unsummed: u64,
}

#[derive(Default)]
struct Gathering {
    sums: Sums,
    peers: HashSet<IpAddr>,
    networks: HashSet<Network>,
    closed_looks: Vec<(u32, u32)>,
}

struct PeerGathering {
    class: PathClass,
    sums: Sums,
    cwnd_min: Option<u32>,
    last_look: Option<(u32, u32)>,
}

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in FlowSample")]
pub struct Sums {
    pub flows: u32,
    pub sent: u64,
    pub delivered: u64,
    pub retransmitted: u64,
    pub bytes_sent: u64,
    pub bytes_acked: u64,
    pub bytes_retransmitted: u64,
    pub kinds: Kinds,
    /// SYN-ACKs sent again by listeners.
    pub syn_acks: u64,
}

/// One path over a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathSums {
    /// This host's address.
    pub local: Local,
    /// Which way.
    pub class: PathClass,
    /// Peer addresses.
    pub peers: u32,
    /// Independent networks among them.
    pub networks: u32,
    /// The counts.
    pub sums: Sums,
    /// Congestion windows and smoothed round-trip times (microseconds) at the flows' last looks.
    pub looks: Vec<(u32, u32)>,
}

/// One peer over a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerSums {
    /// This host's address.
    pub local: Local,
    /// The peer's.
    pub peer: IpAddr,
    /// Which way.
    pub class: PathClass,
    /// The counts.
    pub sums: Sums,
    /// Smallest congestion window of its flows.
    pub cwnd_min: Option<u32>,
    /// Its most recent flow's window and smoothed round-trip time.
    pub look: Option<(u32, u32)>,
}

impl Windows {
    /// Number of the window that is filling up.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Peers so far that were not summed apart, for want of room.
    pub const fn peers_unsummed(&self) -> u64 {
        self.peers_unsummed
    }

    /// Samples so far of local addresses that were not summed, for want of room.
    pub const fn unsummed(&self) -> u64 {
        self.unsummed
    }

    /// Adds a flow's news.
    pub fn add(&mut self, step: &Step) {
        let sample = &step.sample;
        let counts = self.counted < MAX_COUNTED;
        let Some(path) = self.path(sample.key.local(), sample.class) else {
            return;
        };
        let fresh = counts && path.peers.insert(sample.key.peer);
        if fresh {
            path.networks.insert(sample.network);
        }
        path.sums.add(sample, step.first_in_window);
        if sample.closed && path.closed_looks.len() < MAX_CLOSED_LOOKS {
            path.closed_looks.push((sample.snd_cwnd, sample.srtt_us));
        }
        self.counted += usize::from(fresh);
        if let Some(peer) = self.peer(sample.key.local(), sample.key.peer, sample.class) {
            peer.sums.add(sample, step.first_in_window);
            peer.cwnd_min = Some(
                peer.cwnd_min
                    .map_or(sample.snd_cwnd_min, |min| min.min(sample.snd_cwnd_min)),
            );
            peer.last_look = Some((sample.snd_cwnd, sample.srtt_us));
        }
    }

    /// Adds a SYN-ACK that was sent again.
    pub fn add_syn_ack(&mut self, local: Local, peer: IpAddr, class: PathClass) {
        let Some(path) = self.path(local, class) else {
            return;
        };
        path.sums.syn_acks += 1;
        if let Some(peer) = self.peer(local, peer, class) {
            peer.sums.syn_acks += 1;
        }
    }

    /// Closes the window and begins the next: all paths, and the `peers_max` peers with most
    /// retransmissions (none without any).
    pub fn close(&mut self, table: &FlowTable, peers_max: usize) -> (Vec<PathSums>, Vec<PeerSums>) {
        let number = self.number;
        self.number += 1;
        self.counted = 0;
        let mut looks: HashMap<(Local, PathClass), Vec<(u32, u32)>> = HashMap::new();
        for (key, class, view) in table.looks(number) {
            looks
                .entry((key.local(), class))
                .or_default()
                .push((view.snd_cwnd, view.srtt_us));
        }
        let paths = std::mem::take(&mut self.paths)
            .into_iter()
            .map(|((local, class), gathered)| PathSums {
                local,
                class,
                peers: count(gathered.peers.len()),
                networks: count(gathered.networks.len()),
                sums: gathered.sums,
                looks: {
                    let mut all = looks.remove(&(local, class)).unwrap_or_default();
                    all.extend(gathered.closed_looks);
                    all
                },
            })
            .collect();
        (paths, self.worst_peers(peers_max))
    }

    fn path(&mut self, local: Local, class: PathClass) -> Option<&mut Gathering> {
        let key = (local, class);
        if self.paths.len() >= MAX_PATHS && !self.paths.contains_key(&key) {
            self.unsummed += 1;
            return None;
        }
        Some(self.paths.entry(key).or_default())
    }

    fn worst_peers(&mut self, peers_max: usize) -> Vec<PeerSums> {
        let mut peers: Vec<_> = std::mem::take(&mut self.peers)
            .into_iter()
            .filter(|(_, gathered)| gathered.sums.resent() > 0)
            .map(|((local, peer), gathered)| PeerSums {
                local,
                peer,
                class: gathered.class,
                sums: gathered.sums,
                cwnd_min: gathered.cwnd_min,
                look: gathered.last_look,
            })
            .collect();
        // Sockets before listeners: SYN-ACKs must not change the order of what `replay`, which
        // does not see them, tells as well.
        peers.sort_by_key(|peer| {
            let resent = peer.sums.retransmitted;
            let syn_acks = if resent == 0 { peer.sums.syn_acks } else { 0 };
            (Reverse(resent), Reverse(syn_acks), peer.local, peer.peer)
        });
        peers.truncate(peers_max);
        peers
    }

    fn peer(&mut self, local: Local, peer: IpAddr, class: PathClass) -> Option<&mut PeerGathering> {
        if self.peers.len() >= MAX_PEERS && !self.peers.contains_key(&(local, peer)) {
            self.peers_unsummed += 1;
            return None;
        }
        Some(
            self.peers
                .entry((local, peer))
                .or_insert_with(|| PeerGathering {
                    class,
                    sums: Sums::default(),
                    cwnd_min: None,
                    last_look: None,
                }),
        )
    }
}

impl Sums {
    /// Everything sent again, SYN-ACKs included.
    pub const fn resent(&self) -> u64 {
        self.retransmitted + self.syn_acks
    }

    fn add(&mut self, sample: &FlowSample, first_in_window: bool) {
        self.flows += u32::from(first_in_window);
        self.sent = self.sent.saturating_add(sample.sent);
        self.delivered = self.delivered.saturating_add(sample.delivered);
        self.retransmitted = self.retransmitted.saturating_add(sample.retransmitted);
        self.bytes_sent = self.bytes_sent.saturating_add(sample.bytes_sent);
        self.bytes_acked = self.bytes_acked.saturating_add(sample.bytes_acked);
        self.bytes_retransmitted = self
            .bytes_retransmitted
            .saturating_add(sample.bytes_retransmitted);
        self.kinds.add(&sample.kinds);
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
