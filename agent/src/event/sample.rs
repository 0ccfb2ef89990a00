//! What the detector is fed with, as it stands in `--record` files and comes back in `replay`.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// The host at a tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SampledHost {
    /// When, nanoseconds; the line's `timestamp` is the same moment on the wall clock.
    pub monotonic_ns: u64,
    /// The stream ends here: judgements are made without a next tick.
    #[serde(default)]
    pub last: bool,
}
