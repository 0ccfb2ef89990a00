//! What is read of the host every ten seconds, as it stands in recordings.

use std::collections::BTreeMap;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The host over the last ten seconds or so, in the agent's network namespace. Counts are growth
/// over that time; what cannot be read, or began anew meanwhile, is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HostDetail {
    /// The time that the counts are of, milliseconds.
    pub period_ms: u64,
    /// Counters of TCP and IP, by the kernel's names (`/proc/net/snmp`, `netstat`, `snmp6`); those
    /// of `Ip:` and `Icmp:` begin with that.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub protocol: BTreeMap<String, u64>,
    /// Interfaces but the loopback, those that traffic leaves by first; at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<InterfaceDetail>,
    /// The ways that were asked for: to the internet, and to the peers that suffer most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RouteDetail>,
}

/// An interface.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InterfaceDetail {
    /// As `ens5`.
    pub name: String,
    /// A way that was asked for leads through it; while none leads anywhere: did so at last.
    #[serde(default)]
    pub in_use: bool,
    /// Somebody set it up (`IFF_UP`).
    #[serde(default)]
    pub set_up: bool,
    /// There is a carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<bool>,
    /// Operational state, as `/sys/class/net/IF/operstate` has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operstate: Option<String>,
    /// The carrier came or went so many times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_changes: Option<u64>,
    /// Packets received in error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rx_errors: Option<u64>,
    /// Packets not sent for an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tx_errors: Option<u64>,
    /// Packets received and dropped, or missed for want of room (`rx_dropped`,
    /// `rx_missed_errors`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rx_dropped: Option<u64>,
    /// Packets dropped on their way out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tx_dropped: Option<u64>,
    /// Packets that its queueing discipline dropped; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_drops: Option<u64>,
    /// What its driver counts by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<DriverDetail>,
}

/// What a driver counts by itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DriverDetail {
    /// As `ena`.
    pub name: String,
    /// As `2.13.0g`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Packets queued or dropped for exceeding an allowance of the instance, by allowance
    /// (`bw_out_allowance_exceeded`), zeros included; empty where the device does not tell.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub allowances: BTreeMap<String, u64>,
    /// Connections that security groups can still track (`conntrack_allowance_available`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conntrack_left: Option<u64>,
    /// The device was reset so many times, or its counters began anew; absent where the driver
    /// does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets: Option<u64>,
    /// Counters of what should not happen that were looked at.
    #[serde(default)]
    pub error_counters: u32,
    /// Those of them that grew, at most twelve.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, u64>,
}

/// The way to an address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RouteDetail {
    /// The peer; absent for the way to the internet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    /// The local address that it was asked for; absent for the way to the internet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<IpAddr>,
    /// Of the way to the internet: 4 or 6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_version: Option<u8>,
    /// Whether it leads anywhere.
    pub kind: RouteKind,
    /// Length of the prefix of the entry in the routing table: 0 is a default route.
    #[serde(default)]
    pub prefix: u8,
    /// The interface that it leads through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The next hop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
}

/// Whether a route leads anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteKind {
    /// To the destination.
    Unicast,
    /// Packets are dropped in silence.
    Blackhole,
    /// Packets are refused: the host is unreachable.
    Unreachable,
    /// Packets are refused: forbidden.
    Prohibit,
    /// There is no route.
    None,
    /// It could not be told.
    Unknown,
}
