//! What the agent itself asked of the network, and what came back.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::incident::VerdictName;
use super::tcp::End;
use super::window::LocalOnly;
use crate::path::PathClass;

/// `witness`: the agent begins or ends to ask its targets, from an address that is suspect.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Witness {
    /// The address asked from.
    pub network: LocalOnly,
    /// The round.
    pub witness: WitnessInfo,
}

/// A round of connections.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WitnessInfo {
    /// Inode number of the address's network namespace, as in `/proc/PID/ns/net`.
    pub netns: u32,
    /// Begin or end.
    pub state: WitnessState,
    /// Rounds begun in this run, this one included.
    pub round: u64,
    /// The verdict that made the agent ask.
    pub verdict: VerdictName,
    /// Why the round is over; absent at its begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<WitnessEnd>,
    /// Length of the round, seconds: planned at its begin, as it was at its end.
    pub duration_seconds: f64,
    /// Connections: at most, at the begin; opened or tried, at the end.
    pub connections: u32,
    /// Each target.
    pub targets: Vec<WitnessTarget>,
}

/// Where a round stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WitnessState {
    /// It begins.
    Begun,
    /// It is over.
    Ended,
}

/// Why a round is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WitnessEnd {
    /// All was asked.
    Complete,
    /// The address is not suspect any more.
    NoLongerSuspect,
    /// The agent stops.
    Stopped,
}

/// One target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WitnessTarget {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// Which way it is reached.
    pub class: PathClass,
    /// The independent network that it speaks for.
    pub network: String,
    /// What is done there: `connect` or `http`.
    pub talk: String,
    /// Connections: at most, at the begin; opened or tried, at the end.
    pub connections: u32,
    /// Of these: opened.
    pub connected: u32,
    /// Refused: packets pass both ways, but this is no evidence of how many.
    pub refused: u32,
    /// Nothing was heard in time.
    pub timed_out: u32,
    /// Not possible on this host.
    pub failed: u32,
    /// SYNs that had to be sent again, of those opened.
    pub handshake_retransmitted: u64,
    /// Segments sent on those opened, acknowledgements and retransmissions included.
    pub segments_sent: u64,
    /// Of these: sent again, until the connection was closed.
    pub segments_retransmitted: u64,
    /// Smallest smoothed round-trip time, microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub srtt_us_min: Option<u32>,
    /// Why one was not possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// `hops`: the way to a peer or target, hop by hop.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Hops {
    /// From where to where.
    pub network: BothEnds,
    /// The way.
    pub hops: HopsInfo,
}

/// Two addresses, whatever is spoken between them.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BothEnds {
    /// This host's end.
    pub local: End,
    /// The other end.
    pub peer: End,
}

/// A way as UDP packets of small time to live see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct HopsInfo {
    /// Inode number of the address's network namespace, as in `/proc/PID/ns/net`.
    pub netns: u32,
    /// The verdict that made the agent look.
    pub verdict: VerdictName,
    /// What the destination is.
    pub destination: HopsDestination,
    /// Packets sent.
    pub probes: u32,
    /// The destination itself answered.
    pub reached: bool,
    /// Time to live at which loss begins that lasts to the end. It tells where, not who is to
    /// blame: answers may be lost on another way back. Absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_begins_at: Option<u8>,
    /// The hops, up to the last that answered; at most 30. One without `address` never answered,
    /// which by itself is no loss.
    pub path: Vec<HopInfo>,
}

/// What a destination is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HopsDestination {
    /// The public peer with most retransmissions lately.
    WorstPeer,
    /// The target that fared best, to compare with.
    Target,
}

/// One hop.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct HopInfo {
    /// Time to live.
    pub ttl: u8,
    /// Who answered first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// Packets sent.
    pub sent: u32,
    /// Packets answered. Routers limit how often they answer.
    pub answered: u32,
    /// Smallest round-trip time, microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_us_min: Option<u64>,
    /// Mean round-trip time, microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_us_mean: Option<u64>,
    /// Largest round-trip time, microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_us_max: Option<u64>,
}
