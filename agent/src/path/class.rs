//! The class of the path to a peer.

#[cfg(test)]
mod tests;
#[cfg(test)]
mod trie;

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use prefix_trie::joint::JointPrefixMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AsTable, AwsRanges, Network, unmap};

/// Which way a packet to a peer leaves the host.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum PathClass {
    /// It does not.
    Loopback,
    /// Through the VPC: the peer is never reached by way of the internet gateway.
    Private,
    /// Through the internet gateway to an address that AWS publishes as its own.
    Aws,
    /// Through the internet gateway.
    Public,
}

impl PathClass {
    /// Every class, in order.
    pub const ALL: [Self; 4] = [Self::Loopback, Self::Private, Self::Aws, Self::Public];

    /// The name in events and in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Aws => "aws",
            Self::Public => "public",
        }
    }
}

impl fmt::Display for PathClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length))
}

const fn v6(first: u16, second: u16, third: u16, last: u16, length: u8) -> IpNet {
    let address = Ipv6Addr::new(first, second, third, 0, 0, 0, 0, last);
    IpNet::V6(Ipv6Net::new_assert(address, length))
}

/// What never goes through an internet gateway, whoever configures what. The longest prefix
/// counts.
///
/// Documentation addresses, 198.18.0.0/15 and 240.0.0.0/4 are left out on purpose: nobody may
/// own them, but the default route would take them.
const BUILT_IN: [(IpNet, PathClass); 15] = [
    // This host: RFC 1122 (unspecified means loopback to connect()), RFC 4291.
    (v4(0, 0, 0, 0, 32), PathClass::Loopback),
    (v4(127, 0, 0, 0, 8), PathClass::Loopback),
    (v6(0, 0, 0, 0, 128), PathClass::Loopback),
    (v6(0, 0, 0, 1, 128), PathClass::Loopback),
    // This network, RFC 1122.
    (v4(0, 0, 0, 0, 8), PathClass::Private),
    // RFC 1918.
    (v4(10, 0, 0, 0, 8), PathClass::Private),
    (v4(172, 16, 0, 0, 12), PathClass::Private),
    (v4(192, 168, 0, 0, 16), PathClass::Private),
    // Shared address space, RFC 6598: secondary VPC CIDRs, and AWS's own use.
    (v4(100, 64, 0, 0, 10), PathClass::Private),
    // Link-local, with the instance metadata, DNS and time services in it.
    (v4(169, 254, 0, 0, 16), PathClass::Private),
    (v6(0xfe80, 0, 0, 0, 10), PathClass::Private),
    // Unique local addresses, RFC 4193; with the same services in fd00:ec2::/32.
    (v6(0xfc00, 0, 0, 0, 7), PathClass::Private),
    // Multicast and broadcast: no unicast path at all.
    (v4(224, 0, 0, 0, 4), PathClass::Private),
    (v4(255, 255, 255, 255, 32), PathClass::Private),
    (v6(0xff00, 0, 0, 0, 8), PathClass::Private),
];

/// NAT64's well-known prefix (RFC 6052): its last 32 bits are the IPv4 address of the peer.
const NAT64: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Addresses behind a translator or a relay: the path to them is a NAT gateway's or a relay's,
/// not that of this host's own public address, so they say nothing about it.
const TRANSLATED: [IpNet; 4] = [
    IpNet::V6(NAT64),
    // NAT64 for local use, RFC 8215.
    v6(0x64, 0xff9b, 1, 0, 48),
    // Teredo, RFC 4380.
    v6(0x2001, 0, 0, 0, 32),
    // 6to4, RFC 3056.
    v6(0x2002, 0, 0, 0, 16),
];

/// What is known about address ranges besides the built-in table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges {
    /// From the configuration: peered networks, VPN, Direct Connect. May be public space.
    pub private: Vec<IpNet>,
    /// CIDR blocks of the VPCs of all interfaces, from the instance metadata. May be public space.
    pub vpc: Vec<IpNet>,
    /// The instance's own public addresses, from the same source.
    pub own: Vec<IpAddr>,
    /// The region of this host, from the same source.
    pub region: Option<String>,
}

impl Ranges {
    /// What only one of the two has.
    pub fn differences(&self, other: &Self) -> Vec<IpNet> {
        let all = |ranges: &Self| -> BTreeSet<IpNet> {
            let own = ranges.own.iter().copied().map(IpNet::from);
            let blocks = ranges.private.iter().chain(&ranges.vpc);
            blocks.copied().chain(own).collect()
        };
        all(self)
            .symmetric_difference(&all(other))
            .copied()
            .collect()
    }
}

