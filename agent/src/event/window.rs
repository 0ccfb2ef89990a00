//! Sums over a window: per path, and for peers with retransmissions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tcp::Network;
use crate::path::PathClass;

/// `path_window`: one local address and one path class over one window.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PathWindow {
    /// `local.address` only.
    pub network: LocalOnly,
    /// The sums.
    pub path: WindowInfo,
}

/// `peer_window`: one peer of one local address over one window.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PeerWindow {
    /// Addresses without ports.
    pub network: Network,
    /// The sums.
    pub path: WindowInfo,
}

/// A local address, where no peer is meant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LocalOnly {
    /// This host's end.
    pub local: super::tcp::End,
}

impl LocalOnly {
    /// `address` without a port.
    pub const fn new(address: std::net::IpAddr) -> Self {
        Self {
            local: super::tcp::End {
                address,
                port: None,
            },
        }
    }
}

/// Sums of one window.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WindowInfo {
    /// Which way.
    pub class: PathClass,
    /// Inode number of the network namespace, as in `/proc/PID/ns/net`.
    pub netns: u32,
    /// Length of the window, seconds.
    pub window_seconds: f64,
    /// Flows that were active.
    pub flows: u32,
    /// Peer addresses; of more than 131,072 in one window, on all paths together, only those that
    /// came first.
    pub peers: u32,
    /// Independent networks (/16, /32) among the peers.
    pub networks: u32,
    /// Segments with payload sent, retransmissions included.
    pub segments_sent: u64,
    /// Segments that arrived.
    pub segments_delivered: u64,
    /// Segments sent again.
    pub segments_retransmitted: u64,
    /// Payload bytes sent, retransmissions included.
    pub bytes_sent: u64,
    /// Payload bytes acknowledged.
    pub bytes_acked: u64,
    /// Payload bytes sent again.
    pub bytes_retransmitted: u64,
    /// Retransmitted among retransmitted and delivered segments, 0 to 1: follows the loss rate
    /// on the way out, whatever the congestion control. Absent when nothing moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retransmit_ratio: Option<f64>,
    /// Retransmitted segments by kind.
    pub retransmits: RetransmitCounts,
    /// Flows whose window stands at two segments or less.
    pub collapsed_flows: u32,
    /// Congestion window over the flows' last looks, segments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snd_cwnd: Option<Quantiles>,
    /// Smoothed round-trip time over the flows' last looks, microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub srtt_us: Option<Quantiles>,
}

/// Retransmitted segments by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RetransmitCounts {
    /// SYNs.
    pub syn: u64,
    /// SYN-ACKs, whether or not the handshake completed.
    pub syn_ack: u64,
    /// Fast retransmissions.
    pub fast: u64,
    /// After a timeout.
    pub timeout: u64,
    /// Tail loss probes.
    pub tail_loss_probe: u64,
}

/// Quantiles over flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Quantiles {
    /// Smallest.
    pub min: u32,
    /// Median.
    pub p50: u32,
    /// Nine of ten are at or below.
    pub p90: u32,
    /// Largest.
    pub max: u32,
}
