//! The configuration: TOML, every key optional, every mistake refused by name.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ec2::{self, Endpoint};

mod depth;
mod difference;
mod document;
mod load;
mod metrics;
mod otlp;
mod read;
mod sandbox;
mod sinks;
mod status;
mod suggest;
mod witness;

pub use difference::Change;
pub use load::{DEFAULT_FILE, Sources};
pub use metrics::{Listen, Metrics};
pub use otlp::{Collector, Otlp, Site};
pub use read::ConfigError;
pub use sandbox::{Sandbox, UseLandlock, UseSeccomp};
pub use sinks::{Kind, Sink, Sinks, Spool};
pub use status::Status;
pub use witness::Witness;

/// All settings, with their defaults.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What the kernel half reports.
    pub report: Report,
    /// Sums over time.
    pub window: Window,
    /// Bounds on what is kept per flow.
    pub flows: Flows,
    /// What counts as private, and which peers count as one.
    pub path: PathClasses,
    /// The instance metadata.
    pub ec2: Ec2,
    /// Judgement.
    pub detect: Detect,
    /// The agent about itself.
    pub health: Health,
    /// Bounds of a recording (`--record`).
    pub record: Record,
    /// The socket that `edgeghost status` asks.
    pub status: Status,
    /// Metrics to be scraped; off by default.
    pub metrics: Metrics,
    /// Export to an OpenTelemetry collector; off by default, and only in a program that was built
    /// with the cargo feature `otlp`.
    pub otlp: Otlp,
    /// Connections of the agent's own when an address is suspect; off by default.
    pub witness: Witness,
    /// What the agent takes from itself once its programs run.
    pub sandbox: Sandbox,
    /// Outputs: where events go. Write one such section for each; without any, events go to
    /// standard output.
    #[schemars(with = "Vec<Sink>")]
    pub sinks: Sinks,
    /// Incidents and recommendations that an output cannot take.
    pub spool: Spool,
}

/// What the kernel half reports.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Report {
    /// A flow reports at most once in so many seconds (0.1 to 60).
    pub interval_seconds: f64,
    /// Single retransmissions and window changes told per second and CPU; beyond it they are
    /// counted, not told. 0 tells none. The sums stay exact either way.
    pub detail_records_per_second: u32,
    /// How many may come at once (1 to 1000000).
    pub detail_burst: u32,
}

/// Sums over time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Window {
    /// Length of a window (1 to 3600).
    pub seconds: f64,
    /// Peers told per window: those with most retransmissions (0 to 10000).
    pub peers_max: u32,
}

/// Where the kernel half keeps the state of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KernelState {
    /// In its socket, where the kernel can.
    Auto,
    /// In a hash.
    Hash,
}

/// Bounds on what is kept per flow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Flows {
    /// Where the kernel half keeps the state of a flow: `auto`, in the socket itself where the
    /// kernel can (5.11), about 750 bytes that come and go with it; `hash`, always in a hash of
    /// `kernel_max` entries.
    pub kernel_state: KernelState,
    /// Flows that a hash in the kernel keeps state for (about 190 bytes of kernel memory each, used
    /// or not; 128 to 16777216).
    pub kernel_max: u32,
    /// Flows that the agent keeps state for (about 300 bytes each, when used; 128 to 16777216).
    pub table_max: u32,
}

/// What counts as private, and which peers count as one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PathClasses {
    /// Networks reached without the internet gateway although their addresses are public: a VPC
    /// in public address space, a peering, Direct Connect, a VPN.
    #[schemars(with = "Vec<String>")]
    pub private_cidrs: Vec<IpNet>,
    /// Files that tell which autonomous system announces an address, as CAIDA's `RouteViews`
    /// `pfx2as`, compressed or not. Without any, peers count as one network by /16 and /32.
    #[serde(deserialize_with = "read::one_or_more")]
    #[schemars(with = "Vec<PathBuf>")]
    pub as_table: Vec<PathBuf>,
    /// File of the ranges that AWS publishes as its own, `ip-ranges.json`, compressed or not. It is
    /// read anew when it changes. Empty for none: then AWS's addresses are like any.
    pub aws_ranges: PathBuf,
}

/// The instance metadata (IMDSv2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ec2 {
    /// Whether to ask for it: `auto`, or `off`.
    pub metadata: UseMetadata,
    /// Where it is; each is tried in turn.
    #[schemars(with = "Vec<String>")]
    pub endpoints: Vec<Endpoint>,
    /// How often it is read (1 to 3600); every 5 s while an incident is open, and before advice.
    pub refresh_seconds: f64,
}

/// Whether to ask for the instance metadata.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UseMetadata {
    /// Where it answers.
    #[default]
    Auto,
    /// Never.
    Off,
}

/// Judgement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Detect {
    /// The public side must have looked bad for so long before anything is advised: shorter
    /// disturbances pass by themselves (1 to 3600).
    pub confirm_seconds: f64,
    /// The verdict itself must have stood for so long before anything is advised (1 to 3600).
    pub hold_seconds: f64,
    /// The public side must be well for so long before an incident is closed (1 to 3600).
    pub recovered_seconds: f64,
    /// No second advice of the same kind for an address within so many seconds; a collapse that
    /// comes meanwhile gets the next step, once.
    pub cooldown_seconds: u64,
    /// Advice that touches an address, so often in 24 hours at most (1 to 100).
    pub advices_a_day: u32,
    /// A verdict that is no collapse must have stood for so long before it is said what to do about
    /// it; `client_side` and `public_suspect` two and a half times as long (1 to 86400).
    pub counsel_seconds: f64,
}

/// The agent about itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Health {
    /// Time between two `agent_health` (1 to 3600).
    pub seconds: f64,
}

/// Bounds of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Record {
    /// A file is closed, and the next begun, when it has so many MiB, compressed (1 to 4096).
    pub file_mebibytes: u32,
    /// Files kept, the one that is being written included (1 to 1000).
    pub files: u32,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            file_mebibytes: 64,
            files: 8,
        }
    }
}

impl Default for Report {
    fn default() -> Self {
        Self {
            interval_seconds: 1.0,
            detail_records_per_second: 500,
            detail_burst: 1_000,
        }
    }
}

impl Default for Window {
    fn default() -> Self {
        Self {
            seconds: 10.0,
            peers_max: 20,
        }
    }
}

impl Default for Flows {
    fn default() -> Self {
        Self {
            kernel_state: KernelState::Auto,
            kernel_max: edgeghost_common::limits::MAX_FLOWS,
            table_max: 65_536,
        }
    }
}

impl Default for Ec2 {
    fn default() -> Self {
        Self {
            metadata: UseMetadata::Auto,
            endpoints: Endpoint::DEFAULT.to_vec(),
            refresh_seconds: 60.0,
        }
    }
}

impl Ec2 {
    /// In the terms of who follows it.
    pub fn settings(&self) -> ec2::Settings {
        ec2::Settings {
            endpoints: match self.metadata {
                UseMetadata::Auto => self.endpoints.clone(),
                UseMetadata::Off => Vec::new(),
            },
            refresh: Duration::from_secs_f64(self.refresh_seconds),
        }
    }
}

impl Default for Detect {
    fn default() -> Self {
        Self {
            confirm_seconds: 55.0,
            hold_seconds: 20.0,
            recovered_seconds: 120.0,
            cooldown_seconds: 21_600,
            advices_a_day: 3,
            counsel_seconds: 120.0,
        }
    }
}

impl Default for Health {
    fn default() -> Self {
        Self { seconds: 60.0 }
    }
}
