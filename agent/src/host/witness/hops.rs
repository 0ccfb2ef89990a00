//! Looks at a way hop by hop: UDP packets of small time to live, as `tracepath` sends them. The
//! kernel hands what routers answer to the socket's error queue (`IP_RECVERR`), so this takes no
//! privilege.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use nix::libc::{sock_extended_err, sockaddr_in6};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrIn, SockaddrIn6, SockaddrStorage, recvmsg, setsockopt,
    sockopt,
};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::bounds::HOP_PAYLOAD;
use super::view::{MAX_HOPS, View};

/// The port of the first hop's probes less one; that of `traceroute`. Each hop has a port of its
/// own, which answers quote; the probes of one hop all have the same, and so take the same way
/// where ways are chosen by ports.
const PORT: u16 = 33_434;
/// Between two probes.
const BETWEEN: Duration = Duration::from_millis(50);
/// An answer that takes longer is none.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// How often each hop is asked at most; a second and more apart.
pub const PASSES: u32 = 10;

/// Origins and types of what is told (`include/uapi/linux/errqueue.h`, `icmp.h`, `icmpv6.h`).
const ORIGIN_ICMP: u8 = 2;
const ORIGIN_ICMP6: u8 = 3;

/// Looks at the way from `from` to `to`, asking each hop up to `passes` times, within the bounds of
/// a [`View`].
pub async fn look(from: IpAddr, to: IpAddr, passes: u32) -> io::Result<View> {
    let prober = Prober::new(from).await?;
    let mut view = View::new(to);
    let mut sent = [None; MAX_HOPS as usize + 1];
    for _ in 0..passes {
        let mut ttl = 1;
        while ttl <= MAX_HOPS {
            if ttl > view.horizon() && !view.is_reached() {
                // Those on the way may open the next hops.
                prober.hear(&mut view, &sent, ANSWER_WITHIN).await?;
            }
            if !view.wants(ttl) {
                break;
            }
            prober.send(to, ttl)?;
            view.sent_to(ttl);
            if let Some(at) = sent.get_mut(usize::from(ttl)) {
                *at = Some(Instant::now());
            }
            prober.hear(&mut view, &sent, BETWEEN).await?;
            ttl += 1;
        }
        if ttl == 1 {
            break;
        }
        prober.hear(&mut view, &sent, ANSWER_WITHIN).await?;
    }
    Ok(view)
}

struct Prober {
    socket: UdpSocket,
    v4: bool,
}

/// Who answered the probe of which hop.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    ttl: u8,
    who: IpAddr,
}

impl Prober {
    async fn new(from: IpAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind(SocketAddr::new(from, 0)).await?;
        let v4 = from.is_ipv4();
        if v4 {
            setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
        } else {
            setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?;
        }
        Ok(Self { socket, v4 })
    }

    fn send(&self, to: IpAddr, ttl: u8) -> io::Result<()> {
        let limit = i32::from(ttl);
        if self.v4 {
            setsockopt(&self.socket, sockopt::Ipv4Ttl, &limit)?;
        } else {
            setsockopt(&self.socket, sockopt::Ipv6Ttl, &limit)?;
        }
        let to = SocketAddr::new(to, PORT + u16::from(ttl));
        // What came back for the probes before is told to the next that is sent, once for each.
        for _ in 0..MAX_HOPS {
            match self.try_send(to) {
                Err(error) if is_of_another(&error) => {}
                sent => return sent,
            }
        }
        Ok(())
    }

    fn try_send(&self, to: SocketAddr) -> io::Result<()> {
        let to = SockaddrStorage::from(to);
        nix::sys::socket::sendto(
            self.socket.as_raw_fd(),
            &[0; HOP_PAYLOAD],
            &to,
            MsgFlags::MSG_DONTWAIT,
        )?;
        Ok(())
    }

    /// Takes in answers for `time`.
    async fn hear(
        &self,
        view: &mut View,
        sent: &[Option<Instant>],
        time: Duration,
    ) -> io::Result<()> {
        let end = Instant::now() + time;
        while let Ok(ready) = timeout_at(end, self.socket.ready(Interest::ERROR)).await {
            ready?;
            let answers = self
                .socket
                .try_io(Interest::ERROR, || take(self.socket.as_raw_fd()));
            match answers {
                Ok(Some(Answer { ttl, who })) => {
                    if let Some(Some(at)) = sent.get(usize::from(ttl)) {
                        view.answered(ttl, who, at.elapsed());
                    }
                }
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// An error that a router or the destination caused for a probe before.
fn is_of_another(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::PermissionDenied
    )
}

/// The next entry of the error queue, if it is an answer.
fn take(socket: i32) -> io::Result<Option<Answer>> {
    let mut payload = [0; HOP_PAYLOAD];
    let mut pieces = [IoSliceMut::new(&mut payload)];
    // Of both families the longer; the kernel appends who answered.
    let mut space = nix::cmsg_space!(sock_extended_err, sockaddr_in6);
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<SockaddrStorage>(socket, &mut pieces, Some(&mut space), flags)?;
    // Where the probe went.
    let port = message.address.and_then(|to| {
        let v4 = to.as_sockaddr_in().map(SockaddrIn::port);
        v4.or_else(|| to.as_sockaddr_in6().map(SockaddrIn6::port))
    });
    let who = message.cmsgs()?.find_map(|said| match said {
        ControlMessageOwned::Ipv4RecvErr(error, Some(who)) if error.ee_origin == ORIGIN_ICMP => {
            let who = Ipv4Addr::from(u32::from_be(who.sin_addr.s_addr));
            Some(IpAddr::from(who))
        }
        ControlMessageOwned::Ipv6RecvErr(error, Some(who)) if error.ee_origin == ORIGIN_ICMP6 => {
            Some(IpAddr::from(Ipv6Addr::from(who.sin6_addr.s6_addr)))
        }
        _ => None,
    });
    let ttl = port
        .and_then(|port| u8::try_from(port.checked_sub(PORT)?).ok())
        .filter(|ttl| (1..=MAX_HOPS).contains(ttl));
    Ok(ttl.zip(who).map(|(ttl, who)| Answer { ttl, who }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(at: &str) -> View {
        let at = at.parse().unwrap();
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(look(at, at, 3))
            .unwrap()
    }

    /// On the loopback the first hop is the destination, and it has no such port.
    #[test]
    fn the_destination_answers_for_itself() {
        for at in ["127.0.0.1", "::1"] {
            let view = looked(at);
            assert!(view.is_reached(), "{view:?}");
            assert_eq!(view.hops().len(), 1, "{view:?}");
            let hop = view.hops()[0];
            assert_eq!(hop.address, Some(at.parse().unwrap()), "{view:?}");
            assert!(hop.answered == 3 && hop.sent == 3, "{view:?}");
            assert!(hop.rtt_max < Duration::from_secs(1), "{view:?}");
        }
    }
}
