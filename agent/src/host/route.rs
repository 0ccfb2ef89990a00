//! Which way the host would send a packet (`RTM_GETROUTE`). Nothing is sent.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::netlink::{Message, Netlink, attribute, attributes, u32_at};
use crate::event::RouteKind;

const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;
/// `struct rtmsg`.
const HEAD: usize = 12;
/// Tell the entry of the table, not the way that was made of it.
const RTM_F_FIB_MATCH: u32 = 0x2000;

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const RTA_DST: u16 = 1;
const RTA_SRC: u16 = 2;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_MULTIPATH: u16 = 9;
const RTA_CACHEINFO: u16 = 12;
/// `rta_error` in `struct rta_cacheinfo`, a negative error number.
const ROUTE_ERROR: usize = 12;

/// Addresses that only a default route leads to, or a table of the whole internet: root name
/// servers. The kernel is asked for the way; nothing is sent.
pub(super) const INTERNET: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(198, 41, 0, 4)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x503, 0xba3e, 0, 0, 0, 2, 0x30)),
];

/// A way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route {
    /// Whether it leads anywhere.
    pub(super) kind: RouteKind,
    /// Prefix length of the table's entry: 0 is a default route.
    pub(super) prefix: u8,
    /// Index of the interface.
    pub(super) device: Option<u32>,
    pub(super) gateway: Option<IpAddr>,
    /// The destination is an address of this host.
    pub(super) is_own: bool,
}

/// The way to an address, from a local one if that is given.
pub(super) fn route(netlink: &mut Netlink, to: IpAddr, from: Option<IpAddr>) -> io::Result<Route> {
    let asked = netlink.get(RTM_GETROUTE, &question(to, from), read);
    let kind = match asked {
        Ok(Some(route)) => return Ok(route),
        Ok(None) => return Err(io::ErrorKind::InvalidData.into()),
        Err(error) => refusal(&error).ok_or(error)?,
    };
    // A source that is not this host's is refused in the same words as a destination.
    if let Some(from) = from
        && !route(netlink, from, None)?.is_own
    {
        return Err(io::ErrorKind::AddrNotAvailable.into());
    }
    Ok(Route {
        kind,
        prefix: 0,
        device: None,
        gateway: None,
        is_own: false,
    })
}

fn is(error: &io::Error, errno: rustix::io::Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}

/// What a route that leads nowhere answers with (`fib_props`, `net/ipv4/fib_semantics.c`).
fn refusal(error: &io::Error) -> Option<RouteKind> {
    use rustix::io::Errno;
    let kinds = [
        (Errno::NETUNREACH, RouteKind::None),
        (Errno::HOSTUNREACH, RouteKind::Unreachable),
        (Errno::INVAL, RouteKind::Blackhole),
        (Errno::ACCESS, RouteKind::Prohibit),
    ];
    let known = kinds.into_iter().find(|(errno, _)| is(error, *errno));
    known.map(|(_, kind)| kind)
}

fn question(to: IpAddr, from: Option<IpAddr>) -> Vec<u8> {
    let bytes = |address: IpAddr| match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    let (family, bits) = match to {
        IpAddr::V4(_) => (AF_INET, 32),
        IpAddr::V6(_) => (AF_INET6, 128),
    };
    let source_bits = if from.is_some() { bits } else { 0 };
    let mut body = vec![family, bits, source_bits, 0, 0, 0, 0, 0];
    body.extend(RTM_F_FIB_MATCH.to_ne_bytes());
    body.extend(attribute(RTA_DST, &bytes(to)));
    if let Some(from) = from {
        body.extend(attribute(RTA_SRC, &bytes(from)));
    }
    body
}

