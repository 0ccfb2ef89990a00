//! A host with one remote session, a neighbour in the VPC, and an internet with witnesses in it.
//!
//! ```text
//!   host 10.1.0.207 ──┐
//!                     ├── gateway ── igw ── core ── client, witnesses
//!   jump 10.1.1.21 ───┘
//! ```

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use edgeghost_tests::netem::Netem;
use edgeghost_tests::netns::{Netns, Network};
use edgeghost_tests::nft::{Loss, Where, nft};
use edgeghost_tests::offload;

/// The host that the agent watches.
pub(crate) const HOST: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 207);
/// Its neighbour.
pub(crate) const JUMP: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 21);
/// The one client.
pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 14);
/// Who may be asked, each in a /16 of its own. Nobody listens at the last.
pub(crate) const WITNESSES: [Ipv4Addr; 4] = [
    Ipv4Addr::new(192, 0, 2, 77),
    Ipv4Addr::new(198, 18, 7, 31),
    Ipv4Addr::new(203, 0, 113, 180),
    Ipv4Addr::new(198, 19, 200, 5),
];
/// The routers on the way out.
pub(crate) const ROUTERS: [Ipv4Addr; 2] =
    [Ipv4Addr::new(10, 1, 0, 1), Ipv4Addr::new(100, 64, 0, 2)];

const IGW: &str = "igw";

/// The network.
pub(crate) struct Stage {
    pub(crate) host: Netns,
    pub(crate) jump: Netns,
    pub(crate) internet: Netns,
    gateway: Netns,
    core: Netns,
    _network: Network,
}

impl Stage {
    pub(crate) fn build() -> anyhow::Result<Self> {
        let mut network = Network::new();
        let [host, jump, gateway, core, internet] =
            ["host", "jump", "gateway", "core", "internet"].map(|role| network.namespace(role));
        let (host, jump, gateway) = (host?, jump?, gateway?);
        let (core, internet) = (core?, internet?);
        for (end, address, device) in [(&host, HOST, "vpc0"), (&jump, JUMP, "vpc1")] {
            let [a, b, c, _] = address.octets();
            let router = Ipv4Addr::new(a, b, c, 1);
            network.link(end, "eth0", &gateway, device)?;
            end.address("eth0", address.into(), 24)?;
            gateway.address(device, router.into(), 24)?;
            end.ip(&format!("route add default via {router}"))?;
        }
        network.link(&core, "in", &gateway, IGW)?;
        network.link(&internet, "eth0", &core, "out")?;
        gateway.address(IGW, [100, 64, 0, 1].into(), 30)?;
        core.address("in", ROUTERS[1].into(), 30)?;
        core.address("out", [100, 64, 1, 1].into(), 30)?;
        internet.address("eth0", [100, 64, 1, 2].into(), 30)?;
        gateway.ip("route add default via 100.64.0.2")?;
        core.ip("route add 10.0.0.0/8 via 100.64.0.1")?;
        internet.ip("route add default via 100.64.1.1")?;
        for address in WITNESSES.into_iter().chain([CLIENT]) {
            internet.address("lo", IpAddr::from(address), 32)?;
            core.ip(&format!("route add {address}/32 via 100.64.1.2"))?;
        }
        for router in [&gateway, &core] {
            router.sysctl("ipv4/ip_forward", "1")?;
        }
        for end in [&host, &jump, &internet] {
            offload::cut_on_the_wire(end, "eth0")?;
        }
        Ok(Self {
            host,
            jump,
            internet,
            gateway,
            core,
            _network: network,
        })
    }

    /// The gateway loses packets of everybody, both ways, until this is dropped.
    pub(crate) fn lose(&self, percent: u32) -> anyhow::Result<Loss> {
        Loss::new(&self.gateway, Where::Through(IGW), percent)
    }

    /// The way between gateway and core is as tc-netem(8) has it, both ways, until this is dropped.
    pub(crate) fn disturb(&self, how: &str) -> anyhow::Result<[Netem; 2]> {
        Ok([
            Netem::new(&self.gateway, IGW, how)?,
            Netem::new(&self.core, "in", how)?,
        ])
    }

    /// The core loses packets of the client alone, both ways.
    pub(crate) fn lose_of_client(&self, percent: u32) -> anyhow::Result<()> {
        let mut rules = vec![
            "add table inet client".to_owned(),
            "add chain inet client losses { type filter hook forward priority -300 ; }".to_owned(),
        ];
        rules.extend(["saddr", "daddr"].map(|end| {
            format!(
                "add rule inet client losses ip {end} {CLIENT} numgen random mod 100 < {percent} \
                 drop"
            )
        }));
        rules
            .iter()
            .try_for_each(|rule| nft(&self.core, rule).map(drop))
    }
}

/// Witness number `index`, at a port.
pub(crate) fn witness(index: usize, port: u16) -> SocketAddr {
    SocketAddr::new(WITNESSES[index].into(), port)
}
