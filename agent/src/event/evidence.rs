//! What the host itself tells of an incident.

use schemars::JsonSchema;
use serde::Serialize;

use super::incident::IncidentState;
use super::remediation::IncidentRef;
use super::window::LocalOnly;

/// `host_evidence`: every diagnostic of the host that somebody would look at by hand, as it was
/// over the incident: when the incident opens, when something changed, and when it closes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct HostEvidence {
    /// The address concerned.
    pub network: LocalOnly,
    /// The incident.
    pub incident: IncidentRef,
    /// What was looked at.
    pub host_evidence: HostEvidenceInfo,
}

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct HostEvidenceInfo {
    /// Inode number of the address's network namespace, as in `/proc/PID/ns/net`.
    pub netns: u32,
    /// Where the incident stands.
    pub state: IncidentState,
    /// Time looked at, seconds: from the onset on, the last ten minutes at most.
    pub window_seconds: f64,
    /// Time before the onset that it is compared with, seconds; 0 if nothing is known of it.
    pub before_seconds: f64,
    /// Diagnostics without a finding.
    pub clean: u32,
    /// Diagnostics that found a fault of the host.
    pub faults: u32,
    /// Diagnostics that found something that is no fault of the host by itself.
    pub noteworthy: u32,
    /// Diagnostics that could not be made.
    pub unknown: u32,
    /// The diagnostics, one each.
    pub findings: Vec<HostFinding>,
}

/// One diagnostic.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct HostFinding {
    /// What was looked at.
    pub check: HostCheck,
    /// What came of it.
    pub state: CheckState,
    /// What was seen, with the numbers; or why it could not be looked at.
    pub value: String,
    /// What that means, in one clause.
    pub meaning: String,
    /// Time looked at, seconds.
    pub window_seconds: f64,
    /// How often it happened, where one number tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The same per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_second: Option<f64>,
    /// The same per second before the onset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_second_before: Option<f64>,
}

/// What can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostCheck {
    /// The driver's own error counters.
    NicDriverCounters,
    /// EC2's network allowances of the instance (ENA).
    Allowances,
    /// Connections that security groups can still track (ENA).
    ConntrackAllowance,
    /// Resets of the device.
    DriverResets,
    /// Errors of the interfaces.
    InterfaceErrors,
    /// Packets that the interfaces dropped.
    InterfaceDrops,
    /// State of the interfaces, and whether their carrier is stable.
    Carrier,
    /// Packets that queueing disciplines dropped.
    QueueDrops,
    /// The way to the internet.
    DefaultRoute,
    /// The way to the public peer that suffers most.
    PeerRoute,
    /// What a firewall of the host drops.
    Firewall,
    /// Packets that the host dropped on their way out, in all.
    LocalDrops,
    /// Retransmissions that did not leave the host (`TCPRetransFail`).
    RetransmissionsFailed,
    /// Packets without a route (`OutNoRoutes`).
    NoRoute,
    /// Retransmissions that found the first copy still queued on the host
    /// (`TCPSpuriousRtxHostQueues`).
    HostQueues,
    /// TCP ran short of memory (`TCPMemoryPressures`, `PruneCalled`).
    MemoryPressure,
    /// Connections that a listening socket had no room for (`ListenOverflows`, `ListenDrops`).
    ListenOverflows,
    /// Segments dropped because the application did not take what had come before
    /// (`TCPBacklogDrop`, `TCPRcvQDrop`, `TCPZeroWindowDrop`).
    ReceiveDrops,
    /// Packets dropped by the reverse path filter (`IPReversePathFilter`).
    ReversePathFilter,
    /// Damaged segments and packets (`InErrs`, `InCsumErrors`, `InHdrErrors`).
    DamagedPackets,
    /// Packets too large for the path (`TCPMTUPFail`, `FragFails`, `Icmp6InPktTooBigs`).
    PathMtu,
    /// Segments sent again (`RetransSegs`).
    TcpRetransmissions,
    /// Retransmission timeouts (`TCPTimeouts`).
    TcpTimeouts,
    /// Retransmissions that were lost themselves (`TCPLostRetransmit`).
    LostRetransmits,
    /// Fast retransmissions (`TCPFastRetrans`).
    FastRetransmits,
    /// Recoveries by SACK that failed (`TCPSackRecoveryFail`).
    SackRecoveryFailures,
    /// Timeouts that turned out to be needless (`TCPSpuriousRTOs`).
    SpuriousTimeouts,
    /// Handshakes that had to be repeated (`TCPSynRetrans`).
    HandshakeRetransmits,
    /// Connections given up (`TCPAbortOnTimeout`).
    ConnectionsGivenUp,
}

impl HostCheck {
    /// As it is published.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NicDriverCounters => "nic_driver_counters",
            Self::Allowances => "allowances",
            Self::ConntrackAllowance => "conntrack_allowance",
            Self::DriverResets => "driver_resets",
            Self::InterfaceErrors => "interface_errors",
            Self::InterfaceDrops => "interface_drops",
            Self::Carrier => "carrier",
            Self::QueueDrops => "queue_drops",
            Self::DefaultRoute => "default_route",
            Self::PeerRoute => "peer_route",
            Self::Firewall => "firewall",
            Self::LocalDrops => "local_drops",
            Self::RetransmissionsFailed => "retransmissions_failed",
            Self::NoRoute => "no_route",
            Self::HostQueues => "host_queues",
            Self::MemoryPressure => "memory_pressure",
            Self::ListenOverflows => "listen_overflows",
            Self::ReceiveDrops => "receive_drops",
            Self::ReversePathFilter => "reverse_path_filter",
            Self::DamagedPackets => "damaged_packets",
            Self::PathMtu => "path_mtu",
            Self::TcpRetransmissions => "tcp_retransmissions",
            Self::TcpTimeouts => "tcp_timeouts",
            Self::LostRetransmits => "lost_retransmits",
            Self::FastRetransmits => "fast_retransmits",
            Self::SackRecoveryFailures => "sack_recovery_failures",
            Self::SpuriousTimeouts => "spurious_timeouts",
            Self::HandshakeRetransmits => "handshake_retransmits",
            Self::ConnectionsGivenUp => "connections_given_up",
        }
    }
}

/// What came of a diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// Nothing found.
    Clean,
    /// The host itself is at fault.
    Fault,
    /// Something that is no fault of the host by itself.
    Noteworthy,
    /// It could not be looked at.
    Unknown,
}
