//! The published types: every line of the event stream, and the JSON Schema made from them.
//!
//! One event is one JSON object on one line. Dotted paths are OpenTelemetry names where such
//! exist (`network.local.address`, `host.id`); our own live under `tcp`, `path`, `incident`,
//! `remediation` and `agent`. What is not known is absent, never null. A field never changes its
//! type; within one [`SCHEMA_VERSION`] fields are only added.

mod agent;
mod context;
mod detail;
mod envelope;
mod evidence;
mod incident;
mod reload;
mod remediation;
mod sample;
mod sandbox;
pub mod schema;
mod sockets;
mod tcp;
mod time;
mod window;
mod witness;

pub use agent::{
    AgentHealth, AgentStart, AgentStop, ConfigInfo, Ec2Info, Health, KernelFlows, KernelInfo, Lost,
    MapFill, NetnsCount, Probe, ProbeState, ProgramCost, ProgramMissed, RingFill, SinkHealth,
    SinkLoss, SinkState, StartInfo, StopInfo,
};
pub use context::{
    Context, ContextAddress, ContextAssociation, ContextInfo, ContextInterface, ContextSource,
};
pub use detail::{DriverDetail, HostDetail, InterfaceDetail, RouteDetail, RouteKind};
pub use envelope::{Account, Cloud, EventMeta, Host, Line, Service, Severity};
pub use evidence::{CheckState, HostCheck, HostEvidence, HostEvidenceInfo, HostFinding};
pub use incident::{
    Finding, Incident, IncidentInfo, IncidentState, Outcome, Repair, RuledOut, Side, Verdict,
    VerdictInfo, VerdictName, WorstPeer,
};
pub use reload::{ConfigReload, Reload, ReloadInfo, ReloadState};
pub use remediation::{Action, Command, IncidentRef, Recommendation, Remediation, Target};
pub use sample::{
    FlowSample, HostSample, SampledDrops, SampledEnd, SampledEnds, SampledFiltered, SampledFlow,
    SampledHost,
};
pub use sandbox::{Fence, FenceState, SandboxInfo};
pub use sockets::{SnapshotMoment, SnapshotSockets, SocketFigures, SocketProcess, SocketSnapshot};
pub use tcp::{
    CwndDetail, End, IpVersion, Network, PathInfo, RetransmitDetail, RetransmitType, TcpCwnd,
    TcpCwndInfo, TcpRetransmit, TcpRetransmitInfo, TcpSocket,
};
pub use time::Time;
pub use window::{LocalOnly, PathWindow, PeerWindow, Quantiles, RetransmitCounts, WindowInfo};
pub use witness::{
    BothEnds, HopInfo, Hops, HopsDestination, HopsInfo, Witness, WitnessEnd, WitnessInfo,
    WitnessState, WitnessTarget,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of the published types. The minor number grows when a field is added.
pub const SCHEMA_VERSION: &str = "1.0";

/// Longest line in bytes, newline included: container runtimes split longer ones.
pub const MAX_LINE_BYTES: usize = 16 * 1024;

/// What an event is about; the envelope is put around it when it is written.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
#[expect(missing_docs, reason = "each variant is documented at its type")]
pub enum Event {
    AgentStart(Box<AgentStart>),
    AgentStop(AgentStop),
    AgentHealth(Box<AgentHealth>),
    ConfigReload(Box<ConfigReload>),
    TcpRetransmit(TcpRetransmit),
    TcpCwnd(TcpCwnd),
    PathWindow(PathWindow),
    PeerWindow(PeerWindow),
    Verdict(Box<Verdict>),
    Incident(Box<Incident>),
    HostEvidence(Box<HostEvidence>),
    Recommendation(Box<Recommendation>),
    FlowSample(Box<FlowSample>),
    HostSample(HostSample),
    Context(Box<Context>),
    SocketSnapshot(Box<SocketSnapshot>),
    Witness(Box<Witness>),
    Hops(Box<Hops>),
}

/// How soon an event may be dropped when a sink cannot keep up; the greatest goes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Detail of a single retransmission or window change.
    Detail,
    /// Windows: the next one comes in ten seconds.
    Window,
    /// The agent's own life and health, verdicts.
    State,
    /// Incidents and recommendations.
    Alert,
}

impl Event {
    /// Every `event.name` there is.
    pub const NAMES: [&'static str; 18] = [
        "agent_start",
        "agent_stop",
        "agent_health",
        "config_reload",
        "tcp_retransmit",
        "tcp_cwnd",
        "path_window",
        "peer_window",
        "verdict",
        "incident",
        "host_evidence",
        "recommendation",
        "flow_sample",
        "host_sample",
        "context",
        "socket_snapshot",
        "witness",
        "hops",
    ];

    /// `name` as one of [`Self::NAMES`], if it is one.
    pub fn known_name(name: &str) -> Option<&'static str> {
        Self::NAMES.into_iter().find(|known| *known == name)
    }

    /// The `event.name`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AgentStart(_) => "agent_start",
            Self::AgentStop(_) => "agent_stop",
            Self::AgentHealth(_) => "agent_health",
            Self::ConfigReload(_) => "config_reload",
            Self::TcpRetransmit(_) => "tcp_retransmit",
            Self::TcpCwnd(_) => "tcp_cwnd",
            Self::PathWindow(_) => "path_window",
            Self::PeerWindow(_) => "peer_window",
            Self::Verdict(_) => "verdict",
            Self::Incident(_) => "incident",
            Self::HostEvidence(_) => "host_evidence",
            Self::Recommendation(_) => "recommendation",
            Self::FlowSample(_) => "flow_sample",
            Self::HostSample(_) => "host_sample",
            Self::Context(_) => "context",
            Self::SocketSnapshot(_) => "socket_snapshot",
            Self::Witness(_) => "witness",
            Self::Hops(_) => "hops",
        }
    }

    /// When to drop it.
    pub const fn priority(&self) -> Priority {
        match self {
            Self::TcpRetransmit(_) | Self::TcpCwnd(_) => Priority::Detail,
            Self::PathWindow(_)
            | Self::PeerWindow(_)
            | Self::FlowSample(_)
            | Self::HostSample(_) => Priority::Window,
            Self::AgentStart(_)
            | Self::AgentStop(_)
            | Self::AgentHealth(_)
            | Self::ConfigReload(_)
            | Self::Verdict(_)
            | Self::HostEvidence(_)
            | Self::Context(_)
            | Self::Witness(_)
            | Self::Hops(_) => Priority::State,
            Self::Incident(_) | Self::Recommendation(_) | Self::SocketSnapshot(_) => {
                Priority::Alert
            }
        }
    }

    /// Whether the latest of its kind stands at the head of every file of a recording, so that
    /// each file can be read by itself.
    pub const fn heads_files(&self) -> bool {
        matches!(
            self,
            Self::AgentStart(_) | Self::Context(_) | Self::ConfigReload(_)
        )
    }
}
