//! The host in its surroundings: the instance, its interfaces, and what EC2 maps to its addresses.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::flow::Local;

/// The host in its surroundings. What is not known is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// Where this comes from.
    pub source: Source,
    /// The instance.
    pub instance: Instance,
    /// Its network interfaces (ENIs), by network card and device number.
    pub interfaces: Vec<Interface>,
    /// Local addresses, as flows have them.
    pub addresses: BTreeMap<Local, Mapping>,
}

/// How the context is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Source {
    /// Nothing tells: no EC2, or no way to the metadata and no trace in the firmware's tables.
    #[default]
    Unknown,
    /// The firmware's tables (DMI) alone: the instance id at most.
    Firmware,
    /// The instance metadata service (IMDSv2).
    Metadata,
}

/// The instance (IMDS `meta-data/` and `dynamic/instance-identity/document`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instance {
    /// `i-…`.
    pub id: Option<String>,
    /// As `m5.large`.
    pub kind: Option<String>,
    /// `on-demand`, `spot` or another.
    pub life_cycle: Option<String>,
    /// Account id, twelve digits.
    pub account: Option<String>,
    /// As `us-east-1`.
    pub region: Option<String>,
    /// As `us-east-1a`.
    pub zone: Option<String>,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: Option<String>,
}

/// A network interface (IMDS `network/interfaces/macs/MAC/`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// Lower case with colons.
    pub mac: String,
    /// `eni-…`.
    pub id: Option<String>,
    /// 0 is the primary one.
    pub device_number: Option<u32>,
    /// 0 unless the instance type has several network cards.
    pub network_card: Option<u32>,
    /// Account that owns it: another one's than the instance's if a service manages it.
    pub owner: Option<String>,
    /// `subnet-…`.
    pub subnet_id: Option<String>,
    /// `vpc-…`.
    pub vpc_id: Option<String>,
    /// Private addresses, the primary one first.
    pub private_ipv4: Vec<Ipv4Addr>,
    /// Private to public, as the internet gateway translates them (`ipv4-associations`).
    pub associations: BTreeMap<Ipv4Addr, Ipv4Addr>,
    /// IPv6 addresses.
    pub ipv6: Vec<Ipv6Addr>,
    /// IPv4 blocks of its VPC, secondary ones too; they may be in public address space.
    pub vpc_ipv4: Vec<Ipv4Net>,
    /// IPv6 blocks of its VPC.
    pub vpc_ipv6: Vec<Ipv6Net>,
}

/// What EC2 knows a local address as. What is not known is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The public address that the internet gateway maps to it: an Elastic IP, or one that EC2
    /// assigned by itself; the metadata does not tell them apart.
    pub public_ip: Option<IpAddr>,
    /// Its allocation id.
    pub allocation_id: Option<String>,
    /// Its present association id.
    pub association_id: Option<String>,
    /// The interface.
    pub network_interface_id: Option<String>,
}

impl Context {
    /// The blocks of every VPC that the instance has an interface in.
    pub fn vpc_blocks(&self) -> impl Iterator<Item = IpNet> {
        self.interfaces.iter().flat_map(|interface| {
            let v4 = interface.vpc_ipv4.iter().copied().map(IpNet::V4);
            v4.chain(interface.vpc_ipv6.iter().copied().map(IpNet::V6))
        })
    }

    /// The interface that has this address, if it is known.
    pub fn interface_of(&self, address: IpAddr) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| match address {
            IpAddr::V4(v4) => interface.private_ipv4.contains(&v4),
            IpAddr::V6(v6) => interface.ipv6.contains(&v6),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_on_their_interface() {
        let interface = Interface {
            mac: "0e:49:61:0f:c3:11".to_owned(),
            private_ipv4: vec![[10, 1, 0, 207].into()],
            vpc_ipv4: vec!["10.1.0.0/16".parse().unwrap()],
            vpc_ipv6: vec!["2001:db8::/56".parse().unwrap()],
            ..Interface::default()
        };
        let context = Context {
            interfaces: vec![interface],
            ..Context::default()
        };
        let of = |text: &str| context.interface_of(text.parse().unwrap());
        assert!(of("10.1.0.207").is_some() && of("10.1.0.208").is_none());
        assert!(of("2001:db8::1").is_none());
        assert_eq!(context.vpc_blocks().count(), 2);
    }
}