pub(super) fn read(message: &Message<'_>) -> Option<Route> {
    /// `struct rtnexthop`: its interface comes after four bytes, its attributes after eight.
    const HOP: (usize, usize) = (4, 8);
    if message.kind != RTM_NEWROUTE {
        return None;
    }
    let (prefix, kind) = (*message.body.get(1)?, *message.body.get(7)?);
    let (mut device, mut gateway, mut failed) = (None, None, None);
    for (attribute, value) in attributes(message.body.get(HEAD..)?) {
        match attribute {
            RTA_OIF => device = u32_at(value, 0),
            RTA_GATEWAY => gateway = address(value),
            RTA_MULTIPATH => {
                device = device.or_else(|| u32_at(value, HOP.0));
                let hop = attributes(value.get(HOP.1..).unwrap_or_default());
                let mut gateways = hop.filter(|(kind, _)| *kind == RTA_GATEWAY);
                gateway = gateway.or_else(|| address(gateways.next()?.1));
            }
            RTA_CACHEINFO => failed = u32_at(value, ROUTE_ERROR).map(u32::cast_signed),
            _ => {}
        }
    }
    let failed = failed.filter(|error| *error < 0);
    let failed = failed
        .and_then(i32::checked_neg)
        .and_then(|error| refusal(&io::Error::from_raw_os_error(error)));
    // `include/uapi/linux/rtnetlink.h`: RTN_LOCAL, RTN_BLACKHOLE and so on.
    let is_own = kind == 2;
    let kind = match kind {
        6 => RouteKind::Blackhole,
        // IPv6 says so of what is in no table, too.
        7 => failed.unwrap_or(RouteKind::Unreachable),
        8 => RouteKind::Prohibit,
        9 => RouteKind::None,
        _ => failed.unwrap_or(RouteKind::Unicast),
    };
    Some(Route {
        kind,
        prefix,
        device,
        gateway,
        is_own,
    })
}

fn address(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => Some(IpAddr::from(*value.first_chunk::<4>()?)),
        16 => Some(IpAddr::from(*value.first_chunk::<16>()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(kind: u8, prefix: u8, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut body = vec![AF_INET, prefix, 0, 0, 0, 0, 0, kind, 0, 0, 0, 0];
        body.extend(attributes.concat());
        body
    }

    fn of(body: &[u8]) -> Option<Route> {
        read(&Message {
            kind: RTM_NEWROUTE,
            body,
        })
    }

    #[test]
    fn a_default_route_and_its_gateway() {
        let gateway = [10, 1, 0, 1];
        let plain = answer(
            1,
            0,
            &[
                attribute(RTA_OIF, &2_u32.to_ne_bytes()),
                attribute(RTA_GATEWAY, &gateway),
            ],
        );
        let expected = Route {
            kind: RouteKind::Unicast,
            prefix: 0,
            device: Some(2),
            gateway: Some(gateway.into()),
            is_own: false,
        };
        assert_eq!(of(&plain), Some(expected));
        let mut hop = vec![0, 0, 0, 0];
        hop.extend(2_u32.to_ne_bytes());
        hop.extend(attribute(RTA_GATEWAY, &gateway));
        let several = answer(1, 0, &[attribute(RTA_MULTIPATH, &hop)]);
        assert_eq!(of(&several), Some(expected));
        for length in 0..several.len() {
            of(&several[..length]);
        }
    }

    #[test]
    fn routes_that_lead_nowhere() {
        let kinds = [6, 7, 8].map(|kind| of(&answer(kind, 32, &[])).unwrap().kind);
        let expected = [
            RouteKind::Blackhole,
            RouteKind::Unreachable,
            RouteKind::Prohibit,
        ];
        assert_eq!(kinds, expected);
        // IPv6, no entry at all: "unreachable", with ENETUNREACH.
        let mut info = vec![0; 32];
        info[ROUTE_ERROR..ROUTE_ERROR + 4].copy_from_slice(&(-101_i32).to_ne_bytes());
        let none = of(&answer(7, 0, &[attribute(RTA_CACHEINFO, &info)]));
        assert_eq!(none.unwrap().kind, RouteKind::None);
        let refused = |errno| refusal(&io::Error::from_raw_os_error(errno));
        assert_eq!(refused(101), Some(RouteKind::None));
        assert_eq!(refused(113), Some(RouteKind::Unreachable));
        assert_eq!(refused(13), Some(RouteKind::Prohibit));
        assert_eq!(refused(1), None);
    }

    #[test]
    fn the_loopback_is_reached_by_itself() {
        let mut netlink = Netlink::open().unwrap();
        let home = route(&mut netlink, [127, 0, 0, 1].into(), None).unwrap();
        assert_eq!((home.kind, home.device), (RouteKind::Unicast, Some(1)));
        assert!(home.is_own);
        let elsewhere = Some([192, 0, 2, 77].into());
        let error = route(&mut netlink, [127, 0, 0, 1].into(), elsewhere).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    }
}
