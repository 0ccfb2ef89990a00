//! Many real connections between two namespaces, to peers in many networks.
//!
//! ```text
//!   near 10.9.0.1 ── cable ── far: all of 198.18.0.0/15 (RFC 2544, for benchmarks)
//! ```

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use edgeghost_tests::netns::{Netns, Network};
use edgeghost_tests::pair::DEVICE;
use edgeghost_tests::traffic;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const NEAR: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
const FAR: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);
const PEERS: &str = "198.18.0.0/15";
const PORT: u16 = 7_900;
/// Peers in a network, and networks.
const HOSTS: usize = 10;
const NETWORKS: usize = 25;
const HANDSHAKE: Duration = Duration::from_secs(30);
/// Files that this process needs besides connections.
const OTHER_FILES: u64 = 100;

/// Connections that stand.
pub(crate) struct Crowd {
    connections: Vec<(TcpStream, TcpStream)>,
    /// Where they are accepted.
    pub(crate) near: Netns,
    /// Where they come from.
    pub(crate) far: Netns,
    _network: Network,
}

impl Crowd {
    /// Two namespaces without a connection.
    pub(crate) fn new() -> Result<Self> {
        let mut network = Network::new();
        let near = network.namespace("near")?;
        let far = network.namespace("far")?;
        network.link(&near, DEVICE, &far, DEVICE)?;
        near.address(DEVICE, NEAR.into(), 24)?;
        far.address(DEVICE, FAR.into(), 24)?;
        near.ip(&format!("route add {PEERS} via {FAR}"))?;
        far.ip(&format!("route add local {PEERS} dev lo"))?;
        Ok(Self {
            connections: Vec::new(),
            near,
            far,
            _network: network,
        })
    }

    /// Opens further connections until there are so many flows: both ends of a connection are on
    /// this machine, and the agent sees each.
    pub(crate) fn grow(&mut self, flows: usize) -> Result<()> {
        room(flows)?;
        let at = SocketAddr::new(NEAR.into(), PORT);
        let listener = self.near.enter(|| traffic::listen(at))??;
        while self.connections.len() * 2 < flows {
            let from = SocketAddr::new(peer(self.connections.len()).into(), 0);
            let client = self
                .far
                .enter(|| traffic::connect(Some(from), at, HANDSHAKE))??;
            let server = traffic::accept(&listener, HANDSHAKE)?;
            for stream in [&server, &client] {
                stream.set_nonblocking(true)?;
            }
            self.connections.push((server, client));
        }
        Ok(())
    }

    /// Every connection of part `number` of `parts` carries one small segment out of `near`, and
    /// what came before is read.
    pub(crate) fn speak(&self, number: usize, parts: usize) -> Result<()> {
        let mut buffer = [0; 4096];
        for (server, client) in self.connections.iter().skip(number).step_by(parts) {
            let (mut server, mut client) = (server, client);
            if let Err(error) = server.write(&[0])
                && error.kind() != io::ErrorKind::WouldBlock
            {
                return Err(error).context("a connection of the crowd died");
            }
            match client.read(&mut buffer) {
                Ok(0) => bail!("a connection of the crowd was closed"),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error).context("a connection of the crowd died"),
            }
        }
        Ok(())
    }
}

/// Peer of a connection: networks in turn.
fn peer(connection: usize) -> Ipv4Addr {
    let number = connection % (HOSTS * NETWORKS);
    let network = u8::try_from(number % NETWORKS).unwrap_or_default();
    let host = u8::try_from(number / NETWORKS).unwrap_or_default();
    Ipv4Addr::new(198, 18, network, host + 1)
}

/// Lets this process have so many connections open.
fn room(files: usize) -> Result<()> {
    let wanted = files as u64 + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let most = limit.maximum.unwrap_or(u64::MAX);
    ensure!(
        most >= wanted,
        "{wanted} open files are needed, and this process may have {most} (ulimit -Hn)"
    );
    let raised = Rlimit {
        current: Some(wanted),
        ..limit
    };
    setrlimit(Resource::Nofile, raised).context("cannot raise the limit of open files")
}
