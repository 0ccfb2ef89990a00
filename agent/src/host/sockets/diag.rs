//! Asking the kernel for one socket (`NETLINK_SOCK_DIAG`, man page `sock_diag(7)`).

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::time::Duration;

use netlink_packet_core::{NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::inet::nlas::{Nla, TcpInfo};
use netlink_packet_sock_diag::inet::{
    ExtensionFlags, InetRequest, InetResponse, SocketId, StateFlags,
};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

use crate::event::{SampledEnd, SocketFigures};
use crate::flow::{FlowKey, ca_state, state};

/// `AF_INET`, `AF_INET6` and `IPPROTO_TCP`, as a request has them.
const V4: u8 = 2;
const V6: u8 = 10;
const TCP: u8 = 6;
/// Any socket between these ends (`INET_DIAG_NOCOOKIE`).
const NO_COOKIE: [u8; 8] = [0xff; 8];
/// The kernel answers within the very call that asks; longer is a kernel that does not.
const PATIENCE: Duration = Duration::from_millis(20);
/// Longer than an answer about one socket is.
const ANSWER: usize = 8 * 1024;
/// `TCP_INFINITE_SSTHRESH`: no loss yet.
const INFINITE: u32 = 0x7fff_ffff;

/// A conversation with the kernel about sockets of this process's network namespace.
pub(super) struct Diag {
    socket: OwnedFd,
    asked: u32,
}

impl Diag {
    pub(super) fn open() -> io::Result<Self> {
        let (family, kind) = (AddressFamily::NETLINK, SocketType::DGRAM);
        let socket = socket_with(family, kind, SocketFlags::CLOEXEC, Some(netlink::SOCK_DIAG))?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        Ok(Self { socket, asked: 0 })
    }

    /// The socket between these ends; nothing if there is none any more.
    pub(super) fn ask(&mut self, key: &FlowKey) -> io::Result<Option<SocketFigures>> {
        self.asked = self.asked.wrapping_add(1);
        send(&self.socket, &request(key, self.asked), SendFlags::empty())?;
        let mut answer = vec![0; ANSWER];
        loop {
            let (length, _) = recv(&self.socket, answer.as_mut_slice(), RecvFlags::empty())?;
            let message = message(answer.get(..length).unwrap_or_default())?;
            if message.header.sequence_number == self.asked {
                return understood(message.payload).map(|found| found.and_then(|f| figures(&f)));
            }
        }
    }
}

/// Whether the kernel tells of its sockets: it is asked for one that is made for this.
pub fn probe() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let SocketAddr::V4(own) = listener.local_addr()? else {
        return Err(io::ErrorKind::AddrNotAvailable.into());
    };
    let key = FlowKey {
        local: (*own.ip()).into(),
        local_port: own.port(),
        peer: Ipv4Addr::UNSPECIFIED.into(),
        peer_port: 0,
        netns: 0,
    };
    let mut diag = Diag::open()?;
    diag.asked += 1;
    send(&diag.socket, &request(&key, diag.asked), SendFlags::empty())?;
    let mut answer = vec![0; ANSWER];
    let (length, _) = recv(&diag.socket, answer.as_mut_slice(), RecvFlags::empty())?;
    let found = understood(message(answer.get(..length).unwrap_or_default())?.payload)?;
    found.map(drop).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::Unsupported,
            "it does not know a socket that is there; the module tcp_diag may be missing",
        )
    })
}

