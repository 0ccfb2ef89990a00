//! Many real connections between two namespaces, to peers in many networks.
//!
//! ```text
//!   near 10.9.0.1 ── cable ── far: all of 198.18.0.0/15 (RFC 2544, for benchmarks)
//! ```
//!
//! A process may have only so many of them open; [`Part`] is a process with some more.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use edgeghost_tests::netns::{Netns, Network};
use edgeghost_tests::pair::DEVICE;
use edgeghost_tests::{interrupt, traffic};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const NEAR: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
const FAR: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);
const PEERS: &str = "198.18.0.0/15";
const PORT: u16 = 7_900;
/// Each connection speaks once a second, a part of all at a time.
const BEATS: u32 = 10;
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
    port: u16,
    /// Of this process, unless another made it.
    _network: Option<Network>,
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
            port: PORT,
            _network: Some(network),
        })
    }

    /// A process of its own with so many further flows, which speak once a second from now on.
    pub(crate) fn part(&self, number: u16, flows: usize) -> Result<Part> {
        Part::start(&[
            "crowd",
            &format!("--near={}", self.near.name()),
            &format!("--far={}", self.far.name()),
            &format!("--port={}", PORT + 1 + number),
            &format!("--flows={flows}"),
        ])
    }

    /// Opens further connections until there are so many flows: both ends of a connection are on
    /// this machine, and the agent sees each.
    pub(crate) fn grow(&mut self, flows: usize) -> Result<()> {
        room(flows)?;
        let at = SocketAddr::new(NEAR.into(), self.port);
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

    /// Speaks until a moment: a segment a second on each connection, or more often.
    pub(crate) fn speak_until(&self, end: Instant, times_a_second: u32) -> Result<()> {
        self.speak(|| Instant::now() >= end, times_a_second)
    }

    fn speak(&self, over: impl Fn() -> bool, times_a_second: u32) -> Result<()> {
        let begin = Instant::now();
        let mut beats = 0;
        while !over() {
            interrupt::check()?;
            let part = usize::try_from(beats % BEATS)?;
            self.beat(part, usize::try_from(BEATS)?)?;
            beats += 1;
            let due = Duration::from_secs(1) * beats / (BEATS * times_a_second);
            std::thread::sleep(due.saturating_sub(begin.elapsed()));
        }
        Ok(())
    }

    /// Every connection of part `number` of `parts` carries one small segment out of `near`, and
    /// what came before is read.
    fn beat(&self, number: usize, parts: usize) -> Result<()> {
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

/// A process with a part of the crowd; it ends when this is dropped.
pub(crate) struct Part(Child);

impl Part {
    /// Starts it, and waits until its connections stand.
    fn start(args: &[&str]) -> Result<Self> {
        let program = std::env::current_exe().context("cannot tell what program this is")?;
        let mut child = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start a part of the crowd")?;
        let stdout = child.stdout.take();
        let part = Self(child);
        let mut line = String::new();
        BufReader::new(stdout.context("no standard output")?).read_line(&mut line)?;
        ensure!(line == READY, "a part of the crowd failed");
        Ok(part)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It ends with its standard input.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

const READY: &str = "ready\n";

/// Options of `crowd`, which the suite starts.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(long)]
    near: String,
    #[arg(long)]
    far: String,
    #[arg(long)]
    port: u16,
    #[arg(long)]
    flows: usize,
}

/// Is a part of another's crowd, until standard input ends.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let mut crowd = Crowd {
        connections: Vec::new(),
        near: Netns::named(&options.near),
        far: Netns::named(&options.far),
        port: options.port,
        _network: None,
    };
    crowd.grow(options.flows)?;
    let mut out = io::stdout();
    out.write_all(READY.as_bytes())?;
    out.flush()?;
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            over.store(true, Ordering::Relaxed);
        });
        crowd.speak(|| over.load(Ordering::Relaxed), 1)
    })?;
    Ok(true)
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
