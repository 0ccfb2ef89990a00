//! Single retransmissions and window changes.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::PathClass;

/// `tcp_retransmit`: the host sent something again.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TcpRetransmit {
    /// Between whom.
    pub network: Network,
    /// Which way.
    pub path: PathInfo,
    /// The socket just afterwards.
    pub tcp: TcpRetransmitInfo,
}

/// `tcp_cwnd`: a congestion window fell to half or to the floor, or came back.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TcpCwnd {
    /// Between whom.
    pub network: Network,
    /// Which way.
    pub path: PathInfo,
    /// The socket now.
    pub tcp: TcpCwndInfo,
}

/// Both ends of a connection.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Network {
    /// Always `tcp`.
    pub transport: &'static str,
    /// IP version on the wire (an IPv4-mapped IPv6 socket speaks `ipv4`).
    pub r#type: IpVersion,
    /// This host's end.
    pub local: End,
    /// The other end.
    pub peer: End,
}

/// IP version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say all")]
pub enum IpVersion {
    Ipv4,
    Ipv6,
}

impl From<IpAddr> for IpVersion {
    fn from(address: IpAddr) -> Self {
        if address.is_ipv4() {
            Self::Ipv4
        } else {
            Self::Ipv6
        }
    }
}

/// One end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct End {
    /// Address.
    pub address: IpAddr,
    /// Port; absent where the event is about an address as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

/// Path of a connection.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PathInfo {
    /// Which way its packets leave.
    pub class: PathClass,
}

/// The socket at a retransmission.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TcpRetransmitInfo {
    /// This retransmission.
    pub retransmit: RetransmitDetail,
    /// The socket.
    #[serde(flatten)]
    pub socket: TcpSocket,
}

/// One retransmission.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RetransmitDetail {
    /// Why.
    pub r#type: RetransmitType,
    /// Segments sent again.
    pub segments: u32,
    /// Payload bytes sent again.
    pub bytes: u64,
}

/// Why a segment was sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetransmitType {
    /// SYN of a connection that this host opens.
    Syn,
    /// SYN-ACK of a connection that a peer opens.
    SynAck,
    /// After duplicate or selective acknowledgements.
    Fast,
    /// After a retransmission timeout (RFC 6298).
    Timeout,
    /// Tail loss probe (RFC 8985).
    TailLossProbe,
}

impl RetransmitType {
    /// In words, for sentences.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Syn => "SYN",
            Self::SynAck => "SYN-ACK",
            Self::Fast => "fast retransmit",
            Self::Timeout => "retransmission timeout",
            Self::TailLossProbe => "tail loss probe",
        }
    }
}

/// The socket at a window change.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TcpCwndInfo {
    /// The change.
    pub cwnd: CwndDetail,
    /// The socket.
    #[serde(flatten)]
    pub socket: TcpSocket,
}

/// One window change.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CwndDetail {
    /// `halved`, `floor` or `recovered`.
    pub change: &'static str,
    /// Window before, segments.
    pub before: u32,
    /// Window after, segments.
    pub after: u32,
}

/// Figures of a socket, as `ss -ti` shows them.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct TcpSocket {
    /// Connection state, as `established`; absent where there is no socket yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// Congestion-avoidance state, as `recovery`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_state: Option<&'static str>,
    /// Congestion window, segments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snd_cwnd: Option<u32>,
    /// Slow-start threshold, segments; absent before the first loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snd_ssthresh: Option<u32>,
    /// Smoothed round-trip time, microseconds; absent before the first measurement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub srtt_us: Option<u32>,
    /// Segments retransmitted in the connection's life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_retrans: Option<u32>,
    /// Payload bytes retransmitted in the connection's life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_retrans: Option<u64>,
    /// Payload bytes acknowledged in the connection's life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_acked: Option<u64>,
    /// Payload bytes sent in the connection's life, retransmissions included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_sent: Option<u64>,
    /// Segments delivered in the connection's life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered: Option<u32>,
    /// Inode number of the network namespace, as in `/proc/PID/ns/net`.
    pub netns: u32,
}
