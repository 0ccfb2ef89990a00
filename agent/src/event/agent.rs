//! The agent about itself.

use schemars::JsonSchema;
use serde::Serialize;

use super::{ContextSource, SandboxInfo};

/// `agent_start`: first line of a run.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AgentStart {
    /// The agent.
    pub agent: StartInfo,
}

/// How the agent starts.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StartInfo {
    /// Process id.
    pub pid: u32,
    /// The kernel.
    pub kernel: KernelInfo,
    /// The programs in the kernel.
    pub probes: Vec<Probe>,
    /// The configuration.
    pub config: ConfigInfo,
    /// What is known of EC2.
    pub ec2: Ec2Info,
    /// What the agent took from itself; absent in recordings of simulations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxInfo>,
}

/// The kernel.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct KernelInfo {
    /// `uname -r`.
    pub release: String,
    /// `uname -m`.
    pub machine: String,
    /// Optional fields that this kernel does not have.
    pub missing_fields: Vec<String>,
}

/// One program.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Probe {
    /// Tracepoint.
    pub name: String,
    /// How it is.
    pub state: ProbeState,
    /// Why it is not attached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// State of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProbeState {
    /// Running.
    Attached,
    /// This kernel does not have what the program needs; the agent does without.
    Unsupported,
    /// It should run and does not.
    Failed,
}

/// Configuration in force.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConfigInfo {
    /// FNV-1a of the effective configuration, 16 hex digits: equal digests, equal configuration.
    pub digest: String,
    /// File it came from; absent when all is default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// All of it, as TOML.
    pub toml: String,
}

/// What is known of EC2.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Ec2Info {
    /// Whether the instance metadata was read; while it is not, advice carries placeholders. What
    /// it said is in `context` events.
    pub context: bool,
    /// Where what is known comes from.
    pub source: ContextSource,
    /// Why the metadata was not read: `off`, `waiting` (it may come yet), `disabled`, `timed_out`,
    /// `unreachable`, `refused`, `failed` or `strange`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absence: Option<String>,
    /// The same in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `agent_stop`: last line of a run.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AgentStop {
    /// The agent.
    pub agent: StopInfo,
}

/// How the agent ended.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StopInfo {
    /// Why, as `SIGTERM`.
    pub reason: String,
    /// Length of the run, seconds.
    pub uptime_seconds: f64,
    /// Events written, this one included.
    pub events: u64,
    /// Records and events lost in the run, by reason.
    pub lost: Vec<Lost>,
    /// Retransmissions by network namespace, as in [`Health::netns`].
    pub netns: Vec<NetnsCount>,
}

/// `agent_health`: every minute, and when something was lost.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AgentHealth {
    /// The agent.
    pub agent: Health,
}

/// How the agent fares.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Health {
    /// Since the start, seconds.
    pub uptime_seconds: f64,
    /// What was lost, by reason; empty when nothing was.
    pub lost: Vec<Lost>,
    /// Records received from the kernel.
    pub records_received: u64,
    /// Records that could not be decoded.
    pub records_undecodable: u64,
    /// Flows in the kernel: born, found in mid-life, left out as loopback.
    pub flows_born: u64,
    /// See `flows_born`.
    pub flows_found: u64,
    /// See `flows_born`.
    pub flows_loopback: u64,
    /// Flow table of the user half.
    pub flow_table: MapFill,
    /// The kernel half's hash of flows; absent where the state of a flow is in its socket, which
    /// nothing can fill, and until it was counted for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_flows: Option<KernelFlows>,
    /// Events waiting for the sinks, all together.
    pub queue: MapFill,
    /// The ring buffer between the kernel and the agent; absent where the kernel does not show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring: Option<RingFill>,
    /// How each sink fares.
    pub sinks: Vec<SinkHealth>,
    /// Reports per flow come at most this often, seconds.
    pub report_interval_seconds: f64,
    /// Cost of each program; absent where the kernel keeps no run statistics.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<ProgramCost>,
    /// Runs that the kernel left out, for the program was at work on that CPU already; absent when
    /// there were none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub programs_missed: Vec<ProgramMissed>,
    /// Retransmissions by network namespace, at most 64.
    pub netns: Vec<NetnsCount>,
    /// Own CPU time since the start, user and system, seconds.
    pub cpu_seconds: f64,
    /// Own resident memory, bytes.
    pub memory_bytes: u64,
}

/// How a sink fares.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SinkHealth {
    /// `stdout`, `file`, `unix-datagram`, `unix-stream`, or, where an OpenTelemetry collector gets
    /// them, `otlp-logs` or `otlp-metrics`.
    pub kind: String,
    /// File or socket; absent for standard output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether it takes events.
    pub state: SinkState,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// For how long it does not, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_seconds: Option<f64>,
    /// Events that it took in the whole run.
    pub written: u64,
    /// Of these: incidents and recommendations that were kept on disk before.
    pub delivered_late: u64,
    /// Incidents and recommendations on disk that wait for it.
    pub spooled: u64,
    /// Events waiting for it in memory.
    pub queue: MapFill,
    /// Events that it never got, by name; empty when there were none.
    pub lost: Vec<SinkLoss>,
}

/// Whether a sink takes events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SinkState {
    /// It does.
    Working,
    /// It does not; it is tried again and again.
    Failing,
    /// It never will: standard output has no reader any more.
    Closed,
}

/// Events that a sink never got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SinkLoss {
    /// Their name.
    pub event: String,
    /// How many, in the whole run.
    pub total: u64,
}

/// A loss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Lost {
    /// What and why, as `tcp_retransmit.rate_limited`.
    pub reason: String,
    /// Since the last `agent_health`.
    pub count: u64,
    /// In the whole run.
    pub total: u64,
    /// The part of `total` that each CPU lost; absent for losses outside the kernel.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by_cpu: Vec<u64>,
}

/// How full something bounded is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MapFill {
    /// Entries now.
    pub used: u64,
    /// Bound.
    pub capacity: u64,
    /// Entries that had to make room, or were refused, in the whole run.
    pub evicted: u64,
}

/// How full the kernel half's hash of flows was when it was counted last, which goes on bit by bit.
/// Full, it lets go of the flows that were quiet longest without telling, and finds them again in
/// mid-life (`flows_found`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KernelFlows {
    /// Entries.
    pub used: u64,
    /// Bound, `flows.kernel_max`. The kernel lets go of entries somewhat before it.
    pub capacity: u64,
}

/// How full the ring buffer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RingFill {
    /// Bytes that waited, at its fullest since the last `agent_health`.
    pub fullest_bytes: u64,
    /// Bytes that fit.
    pub capacity_bytes: u64,
}

/// Runs that were left out of one program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProgramMissed {
    /// Tracepoint.
    pub name: String,
    /// Runs left out since it was loaded.
    pub runs: u64,
}

/// Cost of one program.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ProgramCost {
    /// Tracepoint.
    pub name: String,
    /// Runs since it was loaded.
    pub runs: u64,
    /// Mean time of a run, nanoseconds, the kernel's own timing included.
    pub ns_per_run: f64,
}

/// Retransmissions of one network namespace since the programs were attached. `segments` plus
/// `syn_acks` equal the growth of the namespace's `RetransSegs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NetnsCount {
    /// Inode number, as in `/proc/PID/ns/net`.
    pub netns: u32,
    /// Segments retransmitted on sockets.
    pub segments: u64,
    /// Payload bytes retransmitted.
    pub bytes: u64,
    /// SYN-ACKs retransmitted.
    pub syn_acks: u64,
    /// Of `segments`: those that the host itself could not send.
    pub failed: u64,
}
