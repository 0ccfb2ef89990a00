//! The host and the peers of one scenario, and the wire between them.
//!
//! ```text
//!   host 10.1.0.101 ── tun ── relay ── tun ── 240.x (public), 10.1.x (private)
//! ```

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use edgeghost_tests::netns::{Netns, Network};
use edgeghost_tests::relay::{Fate, Relay, Way};
use edgeghost_tests::tun::Tun;

use super::traffic::{Client, Traffic};
use crate::sim::link::Link;
use crate::sim::{self, Peer};
use crate::table::{self, App, Group, Scenario};

/// Name of the device at both ends.
const DEVICE: &str = "tun0";

/// Address of the host in the first scenario.
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 100);

/// One scenario. Whatever is dropped first is named first.
pub(super) struct Stage {
    traffic: Option<Traffic>,
    relay: Option<Relay>,
    devices: Option<(Tun, Tun)>,
    scenario: &'static Scenario,
    local: Ipv4Addr,
    cast: Vec<(&'static Group, Peer)>,
    host: Netns,
    peers: Netns,
    network: Network,
}

impl Stage {
    /// Builds it, with the peers that the simulator would have with this seed.
    pub(super) fn build(scenario: &'static Scenario, seed: u64) -> Result<Self> {
        let mut network = Network::new();
        let host = network.namespace("host")?;
        let peers = network.namespace("peers")?;
        let devices = (Tun::new(&host, DEVICE)?, Tun::new(&peers, DEVICE)?);
        let local = local(scenario);
        host.address(DEVICE, local.into(), 32)?;
        let cast = sim::cast(scenario, seed);
        for (_, peer) in &cast {
            peers.address("lo", peer.address(), 32)?;
        }
        for end in [&host, &peers] {
            end.ip(&format!("route add default dev {DEVICE}"))?;
        }
        Ok(Self {
            traffic: None,
            relay: None,
            devices: Some(devices),
            scenario,
            local,
            cast,
            host,
            peers,
            network,
        })
    }

    /// From now on there is traffic; `start` is moment 0 of the scenario.
    pub(super) fn begin(&mut self, start: Instant) -> Result<()> {
        let Some((host, peers)) = self.devices.take() else {
            bail!("begun twice");
        };
        let mut links = HashMap::new();
        let mut clients = Vec::new();
        for (group, peer) in self.cast.drain(..) {
            let IpAddr::V4(address) = peer.address() else {
                bail!("{}: real peers speak IPv4", self.scenario.id);
            };
            let App::Talk(script) = group.app else {
                bail!("{}: real peers talk", self.scenario.id);
            };
            links.insert(address, peer.link);
            clients.push(Client {
                address,
                script,
                control: peer.control,
                begin: start + seconds(peer.begin.max(0.0)),
                random: peer.random,
            });
        }
        self.relay = Some(Relay::start(host, peers, wire(start, links)));
        self.traffic = Some(Traffic::start(
            &self.host,
            &self.peers,
            self.local,
            clients,
        )?);
        Ok(())
    }

    /// Takes everything down; an error if that does not work, or the wire was not as it should
    /// be.
    pub(super) fn end(mut self) -> Result<()> {
        drop(self.traffic.take());
        let id = self.scenario.id;
        if let Some(relay) = self.relay.take() {
            let passed = relay.end()?;
            // What is still on its way at the end finds nobody.
            if passed.refused > passed.packets / 1_000 {
                bail!("{id}: the wire lost packets that it should not: {passed:?}");
            }
        }
        let left = self.network.remove();
        if left.is_empty() {
            return Ok(());
        }
        bail!("{id}: not cleaned up: {}", left.join("; "));
    }

    pub(super) const fn scenario(&self) -> &'static Scenario {
        self.scenario
    }

    pub(super) const fn local(&self) -> Ipv4Addr {
        self.local
    }
}

/// The address of the host in a scenario: none has the address of another, in any run.
pub(super) fn local(scenario: &Scenario) -> Ipv4Addr {
    let others = table::real()
        .iter()
        .take_while(|other| other.id != scenario.id);
    others.fold(FIRST, |before, _| Ipv4Addr::from_bits(before.to_bits() + 1))
}

/// The simulator's links, on the clock.
fn wire(start: Instant, mut links: HashMap<Ipv4Addr, Link>) -> Fate {
    Box::new(move |now, way, peer| {
        let link = links.get_mut(&peer)?;
        let since = now.saturating_duration_since(start).as_secs_f64();
        let arrival = match way {
            Way::Out => link.send(since)?,
            Way::In => link.receive(since)?,
        };
        Some(start + seconds(arrival))
    })
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}
