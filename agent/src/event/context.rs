//! What is known of the host's surroundings.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `context`: the instance, its interfaces and addresses, and what EC2 knows them as. At the start
/// and when it changes; in a recording also at the head of every file, and when it was looked at
/// again for advice. The latest holds for all that follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Context {
    /// What is known.
    pub context: ContextInfo,
}

/// The host in its surroundings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContextInfo {
    /// Where this comes from.
    #[serde(default)]
    pub source: ContextSource,
    /// When the metadata was last read, in the clock of `host_sample.monotonic_ns`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_monotonic_ns: Option<u64>,
    /// EC2 region, as `us-east-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Availability zone, as `us-east-1a`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<String>,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Account id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// EC2 instance id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// As `m5.large`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// `on-demand`, `spot` or another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub life_cycle: Option<String>,
    /// Blocks of the VPCs that the instance has an interface in: they are private.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vpc_cidr_blocks: Vec<String>,
    /// Network interfaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<ContextInterface>,
    /// Local addresses; of very many, those with a public address come first, and at most 48.
    pub addresses: Vec<ContextAddress>,
    /// There is more than fits into one line; the rest is left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// Where a context comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContextSource {
    /// Nothing tells.
    #[default]
    Unknown,
    /// The firmware's tables (DMI): the instance id at most.
    Firmware,
    /// The instance metadata service (IMDSv2).
    Metadata,
}

/// One network interface (ENI).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContextInterface {
    /// MAC address.
    pub mac: String,
    /// `eni-…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// 0 is the primary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_number: Option<u32>,
    /// Where the instance type has several network cards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_card: Option<u32>,
    /// Account that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// `subnet-…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
    /// `vpc-…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    /// Private IPv4 addresses, the primary one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub private_ipv4: Vec<Ipv4Addr>,
    /// What the internet gateway maps to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub associations: Vec<ContextAssociation>,
    /// IPv6 addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ipv6: Vec<Ipv6Addr>,
    /// Blocks delegated to it as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefixes: Vec<String>,
}

/// A public address of a private one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContextAssociation {
    /// As on the interface.
    pub private_ip: Ipv4Addr,
    /// As the internet sees it: an Elastic IP, or one that EC2 assigned by itself.
    pub public_ip: Ipv4Addr,
}

/// One local address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContextAddress {
    /// The address, as flows have it at their local end.
    pub address: IpAddr,
    /// Inode number of its network namespace.
    pub netns: u32,
    /// The public address that maps to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_ip: Option<IpAddr>,
    /// Allocation id of the Elastic IP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocation_id: Option<String>,
    /// Present association id of the Elastic IP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub association_id: Option<String>,
    /// The interface that has the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_interface_id: Option<String>,
}