fn request(key: &FlowKey, number: u32) -> Vec<u8> {
    let (family, mut id) = match key.local {
        IpAddr::V4(_) => (V4, SocketId::new_v4()),
        IpAddr::V6(_) => (V6, SocketId::new_v6()),
    };
    id.source_address = key.local;
    id.source_port = key.local_port;
    id.destination_address = key.peer;
    id.destination_port = key.peer_port;
    id.cookie = NO_COOKIE;
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST;
    header.sequence_number = number;
    let request = SockDiagMessage::InetRequest(InetRequest {
        family,
        protocol: TCP,
        extensions: ExtensionFlags::INFO | ExtensionFlags::CONG,
        states: StateFlags::all(),
        socket_id: id,
    });
    let mut message = NetlinkMessage::new(header, NetlinkPayload::from(request));
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

fn message(bytes: &[u8]) -> io::Result<NetlinkMessage<SockDiagMessage>> {
    NetlinkMessage::deserialize(bytes)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
}

/// The socket that an answer is about; nothing if it says that there is none.
fn understood(answer: NetlinkPayload<SockDiagMessage>) -> io::Result<Option<InetResponse>> {
    match answer {
        NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(found)) => Ok(Some(*found)),
        NetlinkPayload::Error(error) => {
            // `to_io` negates by `abs`, which the smallest number does not survive.
            let error = io::Error::from_raw_os_error(error.raw_code().saturating_neg());
            if error.raw_os_error() == Some(Errno::NOENT.raw_os_error()) {
                Ok(None)
            } else {
                Err(error)
            }
        }
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// All of it at once, for bytes that no kernel made.
#[cfg(any(test, fuzzing))]
pub(in crate::host) fn answer(bytes: &[u8]) -> io::Result<Option<SocketFigures>> {
    Ok(understood(message(bytes)?.payload)?.and_then(|found| figures(&found)))
}

/// What an answer says; nothing of a socket that is only a remainder (`TIME_WAIT`) or a beginning.
fn figures(found: &InetResponse) -> Option<SocketFigures> {
    let info = found.nlas.iter().find_map(|nla| match nla {
        Nla::TcpInfo(info) => Some(info),
        _ => None,
    })?;
    let congestion_control = found.nlas.iter().find_map(|nla| match nla {
        Nla::Congestion(name) => Some(name.clone()),
        _ => None,
    });
    let header = &found.header;
    let id = &header.socket_id;
    let end = |address: IpAddr, port| SampledEnd {
        address: address.to_canonical(),
        port,
    };
    Some(SocketFigures {
        local: end(id.source_address, id.source_port),
        peer: end(id.destination_address, id.destination_port),
        state: state(header.state).to_owned(),
        congestion_control,
        send_queue_bytes: header.send_queue,
        uid: header.uid,
        inode: header.inode,
        process: None,
        ..of_info(info, end(id.source_address, id.source_port))
    })
}

/// What `struct tcp_info` says; the rest is yet to be filled in.
fn of_info(info: &TcpInfo, end: SampledEnd) -> SocketFigures {
    let known = |value: u32| (value != 0).then_some(value);
    SocketFigures {
        local: end.clone(),
        peer: end,
        state: String::new(),
        congestion_control: None,
        ca_state: ca_state(info.ca_state).to_owned(),
        snd_cwnd: info.snd_cwnd,
        snd_ssthresh: (info.snd_ssthresh < INFINITE).then_some(info.snd_ssthresh),
        unacked: info.unacked,
        retrans: info.retrans,
        lost: info.lost,
        total_retrans: info.total_retrans,
        delivered: info.delivered,
        bytes_sent: info.bytes_sent,
        bytes_retrans: info.bytes_retrans,
        bytes_acked: info.bytes_acked,
        bytes_received: info.bytes_received,
        srtt_us: known(info.rtt),
        rttvar_us: known(info.rtt).and(Some(info.rttvar)),
        min_rtt_us: known(info.min_rtt).filter(|us| *us != u32::MAX),
        rto_us: info.rto,
        backoff: info.backoff,
        delivery_rate_bytes: (info.delivery_rate != 0).then_some(info.delivery_rate),
        app_limited: info.delivery_rate_app_limited & 1 != 0,
        pacing_rate_bytes: Some(info.pacing_rate).filter(|rate| *rate != 0 && *rate != u64::MAX),
        busy_us: info.busy_time,
        rwnd_limited_us: info.rwnd_limited,
        sndbuf_limited_us: info.sndbuf_limited,
        send_queue_bytes: 0,
        uid: 0,
        inode: 0,
        process: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a kernel 6.18 answered about a connection on its loopback.
    const FOUND: &str = "\
        a40100001400000007000000bc02000002010000bfaada1b7f0000010000000000000000000000007f00\
        000100000000000000000000000000000000480000000000000000000000000000000000000000000000\
        dc100800050008000000000008000f00000000000c001500010000000000000006001600520000001c01\
        0200010000000007aa01e01c0300409c000000d200001802000000000000000000000000000000000000\
        000000002c010000000000002c0100002c010000ffff0000d7ff00002100000012000000ffffff7f0a00\
        0000cbff00000300000000000000d7ff000000000000711cdf6a07000000ffffffffffffffff89130000\
        000000002c010000000000000400000003000000000000000b000000010000000100000017dd4d230100\
        000000000000000000000000000000000000000000000000000002000000000000008813000000000000\
        000000000000000000000000000000000000000000a40100000001000000000000000000000000000000\
        0000000000000000000000000000000000000000000000000000000000000a0004006375626963000000";
    /// What it answered about one that is not there.
    const NONE: &str = "\
        5c0000000200000008000000bc020000feffffff4800000014000100080000000000000002060a00ffff\
        ffff000100027f0000010000000000000000000000007f00000100000000000000000000000000000000\
        ffffffffffffffff";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
        digits.chunks(2).map(|two| pair(two).unwrap()).collect()
    }

    /// Held against what `ss -tie` printed of the same connection in the same second.
    #[test]
    fn an_answer_is_read_as_ss_reads_it() {
        let socket = answer(&bytes(FOUND)).unwrap().unwrap();
        let end = |port| SampledEnd {
            address: Ipv4Addr::LOCALHOST.into(),
            port,
        };
        assert_eq!((socket.local, socket.peer), (end(49066), end(55835)));
        assert_eq!(
            (socket.state, socket.ca_state),
            ("established".into(), "open".into())
        );
        assert_eq!(socket.congestion_control.as_deref(), Some("cubic"));
        assert_eq!((socket.snd_cwnd, socket.snd_ssthresh), (10, None));
        assert_eq!(
            (socket.unacked, socket.retrans, socket.total_retrans),
            (0, 0, 0)
        );
        let bytes = (socket.bytes_sent, socket.bytes_acked, socket.bytes_received);
        assert_eq!(bytes, (5_000, 5_001, 300));
        assert_eq!(
            (socket.bytes_retrans, socket.delivered, socket.lost),
            (0, 2, 0)
        );
        let times = (socket.srtt_us, socket.rttvar_us, socket.min_rtt_us);
        assert_eq!(times, (Some(33), Some(18), Some(11)));
        assert_eq!((socket.rto_us, socket.backoff), (204_000, 0));
        assert_eq!(socket.delivery_rate_bytes, Some(4_887_272_727));
        assert!(socket.app_limited);
        assert_eq!((socket.uid, socket.inode), (0, 528_604));
    }

    #[test]
    fn a_socket_that_is_gone_is_none_and_not_an_error() {
        assert_eq!(answer(&bytes(NONE)).unwrap(), None);
        let mut refused = bytes(NONE);
        // Operation not permitted in place of ENOENT.
        refused[16..20].copy_from_slice(&(-1_i32).to_ne_bytes());
        let error = answer(&refused).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn no_damage_makes_it_panic() {
        let whole = bytes(FOUND);
        for length in 0..whole.len() {
            let _ = answer(&whole[..length]);
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                let _ = answer(&damaged);
            }
        }
    }

    #[test]
    fn the_running_kernel_tells_of_its_sockets() {
        probe().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (own, peer) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        let mut key = FlowKey {
            local: own.ip(),
            local_port: own.port(),
            peer: peer.ip(),
            peer_port: peer.port(),
            netns: 0,
        };
        let mut diag = Diag::open().unwrap();
        let socket = diag.ask(&key).unwrap().unwrap();
        assert_eq!(
            (socket.local.port, socket.state.as_str()),
            (own.port(), "established")
        );
        key.peer_port ^= 1;
        assert_eq!(diag.ask(&key).unwrap(), None);
    }
}
