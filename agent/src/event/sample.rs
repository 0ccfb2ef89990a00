//! What the detector is fed with, as it stands in `--record` files and comes back in `replay`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::detail::HostDetail;
use super::tcp::IpVersion;

/// Of what older recordings do not tell, where that is the ordinary case.
const fn yes() -> bool {
    true
}

/// `flow_sample`: news of one flow, about one a second while it is active.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FlowSample {
    /// Between whom.
    pub network: SampledEnds,
    /// The news.
    pub tcp: SampledFlow,
}

/// Both ends of a sampled flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SampledEnds {
    /// IP version on the wire (an IPv4-mapped IPv6 socket speaks `ipv4`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<IpVersion>,
    /// This host's end.
    pub local: SampledEnd,
    /// The other end.
    pub peer: SampledEnd,
}

/// One end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SampledEnd {
    /// Address; never IPv4-mapped.
    pub address: IpAddr,
    /// Port.
    pub port: u16,
}

/// News of a flow. Counts are since its last sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, none a state"
)]
pub struct SampledFlow {
    /// When, on the clock that `host_sample` ties to the wall clock, nanoseconds.
    pub monotonic_ns: u64,
    /// Inode number of the network namespace.
    pub netns: u32,
    /// Segments with payload sent, retransmissions included.
    pub segments_sent: u64,
    /// Segments delivered.
    pub segments_delivered: u64,
    /// Segments sent again.
    pub segments_retransmitted: u64,
    /// Of these, SYNs.
    #[serde(default)]
    pub retransmitted_syn: u64,
    /// Of these, fast retransmissions.
    #[serde(default)]
    pub retransmitted_fast: u64,
    /// Of these, after a timeout.
    #[serde(default)]
    pub retransmitted_timeout: u64,
    /// Of these, tail loss probes.
    #[serde(default)]
    pub retransmitted_tail_loss_probe: u64,
    /// Segments with payload received, duplicates included.
    #[serde(default)]
    pub segments_received: u64,
    /// Segments received out of order: loss or overtaking on the way in.
    #[serde(default)]
    pub segments_out_of_order: u64,
    /// Segments that the peer reported to have had before: sent again without need (DSACK,
    /// RFC 2883).
    #[serde(default)]
    pub segments_duplicated: u64,
    /// Times that segments sent were seen to overtake each other.
    #[serde(default)]
    pub reordered: u64,
    /// Payload bytes sent, retransmissions included.
    pub bytes_sent: u64,
    /// Payload bytes acknowledged.
    pub bytes_acked: u64,
    /// Payload bytes sent again.
    pub bytes_retransmitted: u64,
    /// SYNs or SYN-ACKs beyond the first that the handshake took; with the first sample of a
    /// flow seen from its beginning.
    #[serde(default)]
    pub handshake_retransmitted: u32,
    /// Congestion window, segments.
    pub snd_cwnd: u32,
    /// Smallest window since the last sample, segments.
    pub snd_cwnd_min: u32,
    /// Slow-start threshold, segments; 2147483647 before the first loss.
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
    /// Connection state, the kernel's number (`include/net/tcp_states.h`).
    pub state: u8,
    /// Congestion-avoidance state, the kernel's number (enum `tcp_ca_state`).
    pub ca_state: u8,
    /// Congestion control, as `cubic`; empty if not known.
    #[serde(default)]
    pub congestion_control: String,
    /// Time that the peer's receive window held this host back, milliseconds.
    #[serde(default)]
    pub rwnd_limited_ms: u64,
    /// The handshake has completed; false for an attempt that failed, too.
    #[serde(default = "yes")]
    pub established: bool,
    /// How long ago it completed, milliseconds; absent if that was before the recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
    /// The flow had a sample before, and the counts are since then; otherwise since its beginning,
    /// or zero for one found in mid-life.
    #[serde(default = "yes")]
    pub known: bool,
    /// The application had nothing to send.
    #[serde(default)]
    pub app_limited: bool,
    /// The flow is gone.
    #[serde(default)]
    pub closed: bool,
}

/// `host_sample`: a tick of the detector, about one a second, after the flow samples that it
/// judges by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HostSample {
    /// The host at this tick.
    pub host_sample: SampledHost,
}

/// The host at a tick. Counts are since the tick before, in the agent's network namespace; what
/// cannot be read, or was reset meanwhile, is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SampledHost {
    /// When, nanoseconds; the line's `timestamp` is the same moment on the wall clock.
    pub monotonic_ns: u64,
    /// The stream ends here: judgements are made without a next tick.
    #[serde(default)]
    pub last: bool,
    /// Packets queued or dropped because the instance exceeded a network allowance (ENA
    /// `*_allowance_exceeded`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowance_exceeded: Option<u64>,
    /// Packets that the host dropped on their way out: `tx_dropped` of all interfaces, and what
    /// their queueing disciplines dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_drops: Option<u64>,
    /// Segments sent, without those sent again (`Tcp: OutSegs`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments_sent: Option<u64>,
    /// Segments sent again (`Tcp: RetransSegs`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments_retransmitted: Option<u64>,
    /// Retransmissions that did not leave the host (`TcpExt: TCPRetransFail`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retransmissions_failed: Option<u64>,
    /// Packets without a route (`Ip: OutNoRoutes`, `Ip6OutNoRoutes`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_route: Option<u64>,
    /// What is read every ten seconds, with the tick that follows the reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<HostDetail>,
    /// Segments that the kernel dropped, by its own reasons (`kfree_skb`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drops: Option<SampledDrops>,
}

/// Segments of established connections (ACK, neither SYN nor RST) that the kernel dropped.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SampledDrops {
    /// By the packet filter (`NETFILTER_DROP`), on their way in.
    #[serde(default)]
    pub filtered_in: u64,
    /// By the packet filter, on their way out.
    #[serde(default)]
    pub filtered_out: u64,
    /// The packet filter's by local address, at most eight; where there are none, the counts above
    /// are taken for each address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<SampledFiltered>,
    /// For other reasons, by the kernel's name without `SKB_DROP_REASON_`; at most sixteen.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, u64>,
}

/// What the packet filter dropped of one local address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SampledFiltered {
    /// The address.
    pub address: IpAddr,
    /// On their way in.
    #[serde(default)]
    pub filtered_in: u64,
    /// On their way out.
    #[serde(default)]
    pub filtered_out: u64,
}
