//! Advice.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::incident::{Finding, RuledOut};
use super::window::LocalOnly;

/// `recommendation`: what to do about an incident, or about a verdict that stands. edgeghost never
/// does it itself.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Recommendation {
    /// The address concerned.
    pub network: LocalOnly,
    /// The incident it belongs to; absent when none is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentRef>,
    /// The advice.
    pub remediation: Remediation,
}

/// Reference to an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentRef {
    /// Its id.
    pub id: String,
}

/// Advice that an operator can follow as it stands.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Remediation {
    /// What to do.
    pub action: Action,
    /// Whether the commands, run as they stand, take a public address off its interface and put it
    /// back. Only a `public_only_collapse` leads to such advice.
    pub touches_address: bool,
    /// The row of the decision table that fits, as `elastic_ip` or `repeated`.
    pub situation: String,
    /// In one sentence.
    pub summary: String,
    /// What is thought to be so, and how far that can be known.
    pub hypothesis: String,
    /// Probability that the address's public path is at fault (see `verdict.confidence`).
    pub confidence: f64,
    /// What speaks for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Finding>,
    /// What speaks against other causes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ruled_out: Vec<RuledOut>,
    /// What cannot be seen from inside the host, and may be so.
    pub not_seen: Vec<String>,
    /// What following the advice affects, and what it leaves alone.
    pub blast_radius: String,
    /// What it costs if the hypothesis is wrong.
    pub cost_if_wrong: String,
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
    /// Prints these steps as one guarded shell script; absent where the address is not touched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// Always false: a human decides.
    pub automatic: bool,
    /// No further advice of this kind for this address for so long, seconds.
    pub cooldown_seconds: u64,
}

/// What to do. Only the first two touch an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Disassociate the Elastic IP and associate it again with the same interface.
    ReassociateElasticIp,
    /// The same; but first find out which address it is, for the metadata does not tell.
    FindAddressThenReassociate,
    /// The address stands in for a service that manages it: leave it to that service.
    LeaveManagedAddress,
    /// The host has no public address: its traffic leaves through somebody else's, as a NAT
    /// gateway's.
    LookAtNatGateway,
    /// IPv6 has no mapping that could be renewed: report the path.
    ReportIpv6Path,
    /// Other public addresses are bad too: a wider fault, for AWS.
    ReportWiderFault,
    /// The usual step was taken or advised already: AWS Support, or another host.
    Escalate,
    /// The instance exceeds its network allowance: less traffic, or a larger one.
    ReduceOrResize,
    /// The host's firewall keeps its packets.
    FixLocalFirewall,
    /// The host has no route.
    FixLocalRoute,
    /// An interface, its driver or its queue drops.
    FixLocalDriver,
    /// The host keeps its packets, and does not tell where.
    FindLocalCause,
    /// Both paths are bad: go on elsewhere, replace the host.
    FailOverOrReplace,
    /// Only the private path is bad.
    CheckPrivatePath,
    /// Nobody public is heard of: see whether they can reach the host.
    CheckReachability,
    /// Somebody's path through the internet.
    ReportInternetPath,
    /// Too little to act on: what would tell more.
    ConfirmManually,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 17] = [
        Self::ReassociateElasticIp,
        Self::FindAddressThenReassociate,
        Self::LeaveManagedAddress,
        Self::LookAtNatGateway,
        Self::ReportIpv6Path,
        Self::ReportWiderFault,
        Self::Escalate,
        Self::ReduceOrResize,
        Self::FixLocalFirewall,
        Self::FixLocalRoute,
        Self::FixLocalDriver,
        Self::FindLocalCause,
        Self::FailOverOrReplace,
        Self::CheckPrivatePath,
        Self::CheckReachability,
        Self::ReportInternetPath,
        Self::ConfirmManually,
    ];

    /// As it is published.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReassociateElasticIp => "reassociate_elastic_ip",
            Self::FindAddressThenReassociate => "find_address_then_reassociate",
            Self::LeaveManagedAddress => "leave_managed_address",
            Self::LookAtNatGateway => "look_at_nat_gateway",
            Self::ReportIpv6Path => "report_ipv6_path",
            Self::ReportWiderFault => "report_wider_fault",
            Self::Escalate => "escalate",
            Self::ReduceOrResize => "reduce_or_resize",
            Self::FixLocalFirewall => "fix_local_firewall",
            Self::FixLocalRoute => "fix_local_route",
            Self::FixLocalDriver => "fix_local_driver",
            Self::FindLocalCause => "find_local_cause",
            Self::FailOverOrReplace => "fail_over_or_replace",
            Self::CheckPrivatePath => "check_private_path",
            Self::CheckReachability => "check_reachability",
            Self::ReportInternetPath => "report_internet_path",
            Self::ConfirmManually => "confirm_manually",
        }
    }

    /// Whether it takes a public address off its interface.
    pub const fn touches_address(self) -> bool {
        matches!(
            self,
            Self::ReassociateElasticIp | Self::FindAddressThenReassociate
        )
    }
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
    /// `aws`, `aws-cn` or `aws-us-gov`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Account of the instance, twelve digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// VPC of the interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    /// Hardware address of the interface, lower case with colons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// Device number of the interface; 0 is the primary one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_number: Option<u32>,
    /// Whether the private address is the primary one of its interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_called_as_it_is_written() {
        for action in Action::ALL {
            assert_eq!(
                serde_json::to_value(action).unwrap(),
                action.as_str(),
                "{action:?}"
            );
        }
    }
}
