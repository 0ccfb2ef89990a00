//! What `edgeghost status` is told: one JSON document. What is not known is absent, never null;
//! fields are only added.

use std::collections::BTreeMap;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::event::{
    ContextInfo, Health, KernelInfo, Probe, RetransmitCounts, Time, VerdictName, WindowInfo,
};
use crate::path::PathClass;

/// How things stand.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Status {
    /// When this was put together; the daemon does so once a second.
    pub timestamp: Time,
    /// In one word.
    pub state: State,
    /// The daemon.
    pub agent: AgentStatus,
    /// The instance, its Elastic IPs; absent until something is known of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<ContextInfo>,
    /// Open incidents, the oldest first.
    pub incidents: Vec<OpenIncident>,
    /// Recommendations given in this run, the newest first, at most sixteen.
    pub recommendations: Vec<Advice>,
    /// Local addresses with traffic, the worst verdict first, at most 256.
    pub addresses: Vec<AddressStatus>,
    /// Further ones that there is no room for here.
    #[serde(skip_serializing_if = "is_zero")]
    pub addresses_left_out: usize,
    /// Sums since the start, by local address and path.
    pub totals: Vec<PathTotals>,
    /// Sums since the start by peer, where `metrics.peers` asks for them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<PeerTotals>,
    /// What was counted of the run.
    pub counts: Counts,
    /// How the daemon fares; absent in its first second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// Where events go.
    pub sinks: Vec<SinkStatus>,
}

/// The state of a host in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No incident is open.
    Healthy,
    /// An incident is open.
    Incident,
}

/// The daemon.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AgentStatus {
    /// Its version.
    pub version: &'static str,
    /// Process id.
    pub pid: u32,
    /// As in the events.
    pub run_id: String,
    /// The host's name.
    pub host_name: String,
    /// When it started.
    pub started: Time,
    /// The kernel.
    pub kernel: KernelInfo,
    /// The programs in the kernel.
    pub probes: Vec<Probe>,
    /// Digest of the configuration in force.
    pub config_digest: String,
    /// File that it came from; absent when all is default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_file: Option<String>,
    /// Where it records what the detector is fed with, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording: Option<String>,
}

/// A local address.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AddressStatus {
    /// The address.
    pub address: IpAddr,
    /// Inode number of its network namespace.
    pub netns: u32,
    /// The public address that EC2 maps to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_ip: Option<IpAddr>,
    /// The judgement; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictStatus>,
    /// Its paths over the last window that closed.
    pub paths: Vec<WindowInfo>,
}

/// A judgement.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct VerdictStatus {
    /// The verdict.
    pub name: VerdictName,
    /// Probability of what it says, when it was told.
    pub confidence: f64,
    /// Since when.
    pub since: Time,
}

/// An incident that is open.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OpenIncident {
    /// The same through its life.
    pub id: String,
    /// The address concerned.
    pub address: IpAddr,
    /// Inode number of its network namespace.
    pub netns: u32,
    /// Verdict when it was told of last.
    pub verdict: VerdictName,
    /// When the public path turned bad.
    pub onset: Time,
    /// Probability that the public path of this address is at fault.
    pub confidence: f64,
    /// What was told last.
    pub message: String,
    /// When that was.
    pub updated: Time,
    /// What to do, once that is told: the newest recommendation for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<Advice>,
}

/// A recommendation, as far as one line needs it; all of it is in the events.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Advice {
    /// When it was given.
    pub timestamp: Time,
    /// The address concerned.
    pub address: IpAddr,
    /// The incident it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// What to do, as `reassociate_elastic_ip`.
    pub action: String,
    /// Whether that takes a public address off its interface.
    pub touches_address: bool,
    /// Probability that the address's public path is at fault.
    pub confidence: f64,
    /// In one sentence.
    pub summary: String,
    /// Prints the steps as a script; absent where the address is not touched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
}

/// Sums of the windows that closed since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sums {
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
    /// Retransmitted segments by kind.
    pub retransmits: RetransmitCounts,
    /// Retransmitted segments of no kind that was seen.
    pub retransmits_other: u64,
}

/// Sums of one path of one local address, over all network namespaces that have it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PathTotals {
    /// The address, or `other`: those beyond the bound together.
    pub address: String,
    /// Which way.
    pub class: PathClass,
    /// The sums.
    #[serde(flatten)]
    pub sums: Sums,
}

/// Sums of one peer, over the windows in which it was among those with most retransmissions.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PeerTotals {
    /// This host's address.
    pub address: String,
    /// Which way.
    pub class: PathClass,
    /// The peer's address, or `other`: what the path counted and no peer here did.
    pub peer: String,
    /// Segments that arrived.
    pub segments_delivered: u64,
    /// Segments sent again.
    pub segments_retransmitted: u64,
}

/// What was counted of the run.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Counts {
    /// Incidents opened.
    pub incidents_opened: u64,
    /// Recommendations by action.
    pub recommendations: BTreeMap<String, u64>,
    /// Events told by name, whether or not a sink took them.
    pub events: BTreeMap<&'static str, u64>,
}

/// Where events go.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SinkStatus {
    /// Its path or address, or `stdout`.
    pub name: String,
    /// What it is, as `file`.
    pub kind: &'static str,
    /// Whether it takes events now.
    pub works: bool,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// For how long it has not, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_seconds: Option<f64>,
    /// Lines that it took.
    pub written: u64,
    /// Lines that wait for it.
    pub queued: u64,
    /// Most lines that may wait.
    pub capacity: u64,
    /// Incidents and recommendations on disk that wait for it.
    pub spooled: u64,
    /// Lines that it lost in this run, by event.
    pub lost: BTreeMap<&'static str, u64>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks with a reference"
)]
const fn is_zero(number: &usize) -> bool {
    *number == 0
}
