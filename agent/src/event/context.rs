//! What is known of the host's addresses.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `context`: which addresses the host has, and what EC2 knows them as. At the head of every file
/// of a recording, and when it changes; the latest holds for all that follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Context {
    /// What is known.
    pub context: ContextInfo,
}

/// The host's addresses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContextInfo {
    /// EC2 region, as `us-east-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// EC2 instance id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// Local addresses; of very many, those with a public address come first, and at most 48.
    pub addresses: Vec<ContextAddress>,
}

/// One local address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContextAddress {
    /// The address, as flows have it at their local end.
    pub address: IpAddr,
    /// Inode number of its network namespace.
    pub netns: u32,
    /// The Elastic IP that maps to it.
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
