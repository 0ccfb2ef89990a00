//! Advice.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::window::LocalOnly;

/// `recommendation`: what to do about an incident. edgeghost never does it itself.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Recommendation {
    /// The address concerned.
    pub network: LocalOnly,
    /// The incident it belongs to.
    pub incident: IncidentRef,
    /// The advice.
    pub remediation: Remediation,
}

/// Reference to an incident.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct IncidentRef {
    /// Its id.
    pub id: String,
}

/// Advice that an operator can follow as it stands.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Remediation {
    /// What to do.
    pub action: Action,
    /// In one sentence.
    pub summary: String,
    /// Probability that the address's public path is at fault (see `verdict.confidence`).
    pub confidence: f64,
    /// On what.
    pub target: Target,
    /// Names of the placeholders that stand in the commands because edgeghost could not learn
    /// the value; empty when every command can be pasted.
    pub placeholders: Vec<String>,
    /// Where to run the commands, and why there.
    pub run_from: String,
    /// What to check first; stop if one does not hold.
    pub preconditions: Vec<String>,
    /// What to run, in this order.
    pub commands: Vec<Command>,
    /// What it may cost.
    pub risks: Vec<String>,
    /// How to go back.
    pub rollback: Vec<Command>,
    /// How to tell that it worked.
    pub verification: Vec<String>,
    /// Always false: a human decides.
    pub automatic: bool,
    /// No further advice for this address for so long, seconds.
    pub cooldown_seconds: u64,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Disassociate the Elastic IP and associate it again with the same interface.
    ReassociateElasticIp,
}

/// What the advice is about. What is not known is absent here and a placeholder in the commands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Target {
    /// Address on the interface that the Elastic IP maps to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_ip: Option<IpAddr>,
    /// The Elastic IP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_ip: Option<IpAddr>,
    /// Its allocation id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_id: Option<String>,
    /// Its present association id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub association_id: Option<String>,
    /// The interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interface_id: Option<String>,
    /// The instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// The region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What is named here was read from the instance metadata so long before, seconds; absent
    /// where it was not read there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_seconds_ago: Option<u64>,
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Command {
    /// What it is for and what to expect.
    pub purpose: String,
    /// The command line.
    pub command: String,
    /// Whether it changes anything.
    pub changes: bool,
}
