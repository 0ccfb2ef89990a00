//! Which peers count as one: the unit of evidence is the independent network, and a thousand
//! flows of one of them are still one voice.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{PathClass, unmap};

/// Lengths for IPv4 and IPv6 of the block in which peers share the last mile: a site, a
/// carrier-grade NAT.
const PREFIX: (u8, u8) = (24, 48);
/// Lengths of the block that stands for a provider where no [`super::AsTable`] tells it. It is
/// coarse: two blocks of one provider count as two networks.
const NETWORK: (u8, u8) = (16, 32);

/// Peers that are judged together: /24 or /48, and each private peer by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(IpNet);

impl Prefix {
    /// The prefix of a peer on a path of this class.
    pub fn of(address: IpAddr, class: PathClass) -> Self {
        Self(block(address, class, PREFIX))
    }

    /// The prefix as a range.
    pub fn range(self) -> IpNet {
        self.0
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

/// Prefixes that fail together for reasons of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Network {
    /// Everything in AWS's published ranges: one operator, one voice.
    Aws,
    /// An autonomous system: one operator, wherever its addresses are.
    As(u32),
    /// A /16 or /32; of a private peer the peer itself.
    Block(IpNet),
}

impl Network {
    /// The network of a peer on a path of this class, as far as the address alone tells; see
    /// [`super::Classifier::network`].
    pub fn of(address: IpAddr, class: PathClass) -> Self {
        match class {
            PathClass::Aws => Self::Aws,
            _ => Self::Block(block(address, class, NETWORK)),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aws => f.pad("aws"),
            Self::As(number) => f.pad(&format!("AS{number}")),
            Self::Block(range) => f.pad(&range.to_string()),
        }
    }
}

fn block(address: IpAddr, class: PathClass, (v4, v6): (u8, u8)) -> IpNet {
    let address = unmap(address);
    let length = match (class, address) {
        (PathClass::Loopback | PathClass::Private, _) => return address.into(),
        (PathClass::Aws | PathClass::Public, IpAddr::V4(_)) => v4,
        (PathClass::Aws | PathClass::Public, IpAddr::V6(_)) => v6,
    };
    // Both lengths are within the address's, so the error cannot come up.
    IpNet::new(address, length).map_or(address.into(), |range| range.trunc())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(address: &str, class: PathClass) -> (String, String) {
        let address = address.parse().unwrap();
        (
            Prefix::of(address, class).to_string(),
            Network::of(address, class).to_string(),
        )
    }

    #[test]
    fn blocks_of_every_class_and_family() {
        use PathClass::{Aws, Loopback, Private, Public};
        for (address, class, prefix, network) in [
            ("198.51.100.7", Public, "198.51.100.0/24", "198.51.0.0/16"),
            (
                "::ffff:198.51.100.7",
                Public,
                "198.51.100.0/24",
                "198.51.0.0/16",
            ),
            (
                "255.255.255.254",
                Public,
                "255.255.255.0/24",
                "255.255.0.0/16",
            ),
            (
                "2001:db8:77:1::7",
                Public,
                "2001:db8:77::/48",
                "2001:db8::/32",
            ),
            ("52.201.74.79", Aws, "52.201.74.0/24", "aws"),
            ("2600:1f18:77:1::7", Aws, "2600:1f18:77::/48", "aws"),
            ("10.1.2.3", Private, "10.1.2.3/32", "10.1.2.3/32"),
            ("::ffff:10.1.2.3", Private, "10.1.2.3/32", "10.1.2.3/32"),
            (
                "fd00:ec2::254",
                Private,
                "fd00:ec2::254/128",
                "fd00:ec2::254/128",
            ),
            (
                "198.51.100.7",
                Private,
                "198.51.100.7/32",
                "198.51.100.7/32",
            ),
            ("127.0.0.1", Loopback, "127.0.0.1/32", "127.0.0.1/32"),
        ] {
            let expected = (prefix.to_owned(), network.to_owned());
            assert_eq!(names(address, class), expected, "{address} {class}");
        }
    }

    #[test]
    fn every_address_of_a_block_gives_the_same_block() {
        for text in [
            "198.51.100.0/24",
            "2001:db8:77::/48",
            "0.0.0.0/24",
            "ffff:ffff:ffff::/48",
        ] {
            let range: IpNet = text.parse().unwrap();
            let prefix = Prefix::of(range.network(), PathClass::Public);
            assert_eq!(prefix.range(), range);
            assert_eq!(prefix, Prefix::of(range.broadcast(), PathClass::Public));
            let network = Network::of(range.network(), PathClass::Public);
            assert_eq!(network, Network::of(range.broadcast(), PathClass::Public));
            let Network::Block(block) = network else {
                panic!("{network}")
            };
            assert!(block.contains(&range), "{block} {range}");
        }
    }

    #[test]
    fn blocks_sort_and_fill_a_column() {
        let blocks = ["203.0.113.9", "198.51.100.9", "198.51.100.1", "2001:db8::1"];
        let blocks: BTreeSet<Prefix> = blocks
            .iter()
            .map(|text| Prefix::of(text.parse().unwrap(), PathClass::Public))
            .collect();
        let sorted: Vec<String> = blocks.iter().map(|block| format!("{block:>16}|")).collect();
        assert_eq!(
            sorted,
            [" 198.51.100.0/24|", "  203.0.113.0/24|", "  2001:db8::/48|"]
                .map(|text| format!("{text:>17}"))
        );
    }
}
