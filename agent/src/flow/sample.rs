//! What the detector and the windows learn of a flow: news since the last sample.

use std::net::IpAddr;

use edgeghost_common::record::Endpoints;

use crate::path::{Network, PathClass, from_bytes};

/// A flow's identity: both ends in their namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowKey {
    /// This host's address.
    pub local: IpAddr,
    /// The other side's address.
    pub peer: IpAddr,
    /// This host's port.
    pub local_port: u16,
    /// The other side's port.
    pub peer_port: u16,
    /// Inode number of the network namespace.
    pub netns: u32,
}

impl FlowKey {
    /// This host's side.
    pub const fn local(&self) -> Local {
        Local {
            address: self.local,
            netns: self.netns,
        }
    }
}

/// The unit of judgement: an address in its network namespace. Containers may well have equal
/// addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Local {
    /// The address.
    pub address: IpAddr,
    /// Inode number of the network namespace.
    pub netns: u32,
}

impl std::fmt::Display for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.address.fmt(f)
    }
}

impl From<&Endpoints> for FlowKey {
    fn from(ends: &Endpoints) -> Self {
        Self {
            local: from_bytes(ends.local),
            peer: from_bytes(ends.peer),
            local_port: ends.local_port,
            peer_port: ends.peer_port,
            netns: ends.netns,
        }
    }
}

/// Retransmitted segments by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "as in edgeghost_common::record::RetransmitKinds"
)]
pub struct Kinds {
    pub syn: u64,
    pub fast: u64,
    pub timeout: u64,
    pub tail_loss_probe: u64,
}

impl Kinds {
    /// Adds.
    pub const fn add(&mut self, other: &Self) {
        self.syn = self.syn.saturating_add(other.syn);
        self.fast = self.fast.saturating_add(other.fast);
        self.timeout = self.timeout.saturating_add(other.timeout);
        self.tail_loss_probe = self.tail_loss_probe.saturating_add(other.tail_loss_probe);
    }
}

/// News of one flow: about one a second while it is active. Counts are since the last sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, none a state"
)]
pub struct FlowSample {
    /// `CLOCK_MONOTONIC`, nanoseconds.
    pub time_ns: u64,
    /// Which flow.
    pub key: FlowKey,
    /// Which way it goes.
    pub class: PathClass,
    /// Who else shares its fate: the unit of evidence.
    pub network: Network,
    /// Whether its network may vote (translated addresses may not: the path is not ours).
    pub judged: bool,
    /// Segments with payload sent, retransmissions included.
    pub sent: u64,
    /// Segments delivered.
    pub delivered: u64,
    /// Segments sent again.
    pub retransmitted: u64,
    /// Of these, by kind, as far as the programs saw them happen.
    pub kinds: Kinds,
    /// Payload bytes sent, retransmissions included.
    pub bytes_sent: u64,
    /// Payload bytes acknowledged.
    pub bytes_acked: u64,
    /// Payload bytes sent again.
    pub bytes_retransmitted: u64,
    /// SYNs or SYN-ACKs that the handshake took beyond the first; told once, with the first
    /// sample of a flow born under the agent's eyes.
    pub handshake_retransmitted: u32,
    /// Congestion window, segments.
    pub snd_cwnd: u32,
    /// Smallest window since the last sample, segments.
    pub snd_cwnd_min: u32,
    /// Slow-start threshold, segments.
    pub snd_ssthresh: u32,
    /// Smoothed round-trip time, microseconds; 0 before the first measurement.
    pub srtt_us: u32,
    /// Smallest round-trip time of the last minutes, microseconds.
    pub min_rtt_us: u32,
    /// Segments in flight.
    pub packets_out: u32,
    /// The peer's receive window, bytes.
    pub snd_wnd: u32,
    /// Segment size, bytes.
    pub mss: u32,
    /// Connection state, as [`super::state`] names it.
    pub state: u8,
    /// Congestion-avoidance state, as [`super::ca_state`] names it.
    pub ca_state: u8,
    /// Congestion control, NUL-padded.
    pub ca_name: [u8; 16],
    /// Segments with payload received, duplicates included (`data_segs_in`).
    pub received: u64,
    /// Segments received out of order: loss or overtaking on the way in (`rcv_ooopack`).
    pub out_of_order: u64,
    /// Segments that the peer reported to have had before: retransmissions that were not needed
    /// (DSACK, RFC 2883; `dsack_dups`).
    pub duplicates: u64,
    /// Times that our own segments were seen to overtake each other (`reord_seen`).
    pub reordered: u64,
    /// Time that the peer's receive window held us back, milliseconds
    /// (`chrono_stat[TCP_CHRONO_RWND_LIMITED]`).
    pub rwnd_limited_ms: u64,
    /// The handshake has completed.
    pub established: bool,
    /// How long ago it completed, milliseconds, if that was under the agent's eyes.
    pub age_ms: Option<u64>,
    /// The flow had been reported before: the counts are since then.
    pub known: bool,
    /// The application had nothing to send.
    pub app_limited: bool,
    /// The flow is gone.
    pub closed: bool,
}

/// An ordinary flow of 10.1.0.207 in which nothing happened, for unit tests to change; `peer` is
/// private if it begins with `10.`.
#[cfg(test)]
pub(crate) fn quiet(peer: &str) -> FlowSample {
    let class = if peer.starts_with("10.") {
        PathClass::Private
    } else {
        PathClass::Public
    };
    let peer = peer.parse().unwrap();
    FlowSample {
        time_ns: 0,
        key: FlowKey {
            local: IpAddr::from([10, 1, 0, 207]),
            peer,
            local_port: 443,
            peer_port: 40_000,
            netns: 1,
        },
        class,
        network: Network::of(peer, class),
        judged: true,
        sent: 0,
        delivered: 0,
        retransmitted: 0,
        kinds: Kinds::default(),
        bytes_sent: 0,
        bytes_acked: 0,
        bytes_retransmitted: 0,
        handshake_retransmitted: 0,
        snd_cwnd: 10,
        snd_cwnd_min: 10,
        snd_ssthresh: 10,
        srtt_us: 30_000,
        min_rtt_us: 30_000,
        packets_out: 0,
        snd_wnd: 60_000,
        mss: 1_448,
        state: 1,
        ca_state: 0,
        ca_name: [0; 16],
        received: 0,
        out_of_order: 0,
        duplicates: 0,
        reordered: 0,
        rwnd_limited_ms: 0,
        established: true,
        age_ms: None,
        known: true,
        app_limited: false,
        closed: false,
    }
}