/// Tells the class of the path to an address, and whose it is.
#[derive(Debug, Clone)]
pub struct Classifier {
    known: JointPrefixMap<IpNet, PathClass>,
    own: BTreeSet<IpAddr>,
    region: Option<String>,
    aws: Option<Arc<AwsRanges>>,
    systems: Option<Arc<AsTable>>,
}

impl Classifier {
    /// Compiles the ranges. What the configuration and the VPC say comes before AWS's list: a
    /// private way to an address of AWS's is private.
    pub fn new(ranges: &Ranges) -> Self {
        let mut known = JointPrefixMap::new();
        for range in ranges.private.iter().chain(&ranges.vpc) {
            known.insert(normal(*range), PathClass::Private);
        }
        for (range, class) in BUILT_IN {
            known.insert(range, class);
        }
        for own in &ranges.own {
            known.insert(normal(IpNet::from(*own)), PathClass::Private);
        }
        Self {
            known,
            own: ranges.own.iter().copied().map(unmap).collect(),
            region: ranges.region.clone(),
            aws: None,
            systems: None,
        }
    }

    /// The same with other ranges.
    #[must_use]
    pub fn with_ranges(&self, ranges: &Ranges) -> Self {
        Self::new(ranges)
            .with_systems(self.systems.clone())
            .with_aws(self.aws.clone())
    }

    /// With AWS's published ranges, if there are any.
    #[must_use]
    pub fn with_aws(self, aws: Option<Arc<AwsRanges>>) -> Self {
        Self { aws, ..self }
    }

    /// With a table by which public peers are told apart, if there is one.
    #[must_use]
    pub fn with_systems(self, systems: Option<Arc<AsTable>>) -> Self {
        Self { systems, ..self }
    }

    /// The network of a peer on a path of this class: whose other peers share its fate. A public
    /// peer belongs to who announces its address, or to its block if the table does not know.
    pub fn network(&self, peer: IpAddr, class: PathClass) -> Network {
        let origin = || self.systems.as_ref()?.origin(peer);
        match class {
            PathClass::Public => origin().map_or_else(|| Network::of(peer, class), Network::As),
            PathClass::Loopback | PathClass::Private | PathClass::Aws => Network::of(peer, class),
        }
    }

    /// The class of the path to an address. A NAT64 address has the class of the IPv4 address in
    /// it; see [`Self::judged`].
    pub fn classify(&self, address: IpAddr) -> PathClass {
        let address = unmap(address);
        if let Some(class) = self.known_class(address) {
            return class;
        }
        if let Some(embedded) = nat64(address) {
            return self.classify(embedded);
        }
        if self.aws.as_ref().is_some_and(|aws| aws.contains(address)) {
            PathClass::Aws
        } else {
            PathClass::Public
        }
    }

    /// Whether flows to an address may vote on the path of the local address.
    ///
    /// - Not behind NAT64, 6to4 or Teredo, unless the configuration or the VPC claims the address:
    ///   then it is known which way it is reached.
    /// - Not to the instance's own public addresses: such a flow turns round at the gateway, over
    ///   the very mapping that is in question, and is neither a client's nor a control.
    /// - Not to S3 and DynamoDB in the own region: they may be reached by way of a gateway endpoint,
    ///   and only the VPC's route table knows whether they are.
    pub fn judged(&self, address: IpAddr) -> bool {
        let address = unmap(address);
        let translated = TRANSLATED.iter().any(|range| range.contains(&address));
        let known = self.known_class(address).is_some();
        let gateway = || {
            let region = self.region.as_deref();
            let aws = self.aws.as_ref();
            aws.is_some_and(|aws| aws.may_have_gateway(address, region))
        };
        !self.own.contains(&address) && (known || !(translated || gateway()))
    }

    fn known_class(&self, address: IpAddr) -> Option<PathClass> {
        let (_, class) = self.known.get_lpm(&IpNet::from(address))?;
        Some(*class)
    }
}

impl Default for Classifier {
    /// With the built-in table only.
    fn default() -> Self {
        Self::new(&Ranges::default())
    }
}

/// A range without host bits; one of IPv4-mapped addresses as the IPv4 range it stands for,
/// because addresses are unmapped before they are looked up.
fn normal(range: IpNet) -> IpNet {
    let range = range.trunc();
    match (range, unmap(range.network())) {
        (IpNet::V6(mapped), IpAddr::V4(network)) => mapped
            .prefix_len()
            .checked_sub(96)
            .and_then(|length| Ipv4Net::new(network, length).ok())
            .map_or(range, IpNet::V4),
        _ => range,
    }
}

/// The IPv4 address in a NAT64 address.
fn nat64(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V6(address) if NAT64.contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            Some(Ipv4Addr::new(a, b, c, d).into())
        }
        _ => None,
    }
}
