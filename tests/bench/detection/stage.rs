//! One case: a host, its peers, and a wire that breaks down.
//!
//! ```text
//!   host 10.1.0.150+n ── tun ── relay ── tun ── 240.x (public, 30 ms), 10.1.200.x (private, 1 ms)
//! ```

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use edgeghost_tests::netns::{Netns, Network};
use edgeghost_tests::relay::{Fate, Relay};
use edgeghost_tests::traffic;
use edgeghost_tests::tun::Tun;

use crate::random::Random;

const DEVICE: &str = "tun0";
const PORT: u16 = 443;
const PRIVATE_FLOWS: u8 = 5;
const HANDSHAKE: Duration = Duration::from_secs(20);
/// One way.
const PUBLIC: Duration = Duration::from_millis(15);
const PRIVATE: Duration = Duration::from_micros(500);
/// Each connection says and hears something so often, of so many bytes.
const BEAT: Duration = Duration::from_millis(200);
const REQUEST: usize = 300;
const ANSWER: usize = 2_500;

/// A case; its traffic ends when it is dropped.
pub(super) struct Stage {
    loss: u32,
    flows: u8,
    local: Ipv4Addr,
    broken: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    relay: Option<Relay>,
    host: Netns,
    peers: Netns,
    _network: Network,
}

impl Stage {
    /// Builds it; nothing is said yet.
    pub(super) fn build(number: u8, loss: u32, flows: u8) -> Result<Self> {
        let mut network = Network::new();
        let host = network.namespace("host")?;
        let peers = network.namespace("peers")?;
        let devices = (Tun::new(&host, DEVICE)?, Tun::new(&peers, DEVICE)?);
        let local = Ipv4Addr::new(10, 1, 0, 150 + number);
        host.address(DEVICE, local.into(), 32)?;
        for end in [&host, &peers] {
            end.ip(&format!("route add default dev {DEVICE}"))?;
        }
        for peer in addresses(flows) {
            peers.address("lo", peer.into(), 32)?;
        }
        let broken = Arc::new(AtomicBool::new(false));
        let wire = wire(Arc::clone(&broken), loss, number);
        Ok(Self {
            loss,
            flows,
            local,
            broken,
            over: Arc::default(),
            threads: Vec::new(),
            relay: Some(Relay::start(devices.0, devices.1, wire)),
            host,
            peers,
            _network: network,
        })
    }

    /// Its address.
    pub(super) const fn local(&self) -> IpAddr {
        IpAddr::V4(self.local)
    }

    /// For ids.
    pub(super) fn case(&self) -> String {
        format!("loss_{}.flows_{}", self.loss, self.flows)
    }

    /// For people.
    pub(super) fn name(&self) -> String {
        let flows = if self.flows == 1 { "flow" } else { "flows" };
        if self.loss >= 100 {
            format!("black hole, {} public {flows}", self.flows)
        } else {
            format!("{} % lost, {} public {flows}", self.loss, self.flows)
        }
    }

    /// Connects all, and has them talk from now on: the host asks nothing and answers, as a
    /// server does.
    pub(super) fn begin(&mut self) -> Result<()> {
        let at = SocketAddr::new(self.local(), PORT);
        let listener = self.host.enter(|| traffic::listen(at))??;
        let mut ends = (Vec::new(), Vec::new());
        for peer in addresses(self.flows) {
            let from = SocketAddr::new(peer.into(), 0);
            let client = self
                .peers
                .enter(|| traffic::connect(Some(from), at, HANDSHAKE))?
                .with_context(|| format!("{}: {peer}", self.name()))?;
            let server = traffic::accept(&listener, HANDSHAKE)?;
            client.set_nonblocking(true)?;
            server.set_nonblocking(true)?;
            ends.0.push(server);
            ends.1.push(client);
        }
        for (streams, bytes) in [(ends.0, ANSWER), (ends.1, REQUEST)] {
            let over = Arc::clone(&self.over);
            self.threads
                .push(std::thread::spawn(move || talk(&streams, bytes, &over)));
        }
        Ok(())
    }

    /// From now on the public path loses.
    pub(super) fn break_down(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A panic there was shown already.
            let _ = thread.join();
        }
        drop(self.relay.take());
    }
}

/// Peers: public ones each in a network of its own, then private ones.
fn addresses(flows: u8) -> impl Iterator<Item = Ipv4Addr> {
    let public = (0..flows).map(|number| Ipv4Addr::new(240, 10 + number, 7, 9));
    let private = (0..PRIVATE_FLOWS).map(|number| Ipv4Addr::new(10, 1, 200, 1 + number));
    public.chain(private)
}

/// Delay always; loss of public packets once it is broken.
fn wire(broken: Arc<AtomicBool>, loss: u32, seed: u8) -> Fate {
    let mut random = Random::seeded(seed);
    Box::new(move |now, _, peer| {
        let public = peer.octets().first() == Some(&240);
        let swallowed =
            public && broken.load(Ordering::Relaxed) && random.below(100) < u64::from(loss);
        (!swallowed).then(|| now + if public { PUBLIC } else { PRIVATE })
    })
}

/// Each connection says its part in each beat, if there is room for it, and takes what came.
fn talk(streams: &[TcpStream], bytes: usize, over: &AtomicBool) {
    let text = vec![0; bytes];
    let mut heard = vec![0; 65_536];
    let mut due = Instant::now();
    while !over.load(Ordering::Relaxed) {
        for mut stream in streams {
            // What is lost stays in the socket's buffer; a connection that died stays silent.
            let _ = stream.write(&text);
            let _ = stream.read(&mut heard);
        }
        due += BEAT;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}
