//! The host in its surroundings: the instance, its interfaces, and what EC2 maps to its addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::flow::Local;

/// The host in its surroundings. What is not known is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// Where this comes from.
    pub source: Source,
    /// When the metadata was last read, `CLOCK_MONOTONIC` nanoseconds.
    pub read_ns: Option<u64>,
    /// The instance.
    pub instance: Instance,
    /// Its network interfaces (ENIs), by network card and device number.
    pub interfaces: Vec<Interface>,
    /// The blocks of every VPC that the instance has an interface in, secondary ones too; they may
    /// be in public address space.
    pub vpc: BTreeSet<IpNet>,
    /// Local addresses, as flows have them.
    pub addresses: BTreeMap<Local, Mapping>,
    /// There is more of it than fits into one event, which left the rest out.
    pub truncated: bool,
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
    /// Blocks delegated to it as a whole (`ipv4-prefix`, `ipv6-prefix`): addresses of containers.
    pub prefixes: Vec<IpNet>,
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

/// Where a local address is, by EC2's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// On an interface of the instance: it leaves under this very address, and the internet
    /// gateway maps it.
    OnInterface,
    /// On none, as that of a container on a bridge: on its way out it is translated into another
    /// address, of which interface cannot be told from the flow.
    Elsewhere,
    /// Nobody tells: the metadata is not known, or not whole.
    Unknown,
}

impl Context {
    /// The blocks of every VPC that the instance has an interface in.
    pub fn vpc_blocks(&self) -> impl Iterator<Item = IpNet> {
        self.vpc.iter().copied()
    }

    /// The instance's own public addresses.
    pub fn public_addresses(&self) -> BTreeSet<IpAddr> {
        let of_interfaces = self.interfaces.iter().flat_map(|interface| {
            let public = interface.associations.values();
            public.copied().map(IpAddr::V4)
        });
        let mapped = self.addresses.values().filter_map(|m| m.public_ip);
        of_interfaces.chain(mapped).collect()
    }

    /// The interface that has this address, if it is known.
    pub fn interface_of(&self, address: IpAddr) -> Option<&Interface> {
        self.interfaces
            .iter()
            .find(|interface| interface.has(address))
    }

    /// Where a local address is. A container with an address of its own on an interface, as in
    /// EKS, is on that interface, whatever its network namespace.
    pub fn origin(&self, local: Local) -> Origin {
        if self.interface_of(local.address).is_some() {
            Origin::OnInterface
        } else if self.source != Source::Metadata || self.interfaces.is_empty() || self.truncated {
            Origin::Unknown
        } else {
            Origin::Elsewhere
        }
    }

    /// What EC2 knows a local address as.
    pub fn mapping(&self, local: Local) -> Mapping {
        if let Some(mapping) = self.addresses.get(&local) {
            return mapping.clone();
        }
        let interface = self.interface_of(local.address);
        interface.map_or_else(Mapping::default, |interface| {
            interface.mapping(local.address)
        })
    }

    /// Whether it says the same as another: when it was read does not matter.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let Self {
            source,
            read_ns: _,
            instance,
            interfaces,
            vpc,
            addresses,
            truncated,
        } = self;
        *source == other.source
            && *instance == other.instance
            && *interfaces == other.interfaces
            && *vpc == other.vpc
            && *addresses == other.addresses
            && *truncated == other.truncated
    }
}

impl Interface {
    fn has(&self, address: IpAddr) -> bool {
        let single = match address {
            IpAddr::V4(v4) => self.private_ipv4.contains(&v4),
            IpAddr::V6(v6) => self.ipv6.contains(&v6),
        };
        single || self.prefixes.iter().any(|prefix| prefix.contains(&address))
    }

    /// What EC2 knows an address of it as.
    pub fn mapping(&self, address: IpAddr) -> Mapping {
        let public = match address {
            IpAddr::V4(v4) => self.associations.get(&v4).copied(),
            IpAddr::V6(_) => None,
        };
        Mapping {
            public_ip: public.map(IpAddr::V4),
            network_interface_id: self.id.clone(),
            ..Mapping::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        let interface = Interface {
            mac: "0e:49:61:0f:c3:11".to_owned(),
            id: Some("eni-0123456789abcdef0".to_owned()),
            private_ipv4: vec![[10, 1, 0, 207].into(), [10, 1, 0, 208].into()],
            associations: [([10, 1, 0, 207].into(), [203, 0, 113, 25].into())].into(),
            prefixes: vec!["10.1.64.16/28".parse().unwrap()],
            ..Interface::default()
        };
        Context {
            source: Source::Metadata,
            interfaces: vec![interface],
            vpc: ["10.1.0.0/16".parse().unwrap()].into(),
            ..Context::default()
        }
    }

    fn local(text: &str) -> Local {
        Local {
            address: text.parse().unwrap(),
            netns: 7,
        }
    }

    #[test]
    fn addresses_are_found_on_their_interface() {
        let context = context();
        assert_eq!(context.origin(local("10.1.0.207")), Origin::OnInterface);
        assert_eq!(context.origin(local("10.1.64.30")), Origin::OnInterface);
        assert_eq!(context.origin(local("172.17.0.2")), Origin::Elsewhere);
        assert_eq!(context.origin(local("2001:db8::1")), Origin::Elsewhere);
        let mapped = context.mapping(local("10.1.0.207"));
        assert_eq!(mapped.public_ip, Some([203, 0, 113, 25].into()));
        assert_eq!(
            mapped.network_interface_id.as_deref(),
            Some("eni-0123456789abcdef0")
        );
        assert_eq!(context.mapping(local("10.1.0.208")).public_ip, None);
        assert_eq!(context.mapping(local("172.17.0.2")), Mapping::default());
        assert_eq!(
            context.public_addresses(),
            [IpAddr::from([203, 0, 113, 25])].into()
        );
    }

    #[test]
    fn nobody_says_where_an_address_is_without_the_whole_metadata() {
        for context in [
            Context::default(),
            Context {
                source: Source::Firmware,
                ..context()
            },
            Context {
                truncated: true,
                ..context()
            },
            Context {
                interfaces: Vec::new(),
                ..context()
            },
        ] {
            assert_eq!(context.origin(local("172.17.0.2")), Origin::Unknown);
        }
    }

    #[test]
    fn when_it_was_read_is_no_change() {
        let later = Context {
            read_ns: Some(5),
            ..context()
        };
        assert!(later.says_the_same(&context()));
        let other = Context {
            interfaces: Vec::new(),
            ..context()
        };
        assert!(!other.says_the_same(&context()));
    }
}
