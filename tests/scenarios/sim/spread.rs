//! Where the simulated providers' addresses lie, and by what they are told apart.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, OnceLock};

use clap::ValueEnum;
use edgeghost::flow::FlowSample;
use edgeghost::path::{AsTable, Classifier, PathClass};
use ipnet::IpNet;

/// Where providers' addresses lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Networks {
    /// Each provider in a /16 of its own, so that blocks tell them apart
    #[default]
    Blocks,
    /// Each prefix of a provider in a /16 of its own: to blocks, one provider is many networks
    Spread,
    /// Spread, and with a table that tells whose each prefix is
    As,
}

/// Room for prefixes of a provider, and for providers. Above them, at 250.0.0.0, nobody is.
const PREFIXES: u16 = 16;
const PROVIDERS: u16 = 160;

/// The first AS number for private use (RFC 6996).
const FIRST_AS: u32 = 64_512;

impl Networks {
    /// What a report must say of it.
    pub(crate) const fn heading(self) -> &'static str {
        match self {
            Self::Blocks => "",
            Self::Spread => "each prefix of a provider in a /16 of its own, told apart by /16\n",
            Self::As => "each prefix of a provider in a /16 of its own, told apart by system\n",
        }
    }

    /// The table that the agent would be configured with.
    pub(crate) fn systems(self) -> Option<Arc<AsTable>> {
        match self {
            Self::Blocks | Self::Spread => None,
            Self::As => Some(Arc::clone(TABLE.get_or_init(|| Arc::new(table())))),
        }
    }

    /// Puts the public peers of samples with a /16 or /32 per provider to where they belong.
    pub(crate) fn place(self, samples: &mut [FlowSample]) {
        if self == Self::Blocks {
            return;
        }
        let classifier = Classifier::default().with_systems(self.systems());
        for sample in samples {
            if sample.class == PathClass::Public {
                sample.key.peer = spread(sample.key.peer);
                sample.network = classifier.network(sample.key.peer, sample.class);
            }
        }
    }
}

static TABLE: OnceLock<Arc<AsTable>> = OnceLock::new();

fn table() -> AsTable {
    (0..PROVIDERS)
        .flat_map(|provider| (0..PREFIXES).map(move |prefix| (provider, prefix)))
        .flat_map(|(provider, prefix)| {
            let v4 = IpAddr::V4(v4(provider, prefix, 0));
            let v6 = IpAddr::V6(v6(provider, prefix, 0));
            let nets = [IpNet::new(v4, 24), IpNet::new(v6, 48)];
            let origin = FIRST_AS + u32::from(provider);
            nets.into_iter().flatten().map(move |net| (net, origin))
        })
        .collect()
}

/// The address of what was `240.provider.prefix.host` or `3fff:provider:prefix::host`.
fn spread(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(peer) => match peer.octets() {
            [240, provider, prefix, host] => v4(provider.into(), prefix.into(), host).into(),
            _ => peer.into(),
        },
        IpAddr::V6(peer) => match peer.segments() {
            [0x3fff, provider, prefix, .., host] => v6(provider, prefix, host).into(),
            _ => peer.into(),
        },
    }
}

fn v4(provider: u16, prefix: u16, host: u8) -> Ipv4Addr {
    let [high, low] = block(provider, prefix).to_be_bytes();
    let [_, third] = prefix.to_be_bytes();
    Ipv4Addr::new(240 + high, low, third, host)
}

fn v6(provider: u16, prefix: u16, host: u16) -> Ipv6Addr {
    let block = block(provider, prefix);
    Ipv6Addr::new(0x3fff, block, prefix, 0, 0, 0, 0, host)
}

fn block(provider: u16, prefix: u16) -> u16 {
    assert!(
        provider < PROVIDERS && prefix < PREFIXES,
        "no room for prefix {prefix} of provider {provider}"
    );
    provider * PREFIXES + prefix
}
