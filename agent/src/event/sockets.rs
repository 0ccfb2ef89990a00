//! Sockets side by side, when an incident opens and when it closes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::remediation::IncidentRef;
use super::sample::SampledEnd;
use super::window::LocalOnly;

/// `socket_snapshot`: the worst public and the best private connections of an incident's address in
/// the same moment, as `ss -ti` shows them. Follows the incident's `opened` and `closed` line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SocketSnapshot {
    /// The address concerned.
    pub network: LocalOnly,
    /// The incident.
    pub incident: IncidentRef,
    /// The connections.
    pub sockets: SnapshotSockets,
}

/// Connections of both paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SnapshotSockets {
    /// Inode number of the address's network namespace.
    pub netns: u32,
    /// When it was taken.
    pub moment: SnapshotMoment,
    /// How long it took, microseconds.
    pub took_us: u64,
    /// Public connections, the one that suffers most first; at most five.
    pub public: Vec<SocketFigures>,
    /// Private connections, the one that fares best first; at most five.
    pub private: Vec<SocketFigures>,
    /// Why nothing could be read, or not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// When in an incident's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotMoment {
    /// It has just opened.
    Opened,
    /// It has just closed.
    Closed,
}

/// One socket (`struct tcp_info`, `include/uapi/linux/tcp.h`). Totals are since the connection
/// began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SocketFigures {
    /// This host's end.
    pub local: SampledEnd,
    /// The other end.
    pub peer: SampledEnd,
    /// Connection state, as `established`.
    pub state: String,
    /// Congestion-avoidance state, as `recovery`.
    pub ca_state: String,
    /// Congestion control, as `cubic`; absent where the kernel does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub congestion_control: Option<String>,
    /// Congestion window, segments.
    pub snd_cwnd: u32,
    /// Slow-start threshold, segments; absent before the first loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snd_ssthresh: Option<u32>,
    /// Segments in flight.
    pub unacked: u32,
    /// Of these: sent again and not acknowledged yet.
    pub retrans: u32,
    /// Of these: taken for lost.
    pub lost: u32,
    /// Segments sent again.
    pub total_retrans: u32,
    /// Segments delivered.
    pub delivered: u32,
    /// Payload bytes sent, those sent again included.
    pub bytes_sent: u64,
    /// Payload bytes sent again.
    pub bytes_retrans: u64,
    /// Payload bytes acknowledged.
    pub bytes_acked: u64,
    /// Payload bytes received.
    pub bytes_received: u64,
    /// Smoothed round-trip time, microseconds; absent before the first measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub srtt_us: Option<u32>,
    /// Its mean deviation, microseconds; absent with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rttvar_us: Option<u32>,
    /// Smallest round-trip time of the last minutes, microseconds; absent before the first
    /// measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_rtt_us: Option<u32>,
    /// Retransmission timeout, microseconds.
    pub rto_us: u32,
    /// Times that the timeout was doubled.
    pub backoff: u8,
    /// Most recent delivery rate, bytes a second; absent before the first measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_rate_bytes: Option<u64>,
    /// The application had too little to send for that rate to be the path's.
    pub app_limited: bool,
    /// Pacing rate, bytes a second; absent where nothing is paced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pacing_rate_bytes: Option<u64>,
    /// Time with something to send or in flight, microseconds.
    pub busy_us: u64,
    /// Of this: held back by the peer's receive window.
    pub rwnd_limited_us: u64,
    /// Of this: held back by this host's send buffer.
    pub sndbuf_limited_us: u64,
    /// Bytes that wait to be sent or acknowledged.
    pub send_queue_bytes: u32,
    /// User that the socket belongs to.
    pub uid: u32,
    /// Inode number of the socket; 0 when no process has it any more.
    pub inode: u32,
    /// A process that has it; absent where that could not be found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<SocketProcess>,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SocketProcess {
    /// Process id, as the agent sees it.
    pub pid: u32,
    /// Name (`/proc/PID/comm`).
    pub name: String,
}
