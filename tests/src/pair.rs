//! Two hosts and a cable: what most tests need.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::netns::{Netns, Network};
use crate::nft::{Loss, Where};
use crate::traffic;

static NEXT: AtomicU8 = AtomicU8::new(0);

/// How long one connection may take to come up; under loss that is several seconds.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// Name of the network device at both ends.
pub const DEVICE: &str = "eth0";

/// One of the two hosts.
#[derive(Debug, Clone)]
pub struct Host {
    /// Where it lives.
    pub netns: Netns,
    /// Its IPv4 address.
    pub v4: Ipv4Addr,
    /// Its IPv6 address.
    pub v6: Ipv6Addr,
}

/// The addresses of a pair.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    third: u8,
    second: u8,
}

impl Addresses {
    /// Addresses that no other pair of this run has: events carry addresses, and tests may run
    /// side by side.
    pub fn unique() -> Self {
        let second = 64 + u8::try_from(std::process::id() % 128).unwrap_or_default();
        Self {
            second,
            third: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }

    fn v4(self, host: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, self.second, self.third, host)
    }

    fn v6(self, host: u8) -> Ipv6Addr {
        Ipv6Addr::new(
            0xfd00,
            0xe9,
            self.second.into(),
            self.third.into(),
            0,
            0,
            0,
            host.into(),
        )
    }
}

/// Two namespaces joined by a cable, with addresses in both families.
#[derive(Debug)]
pub struct Pair {
    /// The host under test: the one that sends.
    pub near: Host,
    /// The other one.
    pub far: Host,
    _network: Network,
}

impl Pair {
    /// With addresses of their own.
    pub fn new() -> Result<Self> {
        Self::with_addresses(Addresses::unique())
    }

    /// With given addresses.
    pub fn with_addresses(addresses: Addresses) -> Result<Self> {
        let mut network = Network::new();
        let near = network.namespace("near")?;
        let far = network.namespace("far")?;
        network.link(&near, DEVICE, &far, DEVICE)?;
        let host = |netns: Netns, number: u8| -> Result<Host> {
            let (v4, v6) = (addresses.v4(number), addresses.v6(number));
            netns.address(DEVICE, v4.into(), 24)?;
            netns.address(DEVICE, v6.into(), 64)?;
            Ok(Host { netns, v4, v6 })
        };
        Ok(Self {
            near: host(near, 1)?,
            far: host(far, 2)?,
            _network: network,
        })
    }

    /// A connection that `far` opens to `port` of `near`. The first stream is `near`'s end.
    pub fn connect(&self, kind: Kind, port: u16) -> Result<(TcpStream, TcpStream)> {
        self.connect_between(kind, port, 0)
    }

    /// Like [`Self::connect`], with a port of `far` that is known beforehand.
    pub fn connect_between(
        &self,
        kind: Kind,
        port: u16,
        far_port: u16,
    ) -> Result<(TcpStream, TcpStream)> {
        self.connect_within(kind, port, far_port, HANDSHAKE)
    }

    /// Like [`Self::connect_between`], with another limit: how often a handshake is lost is a
    /// matter of chance.
    pub fn connect_within(
        &self,
        kind: Kind,
        port: u16,
        far_port: u16,
        limit: Duration,
    ) -> Result<(TcpStream, TcpStream)> {
        let (at, to) = kind.addresses(&self.near, port);
        let from = SocketAddr::new(kind.address(&self.far), far_port);
        let listener = self.near.netns.enter(|| traffic::listen(at))??;
        let client = self
            .far
            .netns
            .enter(|| traffic::connect(Some(from), to, limit))??;
        let server = traffic::accept(&listener, limit).context("no connection came in")?;
        Ok((server, client))
    }

    /// A connection over the loopback of `near`.
    pub fn connect_loopback(&self, port: u16) -> Result<(TcpStream, TcpStream)> {
        let at = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
        let listener = self.near.netns.enter(|| traffic::listen(at))??;
        let client = self
            .near
            .netns
            .enter(|| traffic::connect(None, at, HANDSHAKE))??;
        Ok((traffic::accept(&listener, HANDSHAKE)?, client))
    }

    /// Loss of what `near` sends, on arrival at `far`.
    pub fn lose_outbound(&self, percent: u32) -> Result<Loss> {
        Loss::new(&self.far.netns, Where::Arrival(DEVICE), percent)
    }

    /// Loss of what `far` sends, on arrival at `near`.
    pub fn lose_inbound(&self, percent: u32) -> Result<Loss> {
        Loss::new(&self.near.netns, Where::Arrival(DEVICE), percent)
    }
}

/// What kind of socket `near` has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
    /// An IPv6 socket that speaks IPv4.
    Mapped,
}

impl Kind {
    /// Where `host` listens, and where the peer connects to.
    fn addresses(self, host: &Host, port: u16) -> (SocketAddr, SocketAddr) {
        let any = IpAddr::from(Ipv6Addr::UNSPECIFIED);
        let (at, to): (IpAddr, IpAddr) = match self {
            Self::V4 => (host.v4.into(), host.v4.into()),
            Self::V6 => (host.v6.into(), host.v6.into()),
            Self::Mapped => (any, host.v4.into()),
        };
        (SocketAddr::new(at, port), SocketAddr::new(to, port))
    }

    /// The address of `host` as events show it.
    pub fn address(self, host: &Host) -> IpAddr {
        match self {
            Self::V4 | Self::Mapped => host.v4.into(),
            Self::V6 => host.v6.into(),
        }
    }

    /// `network.type` as events show it.
    pub const fn network_type(self) -> &'static str {
        match self {
            Self::V4 | Self::Mapped => "ipv4",
            Self::V6 => "ipv6",
        }
    }
}
