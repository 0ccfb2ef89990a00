//! What the simulator's programs say to each other, said over real connections.
//!
//! The peers do as their scripts say. A request names the answer it wants, so the host needs to
//! know nothing of scripts.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use edgeghost_tests::netns::Netns;
use edgeghost_tests::tool;
use rustix::net::sockopt::set_tcp_congestion;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::random::Random;
use crate::sim::script::{Amount, Prompt, Script};
use crate::sim::window::Control;
use crate::table::Scenario;

/// Where the host listens.
const PORT: u16 = 443;
/// Bytes of the head of a request, which is all of it if it is one segment.
const REQUEST: usize = 64;
/// Payload of a full segment, and of a terminal's echo, bytes.
const FULL: u32 = 1_448;
const ECHO: u32 = 68;

/// Congestion control of every connection of the host, by peer.
type Controls = Arc<HashMap<IpAddr, Control>>;

/// A peer.
pub(super) struct Client {
    pub(super) address: Ipv4Addr,
    pub(super) script: Script,
    /// What the host uses towards it.
    pub(super) control: Control,
    pub(super) begin: Instant,
    pub(super) random: Random,
}

/// Why this kernel cannot run a scenario, if it cannot.
pub(super) fn lacks(scenario: &Scenario) -> Option<String> {
    let groups = scenario.groups.iter();
    let mut controls = groups.filter_map(|group| group.control.map(Control::name));
    let missing = controls.find(|name| {
        let socket = TcpSocket::new_v4();
        !socket.is_ok_and(|socket| set_tcp_congestion(socket, name).is_ok())
    });
    missing.map(|name| format!("this kernel has no {name}"))
}

/// Both ends, until dropped.
pub(super) struct Traffic {
    stop: Option<watch::Sender<()>>,
    threads: Vec<JoinHandle<Result<()>>>,
}

impl Traffic {
    /// Starts both, each on a thread in its namespace.
    pub(super) fn start(
        host: &Netns,
        peers: &Netns,
        local: Ipv4Addr,
        clients: Vec<Client>,
    ) -> Result<Self> {
        let to = SocketAddr::from((local, PORT));
        let listener = host.enter(|| std::net::TcpListener::bind(to))??;
        listener.set_nonblocking(true)?;
        let controls = clients.iter().map(|c| (c.address.into(), c.control));
        let controls: Controls = Arc::new(controls.collect());
        let (stop, stopped) = watch::channel(());
        let of_host = stopped.clone();
        let threads = vec![
            host.spawn(move || until(of_host, async { serve(listener, controls).await })),
            peers.spawn(move || until(stopped, async move { visit(to, clients).await })),
        ];
        Ok(Self {
            stop: Some(stop),
            threads,
        })
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        drop(self.stop.take());
        for thread in self.threads.drain(..) {
            if let Ok(Err(error)) = thread.join() {
                tool::complain(&format!("traffic broke down: {error:#}"));
            }
        }
    }
}

/// Works until the other end of `stopped` is dropped; with it goes every task.
fn until(mut stopped: watch::Receiver<()>, work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        tokio::select! {
            _ = stopped.changed() => Ok(()),
            result = work => result,
        }
    })
}

/// The host: gives every request the answer that it wants.
async fn serve(listener: std::net::TcpListener, controls: Controls) -> Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        // A connection that died before it was accepted is none.
        let Ok((stream, peer)) = listener.accept().await else {
            continue;
        };
        if let Some(control) = controls.get(&peer.ip()) {
            set_tcp_congestion(&stream, control.name())
                .with_context(|| format!("cannot choose {}", control.name()))?;
        }
        // A connection that breaks is the peer's to make anew.
        tokio::spawn(async move { drop(answer(stream).await) });
    }
}

async fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut rest = [0; REQUEST - 9];
    loop {
        let more = stream.read_u32().await?;
        let wanted = stream.read_u32().await?;
        let last = stream.read_u8().await? != 0;
        stream.read_exact(&mut rest).await?;
        hear(&mut stream, more).await?;
        stream.write_all(&vec![0x65; wanted as usize]).await?;
        if last {
            return Ok(());
        }
    }
}

/// All peers.
async fn visit(to: SocketAddr, clients: Vec<Client>) -> Result<()> {
    let tasks = clients.into_iter().map(|client| client.live(to));
    let tasks: Vec<_> = tasks.map(tokio::spawn).collect();
    for task in tasks {
        task.await?;
    }
    Ok(())
}

impl Client {
    /// One connection after the other.
    async fn live(mut self, to: SocketAddr) {
        tokio::time::sleep_until(self.begin.into()).await;
        loop {
            // Whatever ends a connection, the next one follows.
            drop(self.talk(to).await);
            self.pause(self.script.pause).await;
        }
    }

    async fn talk(&mut self, to: SocketAddr) -> io::Result<()> {
        let turns = 1.0 + self.random.exponential(self.script.turns).min(1e9).floor();
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((self.address, 0)))?;
        let mut stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        if self.script.prompt == Prompt::Keystroke {
            return self.type_away(stream, turns).await;
        }
        let mut left = turns;
        while left > 0.0 {
            left -= 1.0;
            self.pause(self.script.gap).await;
            let wanted = self.bytes(self.script.answer);
            let last = left <= 0.0 && self.script.hangs_up;
            stream.write_all(&self.request(wanted, last)).await?;
            hear(&mut stream, wanted).await?;
        }
        if self.script.hangs_up {
            // The host closes first.
            hear(&mut stream, 1).await?;
        }
        Ok(())
    }

    /// Keystrokes do not wait for what they bring about.
    async fn type_away(&mut self, stream: TcpStream, turns: f64) -> io::Result<()> {
        let (mut reader, mut writer) = stream.into_split();
        let typing = async {
            let mut left = turns;
            while left > 0.0 {
                left -= 1.0;
                self.pause(self.script.gap).await;
                let wanted = self.bytes(self.script.answer);
                let keystroke = self.request(wanted, false);
                writer.write_all(&keystroke).await?;
            }
            Ok(())
        };
        let mut nowhere = tokio::io::sink();
        tokio::select! {
            result = typing => result,
            result = tokio::io::copy(&mut reader, &mut nowhere) => result.map(drop),
        }
    }

    async fn pause(&mut self, mean: f64) {
        sleep(Duration::from_secs_f64(self.random.exponential(mean))).await;
    }

    /// A request of as many segments as the script has it.
    fn request(&mut self, wanted: u32, last: bool) -> Vec<u8> {
        let more = self.bytes(self.script.ask).saturating_sub(FULL);
        let mut request = vec![0; REQUEST + more as usize];
        request[..4].copy_from_slice(&more.to_be_bytes());
        request[4..8].copy_from_slice(&wanted.to_be_bytes());
        request[8] = last.into();
        request
    }

    /// Bytes of something said.
    fn bytes(&mut self, amount: Amount) -> u32 {
        match amount {
            Amount::Exactly(segments) => segments * FULL,
            Amount::Around(median) => self.random.segments(median, 1) * FULL,
            Amount::Terminal if self.random.chance(0.9) => ECHO,
            Amount::Terminal => self.random.segments(3.0, 2).min(6) * FULL,
        }
    }
}

/// Reads so many bytes, or to the end of the connection.
async fn hear(stream: &mut TcpStream, bytes: u32) -> io::Result<()> {
    let mut rest = stream.take(bytes.into());
    tokio::io::copy(&mut rest, &mut tokio::io::sink())
        .await
        .map(drop)
}
