//! What is compared of a flow, whoever tells it.

use std::net::{IpAddr, TcpStream};
use std::ops::{Add, AddAssign, Sub};

use edgeghost::path::unmap;
use edgeghost_tests::event::Event;
use edgeghost_tests::netns::Netns;
use edgeghost_tests::witness::{self, Socket};

/// A flow's name: both ends in their namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) netns: u64,
    pub(super) local: IpAddr,
    pub(super) port: u16,
    pub(super) peer: IpAddr,
    pub(super) peer_port: u16,
}

impl Id {
    /// Of a stream's own end.
    pub(super) fn of(netns: &Netns, stream: &TcpStream) -> Self {
        let (local, peer) = (stream.local_addr().unwrap(), stream.peer_addr().unwrap());
        Self {
            netns: netns.inode().unwrap(),
            local: unmap(local.ip()),
            port: local.port(),
            peer: unmap(peer.ip()),
            peer_port: peer.port(),
        }
    }

    /// Of a `flow_sample`.
    pub(super) fn told(sample: &Event) -> Self {
        let address = |path: &str| sample.text(path).parse().expect(&sample.line);
        let port = |path: &str| u16::try_from(sample.count(path)).unwrap();
        Self {
            netns: sample.count("tcp.netns"),
            local: address("network.local.address"),
            port: port("network.local.port"),
            peer: address("network.peer.address"),
            peer_port: port("network.peer.port"),
        }
    }
}

/// Counts of a flow, or sums of them. Bytes acknowledged and segments delivered have SYN and FIN
/// in them, one each (`tcp_snd_una_update`, `tcp_clean_rtx_queue`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) sent: u64,
    pub(super) delivered: u64,
    pub(super) retransmitted: u64,
    pub(super) bytes_sent: u64,
    pub(super) bytes_acked: u64,
    pub(super) bytes_retransmitted: u64,
}

impl Figures {
    /// What `ss` says now of this end of a stream.
    pub(super) fn look(netns: &Netns, stream: &TcpStream) -> anyhow::Result<Self> {
        witness::socket(netns, stream).map(|socket| Self::from(&socket))
    }

    /// What a `flow_sample` tells (`group` is `tcp`), or a `path_window` (`path`).
    pub(super) fn told(event: &Event, group: &str) -> Self {
        let count = |name: &str| event.count(&format!("{group}.{name}"));
        Self {
            sent: count("segments_sent"),
            delivered: count("segments_delivered"),
            retransmitted: count("segments_retransmitted"),
            bytes_sent: count("bytes_sent"),
            bytes_acked: count("bytes_acked"),
            bytes_retransmitted: count("bytes_retransmitted"),
        }
    }

    fn each(self, other: Self, with: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            sent: with(self.sent, other.sent),
            delivered: with(self.delivered, other.delivered),
            retransmitted: with(self.retransmitted, other.retransmitted),
            bytes_sent: with(self.bytes_sent, other.bytes_sent),
            bytes_acked: with(self.bytes_acked, other.bytes_acked),
            bytes_retransmitted: with(self.bytes_retransmitted, other.bytes_retransmitted),
        }
    }

    /// Whether none is above that of `other`.
    pub(super) fn at_most(self, other: Self) -> bool {
        self.each(other, u64::min) == self
    }
}

impl From<&Socket> for Figures {
    fn from(socket: &Socket) -> Self {
        Self {
            sent: socket.data_segs_out,
            delivered: socket.delivered,
            retransmitted: socket.retrans_total,
            bytes_sent: socket.bytes_sent,
            bytes_acked: socket.bytes_acked,
            bytes_retransmitted: socket.bytes_retrans,
        }
    }
}

impl Add for Figures {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.each(other, |a, b| a + b)
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Figures {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.each(other, |a, b| {
            a.checked_sub(b).expect("a count that went back")
        })
    }
}
