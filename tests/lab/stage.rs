//! The hosts and what lies between them.
//!
//! ```text
//!   web3 10.1.0.207 ──┐
//!                     ├── gateway ── igw ── clients on five networks
//!   jump 10.1.1.21 ───┘   203.0.113.25 <-> 10.1.0.207
//! ```

use std::net::{IpAddr, Ipv4Addr};

use anyhow::Result;
use edgeghost_tests::netns::{Netns, Network};
use edgeghost_tests::nft::{Loss, Where, nft};
use edgeghost_tests::offload;

use crate::case::Case;

/// The server that the agent watches.
pub(crate) const WEB3: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 207);
/// A host in the same VPC.
pub(crate) const JUMP: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 21);
/// What the internet calls the server.
pub(crate) const ELASTIC_IP: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 25);

/// Clients out of the ranges reserved for documentation and benchmarks, each in a /16 of its own:
/// that is what counts as an independent network.
pub(crate) const CLIENTS: [Ipv4Addr; 5] = [
    Ipv4Addr::new(198, 51, 100, 14),
    Ipv4Addr::new(192, 0, 2, 77),
    Ipv4Addr::new(198, 18, 7, 31),
    Ipv4Addr::new(198, 19, 200, 5),
    Ipv4Addr::new(203, 0, 113, 180),
];

/// Who may be asked when the first client is the only one.
pub(crate) const WITNESSES: [Ipv4Addr; 4] = {
    let [_, rest @ ..] = CLIENTS;
    rest
};

/// The gateway's device towards the server.
const SERVER_SIDE: &str = "vpc0";
/// The gateway's device towards the internet.
const IGW: &str = "igw";
/// The link between the gateway and the internet.
const TRANSIT: (Ipv4Addr, Ipv4Addr) = (Ipv4Addr::new(100, 64, 0, 1), Ipv4Addr::new(100, 64, 0, 2));

/// The whole network.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The server.
    pub(crate) web3: Netns,
    /// The host in the VPC.
    pub(crate) jump: Netns,
    /// All clients.
    pub(crate) clients: Netns,
    /// Between the VPC and the internet; the metadata service answers there, too.
    pub(crate) gateway: Netns,
    loss: Option<Loss>,
    network: Network,
}

impl Stage {
    /// Builds it, with the Elastic IP associated.
    pub(crate) fn build() -> Result<Self> {
        let mut network = Network::new();
        let gateway = network.namespace("gateway")?;
        let web3 = network.namespace("web3")?;
        let jump = network.namespace("jump")?;
        let clients = network.namespace("clients")?;
        gateway.sysctl("ipv4/ip_forward", "1")?;
        subnet(&mut network, &web3, WEB3, &gateway, SERVER_SIDE)?;
        subnet(&mut network, &jump, JUMP, &gateway, "vpc1")?;
        internet(&mut network, &clients, &gateway)?;
        for host in [&web3, &jump, &clients] {
            offload::cut_on_the_wire(host, "eth0")?;
        }
        let stage = Self {
            web3,
            jump,
            clients,
            gateway,
            loss: None,
            network,
        };
        stage.keep_unmapped_out()?;
        stage.associate()?;
        Ok(stage)
    }

    /// What has no mapping does not pass an internet gateway, in either direction.
    fn keep_unmapped_out(&self) -> Result<()> {
        let rules = [
            "add table ip unmapped".to_owned(),
            "add chain ip unmapped in { type filter hook prerouting priority -140 ; }".to_owned(),
            format!("add rule ip unmapped in iifname {IGW} ip daddr {ELASTIC_IP} drop"),
            "add chain ip unmapped out { type filter hook postrouting priority 110 ; }".to_owned(),
            format!("add rule ip unmapped out oifname {IGW} ip saddr 10.0.0.0/8 drop"),
        ];
        rules
            .iter()
            .try_for_each(|rule| nft(&self.gateway, rule).map(drop))
    }

    /// Maps the Elastic IP to the server and back, packet by packet and without state, as an
    /// internet gateway does.
    pub(crate) fn associate(&self) -> Result<()> {
        let rules = [
            "add table ip eip".to_owned(),
            "add chain ip eip in { type filter hook prerouting priority -150 ; }".to_owned(),
            format!("add rule ip eip in iifname {IGW} ip daddr {ELASTIC_IP} ip daddr set {WEB3}"),
            "add chain ip eip out { type filter hook postrouting priority 100 ; }".to_owned(),
            format!("add rule ip eip out oifname {IGW} ip saddr {WEB3} ip saddr set {ELASTIC_IP}"),
        ];
        rules
            .iter()
            .try_for_each(|rule| nft(&self.gateway, rule).map(drop))
    }

    /// Takes the mapping away.
    pub(crate) fn disassociate(&self) -> Result<()> {
        nft(&self.gateway, "delete table ip eip").map(drop)
    }

    /// From now on packets are lost where the case has it.
    pub(crate) fn begin_loss(&mut self, case: Case, percent: u32) -> Result<()> {
        let [client, ..] = CLIENTS;
        let (at, place) = match case {
            Case::Collapse => (&self.gateway, Where::Through(IGW)),
            Case::Host => (&self.gateway, Where::Through(SERVER_SIDE)),
            Case::Client => (
                &self.gateway,
                Where::Chosen {
                    name: "client",
                    hook: "forward",
                    rules: &[format!("ip saddr {client}"), format!("ip daddr {client}")],
                },
            ),
            Case::Firewall => (
                &self.web3,
                Where::Chosen {
                    name: "firewall",
                    hook: "input",
                    rules: &["ip saddr != 10.0.0.0/8".to_owned()],
                },
            ),
        };
        self.loss = Some(Loss::new(at, place, percent)?);
        Ok(())
    }

    /// Ends the loss, and returns how many packets were lost.
    pub(crate) fn end_loss(&mut self) -> Result<u64> {
        let Some(loss) = self.loss.take() else {
            return Ok(0);
        };
        let packets = loss.lost()?;
        loss.lift()?;
        Ok(packets)
    }

    /// Every namespace.
    pub(crate) fn namespaces(&self) -> &[Netns] {
        self.network.namespaces()
    }

    /// Leaves the namespaces standing.
    pub(crate) fn keep(mut self) {
        self.network.keep();
    }

    /// Takes everything down, and returns what could not be.
    pub(crate) fn remove(self) -> Vec<String> {
        drop(self.loss);
        self.network.remove()
    }
}

/// A subnet of the VPC with one host and the gateway at its first address.
fn subnet(
    network: &mut Network,
    host: &Netns,
    address: Ipv4Addr,
    gateway: &Netns,
    device: &str,
) -> Result<()> {
    let [a, b, c, _] = address.octets();
    let router = Ipv4Addr::new(a, b, c, 1);
    network.link(host, "eth0", gateway, device)?;
    host.address("eth0", address.into(), 24)?;
    gateway.address(device, router.into(), 24)?;
    host.ip(&format!("route add default via {router}"))
}

/// The internet: all clients behind one link, each address alone on its host.
fn internet(network: &mut Network, clients: &Netns, gateway: &Netns) -> Result<()> {
    let (near, far) = TRANSIT;
    network.link(clients, "eth0", gateway, IGW)?;
    gateway.address(IGW, near.into(), 30)?;
    clients.address("eth0", far.into(), 30)?;
    clients.ip(&format!("route add default via {near}"))?;
    for client in CLIENTS {
        clients.address("lo", IpAddr::from(client), 32)?;
        gateway.ip(&format!("route add {client}/32 via {far}"))?;
    }
    Ok(())
}
