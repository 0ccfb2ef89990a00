//! Network interfaces: state and standard counters (`RTM_GETLINK`).

use std::collections::BTreeMap;
use std::io;

use super::netlink::{Message, Netlink, attributes, text, u32_at, u64_at};

const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
/// `struct ifinfomsg`.
const HEAD: usize = 16;
const IFF_UP: u32 = 0x1;
const IFF_LOOPBACK: u32 = 0x8;

const IFLA_IFNAME: u16 = 3;
const IFLA_OPERSTATE: u16 = 16;
const IFLA_STATS64: u16 = 23;
const IFLA_CARRIER: u16 = 33;
const IFLA_CARRIER_CHANGES: u16 = 35;

/// Interfaces by index.
pub(super) type Links = BTreeMap<u32, Link>;

/// One interface. What the kernel does not tell is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Link {
    /// As `ens5`.
    pub(super) name: String,
    /// Somebody set it up (`IFF_UP`).
    pub(super) set_up: bool,
    /// There is a carrier.
    pub(super) carrier: Option<bool>,
    /// RFC 2863 operational state, the kernel's word for it in sysfs.
    pub(super) operstate: Option<&'static str>,
    /// The carrier came or went so many times.
    pub(super) carrier_changes: Option<u64>,
    /// What is counted since it was made.
    pub(super) counts: Option<Counts>,
}

/// Standard counters of an interface (`struct rtnl_link_stats64`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// `rx_errors`.
    pub(super) rx_errors: u64,
    /// `tx_errors`.
    pub(super) tx_errors: u64,
    /// `rx_dropped` and `rx_missed_errors`: on ENA the latter are `rx_overruns`.
    pub(super) rx_dropped: u64,
    /// `tx_dropped`.
    pub(super) tx_dropped: u64,
}

/// Every interface of this thread's namespace but the loopback.
pub(super) fn links(netlink: &mut Netlink) -> io::Result<Links> {
    let mut links = Links::new();
    netlink.list(RTM_GETLINK, &[0; HEAD], |message| {
        links.extend(link(message));
    })?;
    Ok(links)
}

pub(super) fn link(message: &Message<'_>) -> Option<(u32, Link)> {
    if message.kind != RTM_NEWLINK {
        return None;
    }
    let (index, flags) = (u32_at(message.body, 4)?, u32_at(message.body, 8)?);
    if flags & IFF_LOOPBACK != 0 {
        return None;
    }
    let mut link = Link {
        set_up: flags & IFF_UP != 0,
        ..Link::default()
    };
    for (kind, value) in attributes(message.body.get(HEAD..)?) {
        match kind {
            IFLA_IFNAME => link.name = text(value),
            IFLA_OPERSTATE => link.operstate = value.first().map(|state| operstate(*state)),
            IFLA_STATS64 => link.counts = counts(value),
            IFLA_CARRIER => link.carrier = value.first().map(|carrier| *carrier != 0),
            IFLA_CARRIER_CHANGES => link.carrier_changes = u32_at(value, 0).map(u64::from),
            _ => {}
        }
    }
    Some((index, link))
}

/// Places in `struct rtnl_link_stats64` (`include/uapi/linux/if_link.h`), which only grows.
fn counts(value: &[u8]) -> Option<Counts> {
    let at = |place: usize| u64_at(value, 8 * place);
    Some(Counts {
        rx_errors: at(4)?,
        tx_errors: at(5)?,
        rx_dropped: at(6)?.saturating_add(at(15)?),
        tx_dropped: at(7)?,
    })
}

/// `operstates`, `net/core/net-sysfs.c`.
const fn operstate(state: u8) -> &'static str {
    match state {
        1 => "notpresent",
        2 => "down",
        3 => "lowerlayerdown",
        4 => "testing",
        5 => "dormant",
        6 => "up",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::super::netlink::attribute;
    use super::*;

    fn body(flags: u32, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut body = vec![0; HEAD];
        body[4..8].copy_from_slice(&3_u32.to_ne_bytes());
        body[8..12].copy_from_slice(&flags.to_ne_bytes());
        body.extend(attributes.concat());
        body
    }

    fn read(body: &[u8]) -> Option<(u32, Link)> {
        link(&Message {
            kind: RTM_NEWLINK,
            body,
        })
    }

    #[test]
    fn an_interface_is_read_by_its_attributes() {
        let stats: Vec<u8> = (0..24_u64).flat_map(u64::to_ne_bytes).collect();
        let ens5 = body(
            IFF_UP,
            &[
                attribute(IFLA_IFNAME, b"ens5\0"),
                attribute(IFLA_OPERSTATE, &[6]),
                attribute(IFLA_CARRIER, &[1]),
                attribute(IFLA_CARRIER_CHANGES, &2_u32.to_ne_bytes()),
                attribute(IFLA_STATS64, &stats),
            ],
        );
        let expected = Link {
            name: "ens5".to_owned(),
            set_up: true,
            carrier: Some(true),
            operstate: Some("up"),
            carrier_changes: Some(2),
            counts: Some(Counts {
                rx_errors: 4,
                tx_errors: 5,
                rx_dropped: 6 + 15,
                tx_dropped: 7,
            }),
        };
        assert_eq!(read(&ens5), Some((3, expected)));
        assert_eq!(read(&body(IFF_LOOPBACK, &[])), None);
        for length in 0..ens5.len() {
            read(&ens5[..length]);
        }
    }

    /// The kernel's own files are the witness.
    #[test]
    fn this_machines_interfaces_are_those_of_proc() {
        let links = links(&mut Netlink::open().unwrap()).unwrap();
        let names: Vec<_> = links.values().map(|link| link.name.clone()).collect();
        let dev = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
        let mut expected: Vec<_> = dev
            .lines()
            .filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned()))
            .filter(|name| name != "lo")
            .collect();
        let mut told = names.clone();
        told.sort();
        expected.sort();
        assert_eq!(told, expected);
        assert!(links.values().all(|link| link.counts.is_some()));
    }
}
