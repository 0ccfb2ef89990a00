//! What is known of the host's addresses, and of what EC2 maps to them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::flow::Local;

/// The host in its surroundings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// EC2 region.
    pub region: Option<String>,
    /// EC2 instance id.
    pub instance_id: Option<String>,
    /// Local addresses.
    pub addresses: BTreeMap<Local, Mapping>,
}

/// What EC2 knows a local address as. What is not known is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The Elastic IP.
    pub public_ip: Option<IpAddr>,
    /// Its allocation id.
    pub allocation_id: Option<String>,
    /// Its present association id.
    pub association_id: Option<String>,
    /// The interface.
    pub network_interface_id: Option<String>,
}
