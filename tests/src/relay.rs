//! A wire between two namespaces that delays and loses packets, peer by peer.
//!
//! ```text
//!   host ── tun ── relay: each packet lost, or late by so much ── tun ── all peers
//! ```
//!
//! Kernels without netem can do this too, and what is lost here is lost on a path: neither
//! sender is told.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::tun::Tun;

/// Longest wait before it is looked whether the end has come.
const PATIENCE: Duration = Duration::from_millis(100);

/// Which way a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// From the host to a peer.
    Out,
    /// From a peer to the host.
    In,
}

/// When a packet that is sent now arrives, if it does: asked for each packet, in order.
pub type Fate = Box<dyn FnMut(Instant, Way, Ipv4Addr) -> Option<Instant> + Send>;

/// What became of the packets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// Handed over.
    pub packets: u64,
    /// Lost as the fate would have it.
    pub lost: u64,
    /// Not taken by the receiving side; none should be.
    pub refused: u64,
}

/// A running relay; it ends when dropped.
#[derive(Debug)]
pub struct Relay {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<Passed>>>,
}

impl Relay {
    /// Joins the two devices.
    pub fn start(host: Tun, peers: Tun, fate: Fate) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let thread = std::thread::spawn(move || Wire::new(host, peers, fate).run(&flag));
        Self {
            stop,
            thread: Some(thread),
        }
    }

    /// Ends it, and tells what it did.
    pub fn end(mut self) -> Result<Passed> {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().context("ended before")?;
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(Ok(Err(error))) = self.thread.take().map(JoinHandle::join) {
            crate::tool::complain(&format!("a relay broke down: {error:#}"));
        }
    }
}

/// A packet on its way; the number keeps those of one moment in order.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: Instant,
    number: u64,
    out: bool,
    packet: Vec<u8>,
}

struct Wire {
    host: Tun,
    peers: Tun,
    fate: Fate,
    due: BinaryHeap<Reverse<Due>>,
    number: u64,
    passed: Passed,
}

impl Wire {
    fn new(host: Tun, peers: Tun, fate: Fate) -> Self {
        Self {
            host,
            peers,
            fate,
            due: BinaryHeap::new(),
            number: 0,
            passed: Passed::default(),
        }
    }

    fn run(mut self, stop: &AtomicBool) -> Result<Passed> {
        let mut buffer = vec![0; 1 << 16];
        while !stop.load(Ordering::Relaxed) {
            self.wait().context("cannot wait for packets")?;
            self.take(Way::Out, &mut buffer)
                .context("cannot read from the host")?;
            self.take(Way::In, &mut buffer)
                .context("cannot read from the peers")?;
            self.deliver();
        }
        Ok(self.passed)
    }

    /// Waits for a packet to come in, or for one to be due.
    fn wait(&self) -> rustix::io::Result<()> {
        let until = self.due.peek().map_or(PATIENCE, |Reverse(due)| {
            due.at.saturating_duration_since(Instant::now())
        });
        // At most 100 ms, so both parts fit.
        let timeout = Timespec {
            tv_sec: 0,
            tv_nsec: until.min(PATIENCE).subsec_nanos().into(),
        };
        let ends = [self.host.as_fd(), self.peers.as_fd()];
        let mut ends = ends.map(|end| PollFd::from_borrowed_fd(end, PollFlags::IN));
        match poll(&mut ends, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes in what one side has sent.
    fn take(&mut self, way: Way, buffer: &mut [u8]) -> io::Result<()> {
        let from = |wire: &Self, buffer: &mut [u8]| match way {
            Way::Out => wire.host.receive(buffer),
            Way::In => wire.peers.receive(buffer),
        };
        while let Some(length) = from(self, buffer)? {
            let packet = &buffer[..length];
            let Some(peer) = peer(packet, way) else {
                continue;
            };
            let Some(at) = (self.fate)(Instant::now(), way, peer) else {
                self.passed.lost += 1;
                continue;
            };
            self.number += 1;
            self.due.push(Reverse(Due {
                at,
                number: self.number,
                out: way == Way::Out,
                packet: packet.to_vec(),
            }));
        }
        Ok(())
    }

    /// Hands over what is due.
    fn deliver(&mut self) {
        let now = Instant::now();
        while self.due.peek().is_some_and(|Reverse(due)| due.at <= now) {
            let Some(Reverse(due)) = self.due.pop() else {
                return;
            };
            let to = if due.out { &self.peers } else { &self.host };
            match to.send(&due.packet) {
                Ok(()) => self.passed.packets += 1,
                Err(_) => self.passed.refused += 1,
            }
        }
    }
}

/// The peer's address of an IPv4 packet; none of what else a device sends by itself.
fn peer(packet: &[u8], way: Way) -> Option<Ipv4Addr> {
    let from = match way {
        Way::In => 12,
        Way::Out => 16,
    };
    let address: [u8; 4] = packet.get(from..from + 4)?.try_into().ok()?;
    (packet.first()? >> 4 == 4).then(|| address.into())
}
