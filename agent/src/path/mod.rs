//! Which way a packet to a peer leaves the host, and which peers count as one.
//!
//! Pure: what the instance metadata and the configuration say about addresses comes in as
//! [`Ranges`], and stays a guess from inside the host. The routes are not asked. Only
//! [`AsTable::read`] and [`AwsRanges::read`] open files.

mod autonomous;
mod aws;
mod class;
mod network;
mod spans;

use std::net::{IpAddr, Ipv6Addr};

pub use autonomous::{AsTable, AsTableError};
pub use aws::{AwsRange, AwsRanges, AwsRangesError};
pub use class::{Classifier, PathClass, Ranges};
pub use network::{Network, Prefix};

/// An address as the records carry it: IPv6, IPv4 in its mapped form (`::ffff:192.0.2.1`).
pub fn from_bytes(bytes: [u8; 16]) -> IpAddr {
    Ipv6Addr::from(bytes).to_canonical()
}

/// The IPv4 address of an IPv4-mapped IPv6 one, as a listener for both families reports its IPv4
/// peers; any other address as it is.
pub fn unmap(address: IpAddr) -> IpAddr {
    address.to_canonical()
}
