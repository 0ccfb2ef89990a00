//! Verdicts and incidents.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::Time;
use super::window::LocalOnly;
use crate::path::PathClass;

/// `verdict`: what edgeghost thinks of a local address has changed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Verdict {
    /// The address judged.
    pub network: LocalOnly,
    /// The judgement.
    pub verdict: VerdictInfo,
}

/// A judgement with what it rests on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct VerdictInfo {
    /// The verdict.
    pub name: VerdictName,
    /// Inode number of the address's network namespace, as in `/proc/PID/ns/net`.
    pub netns: u32,
    /// The one before; absent for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<VerdictName>,
    /// Probability of what the verdict says, 0 to 1, by the model's own priors. Of a fault of the
    /// public path, it is not the probability that re-associating helps.
    pub confidence: f64,
    /// Public side.
    pub public: Side,
    /// Private side.
    pub private: Side,
    /// Explanations excluded, and how.
    pub ruled_out: Vec<RuledOut>,
}

/// Judgements, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictName {
    /// Too little traffic to say anything.
    InsufficientEvidence,
    /// Nothing wrong on either path.
    Healthy,
    /// One network or prefix is bad among good ones: the fault is out there.
    ClientSide,
    /// What there is of the public path is bad, but too little to convict the address.
    PublicSuspect,
    /// Several networks bad, several good: a part of the internet.
    PublicPartial,
    /// The public path fell silent.
    PublicSilent,
    /// The public path collapsed while the private path is fine.
    PublicOnlyCollapse,
    /// The public path collapsed, and nothing shows whether the host is fine.
    PublicDegradedNoControl,
    /// Both paths are bad: the host, its interface or what both paths share.
    HostWide,
    /// Only the private path is bad.
    PrivateOnly,
    /// The host itself drops or is throttled.
    LocalCongestion,
    /// A collapse is over; watching whether it stays so.
    Recovering,
}

impl VerdictName {
    /// Every verdict, mildest first.
    pub const ALL: [Self; 12] = [
        Self::InsufficientEvidence,
        Self::Healthy,
        Self::ClientSide,
        Self::PublicSuspect,
        Self::PublicPartial,
        Self::PublicSilent,
        Self::PublicOnlyCollapse,
        Self::PublicDegradedNoControl,
        Self::HostWide,
        Self::PrivateOnly,
        Self::LocalCongestion,
        Self::Recovering,
    ];

    /// As it is published.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InsufficientEvidence => "insufficient_evidence",
            Self::Healthy => "healthy",
            Self::ClientSide => "client_side",
            Self::PublicSuspect => "public_suspect",
            Self::PublicPartial => "public_partial",
            Self::PublicSilent => "public_silent",
            Self::PublicOnlyCollapse => "public_only_collapse",
            Self::PublicDegradedNoControl => "public_degraded_no_control",
            Self::HostWide => "host_wide",
            Self::PrivateOnly => "private_only",
            Self::LocalCongestion => "local_congestion",
            Self::Recovering => "recovering",
        }
    }
}

/// Numbers of one side, over the evidence that the verdict rests on.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Side {
    /// Independent networks with evidence.
    pub networks: u32,
    /// Of these: bad.
    pub networks_bad: u32,
    /// Of these: good.
    pub networks_good: u32,
    /// Segments delivered.
    pub segments_delivered: u64,
    /// Segments retransmitted, on flows that progressed since.
    pub segments_retransmitted: u64,
    /// Retransmitted among both; absent when nothing moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retransmit_ratio: Option<f64>,
    /// Median congestion window of the flows seen, segments. Shown, never judged by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snd_cwnd_p50: Option<u32>,
}

/// An explanation that was excluded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuledOut {
    /// The explanation, as `host`, `single_client`.
    pub cause: String,
    /// What excludes it, with the numbers.
    pub check: String,
}

/// `incident`: opened, updated or closed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Incident {
    /// The address concerned.
    pub network: LocalOnly,
    /// The incident.
    pub incident: IncidentInfo,
}

/// An incident so far.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct IncidentInfo {
    /// The same through its life.
    pub id: String,
    /// Inode number of the address's network namespace, as in `/proc/PID/ns/net`.
    pub netns: u32,
    /// Where it stands.
    pub state: IncidentState,
    /// Verdict at this moment.
    pub verdict: VerdictName,
    /// When the public path turned bad, as far as the evidence tells.
    pub onset: Time,
    /// Since the onset, seconds.
    pub duration_seconds: f64,
    /// Probability that the public path of this address is at fault, 0 to 1.
    pub confidence: f64,
    /// Public side.
    pub public: Side,
    /// Private side.
    pub private: Side,
    /// What speaks for it, what the sockets showed when it opened, and what the host shows beside
    /// it, at most sixteen.
    pub evidence: Vec<Finding>,
    /// What speaks against other causes.
    pub ruled_out: Vec<RuledOut>,
    /// Peers that suffer most, at most five.
    pub worst_peers: Vec<WorstPeer>,
    /// Whether it helped: told at the end, or when somebody has acted in vain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The figures of the outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair: Option<Repair>,
}

/// What came of an incident on which advice was given, or a mapping changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The public path is well again.
    Recovered,
    /// The address was mapped anew, and its path is as bad as before.
    NotRecovered,
}

/// Before and after.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Repair {
    /// The mapping of the address was seen to change.
    pub mapping_changed: bool,
    /// Since it was last seen to change, seconds; absent where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_since_change: Option<f64>,
    /// Share of public segments sent again, at its worst before anybody acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retransmit_ratio_before: Option<f64>,
    /// The same over the last minute or so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retransmit_ratio_after: Option<f64>,
}

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// Just opened.
    Opened,
    /// News about an open one.
    Updated,
    /// Over.
    Closed,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// What was looked at, as `public_retransmit_ratio`.
    pub signal: String,
    /// What was seen, with the numbers.
    pub finding: String,
}

/// A peer that suffers.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct WorstPeer {
    /// Its address.
    pub address: IpAddr,
    /// Its path.
    pub class: PathClass,
    /// Segments retransmitted to it in the last window.
    pub segments_retransmitted: u64,
    /// Segments delivered to it in the last window.
    pub segments_delivered: u64,
    /// Smallest congestion window of its flows, segments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snd_cwnd_min: Option<u32>,
}
