//! What goes on between the hosts, from the first second to the last, whatever the path does.

mod client;
mod server;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use edgeghost_tests::netns::Netns;

use crate::stage::{CLIENTS, ELASTIC_IP, JUMP, Stage, WEB3};
use client::Client;

/// A connection on which nothing gets through for so long is given up and opened anew.
const GIVE_UP: Duration = Duration::from_secs(30);

/// Request of the HTTP-like traffic, bytes: how much to answer, whether to close, padding.
const REQUEST: usize = 128;

/// Piece of the bulk transfer, and how often one is sent: 160 KB a second.
const PIECE: u64 = 16 * 1024;
const PIECE_EVERY: Duration = Duration::from_millis(100);

/// The three kinds of traffic.
#[derive(Debug, Clone, Copy)]
enum Service {
    /// Keystrokes and what they print, as of SSH.
    Terminal,
    /// Requests and answers, some on connections of their own, as of HTTP.
    Web,
    /// A stream to the peer, as of a backup.
    Bulk,
}

impl Service {
    const ALL: [Self; 3] = [Self::Terminal, Self::Web, Self::Bulk];

    const fn port(self) -> u16 {
        match self {
            Self::Terminal => 22,
            Self::Web => 80,
            Self::Bulk => 873,
        }
    }
}

/// All traffic; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Traffic {
    stop: Stop,
}

impl Traffic {
    /// Starts one session from outside and one from the VPC, and somebody who answers at every
    /// address outside.
    pub(crate) fn start_lone(stage: &Stage) -> Result<Self> {
        let traffic = Self {
            stop: Stop::default(),
        };
        let session = Service::Terminal;
        server::start(&stage.web3, session, &traffic.stop)?;
        server::start(&stage.clients, session, &traffic.stop)?;
        let [client, ..] = CLIENTS;
        traffic.hosts(&stage.jump, JUMP.into(), WEB3.into(), &[session]);
        traffic.hosts(&stage.clients, client.into(), ELASTIC_IP.into(), &[session]);
        Ok(traffic)
    }

    /// Starts servers and clients.
    pub(crate) fn start(stage: &Stage) -> Result<Self> {
        let traffic = Self {
            stop: Stop::default(),
        };
        for service in Service::ALL {
            server::start(&stage.web3, service, &traffic.stop)?;
        }
        traffic.hosts(&stage.jump, JUMP.into(), WEB3.into(), &Service::ALL);
        for (number, client) in CLIENTS.into_iter().enumerate() {
            let services: &[Service] = match number {
                0 => &Service::ALL,
                1 | 2 => &[Service::Terminal, Service::Web],
                _ => &[Service::Web],
            };
            traffic.hosts(&stage.clients, client.into(), ELASTIC_IP.into(), services);
        }
        Ok(traffic)
    }

    fn hosts(&self, netns: &Netns, local: IpAddr, server: IpAddr, services: &[Service]) {
        for &service in services {
            let remote = SocketAddr::new(server, service.port());
            Client::new(service, local, remote, self.stop.clone()).start(netns);
        }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.stop.0.store(true, Ordering::Relaxed);
    }
}

/// Whether the traffic shall end.
#[derive(Debug, Clone, Default)]
struct Stop(Arc<AtomicBool>);

impl Stop {
    fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes a rest of `time`, cut short by the end.
    fn rest(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.asked() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(Duration::from_millis(100)));
        }
    }
}

/// Numbers that look random and are the same in every run (`SplitMix64`).
#[derive(Debug, Clone)]
struct Dice(u64);

impl Dice {
    fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        low + (mixed ^ (mixed >> 31)) % (high - low + 1)
    }
}
