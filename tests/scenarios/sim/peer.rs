//! The peers of a group: who they are, and how they are reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use edgeghost::flow::FlowKey;
use edgeghost::path::Classifier;

use super::link::{BURST_LASTS, Link, Loss};
use super::report::Identity;
use super::script::{Amount, Script};
use super::window::Control;
use crate::random::Random;
use crate::table::{App, Background, Group, Local, Side, Vanish};

/// Where the services are, on whichever side.
const SERVICE_PORT: u16 = 443;

/// The first of the ports that clients take in turns, and how many there are.
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 40_000;

/// A peer, and how it is reached.
pub(crate) struct Peer {
    pub(super) identity: Identity,
    pub(crate) link: Link,
    pub(crate) control: Control,
    /// When it begins, seconds.
    pub(crate) begin: f64,
    pub(crate) random: Random,
}

/// Number of the group and of the network, of the prefix in it, and of the member of the group.
pub(super) type Place = (u8, u8, u8, u8);

impl Peer {
    pub(super) fn new(group: &Group, place: Place, mobile: bool, mut random: Random) -> Self {
        let usual = usual_loss(group.background, mobile, &mut random);
        let rtt = random.between(group.rtt) + if mobile { 0.04 } else { 0.0 };
        let begin = random.between(group.begin);
        let gone = match group.vanish {
            None => f64::INFINITY,
            Some(Vanish::After(least, most)) => begin + random.between((least, most)),
            Some(Vanish::At(least, most)) => random.between((least, most)),
        };
        let control = group.control.unwrap_or_else(|| some_control(&mut random));
        let identity = identity(group, place, control);
        let unrest = (gone, group.unrest);
        let link = Link::new((rtt, usual), group.faults, unrest, random.fork());
        Self {
            identity,
            link,
            control,
            begin,
            random,
        }
    }

    /// Its address.
    pub(crate) fn address(&self) -> IpAddr {
        self.identity.key.peer
    }

    /// The identity of the next connection: another port of the client's.
    pub(super) fn next_identity(&mut self) -> Identity {
        let identity = self.identity;
        let key = &mut self.identity.key;
        let port = if key.peer_port == SERVICE_PORT {
            &mut key.local_port
        } else {
            &mut key.peer_port
        };
        *port = FIRST_PORT + (*port - FIRST_PORT + 1) % PORTS;
        identity
    }
}

fn identity(group: &Group, place: Place, control: Control) -> Identity {
    let (local, peer) = addresses(group, place);
    let (payload, window, active) = match group.app {
        App::Talk(Script {
            answer: Amount::Terminal,
            room,
            active,
            ..
        }) => (68, room, active),
        App::Talk(Script { room, active, .. }) => (1_448, room, active),
        App::Scan(_) => (1_448, 0, true),
    };
    let (local_port, peer_port) = if active {
        (FIRST_PORT, SERVICE_PORT)
    } else {
        (SERVICE_PORT, FIRST_PORT)
    };
    Identity::new(
        FlowKey {
            local,
            peer,
            local_port,
            peer_port,
            netns: 4_026_531_840,
        },
        Classifier::default().classify(peer),
        (payload, window),
        control.name(),
    )
}

fn some_control(random: &mut Random) -> Control {
    let drawn = random.unit();
    if drawn < 0.5 {
        Control::Cubic
    } else if drawn < 0.8 {
        Control::Bbr
    } else {
        Control::Reno
    }
}

fn usual_loss(background: Background, mobile: bool, random: &mut Random) -> Loss {
    let (share, burst) = match background {
        Background::Exactly(loss) => return loss,
        Background::Fabric => (0.000_2, 1.0),
        Background::Internet if mobile => (random.log_normal(0.012, 0.8).min(0.09), 2.0),
        Background::Internet => (random.log_normal(0.004, 0.9).min(0.05), 1.3),
    };
    Loss {
        outbound: share,
        inbound: share * 0.7,
        burst,
        lasting: BURST_LASTS,
    }
}

/// Both ends. A network is a /16 of class E (RFC 1112) or a /32 of the documentation range of
/// RFC 9637: they belong to nobody, and the agent takes them for public.
fn addresses(group: &Group, (index, network, prefix, member): Place) -> (IpAddr, IpAddr) {
    let host = member.wrapping_mul(7).wrapping_add(10);
    let peer = match (group.side, group.local) {
        (Side::Metadata, _) => Ipv4Addr::new(169, 254, 169, 254).into(),
        (Side::Private, Local::V6) => {
            Ipv6Addr::new(0xfd00, 0, 0, index.into(), 0, 0, 0, host.into()).into()
        }
        (Side::Private, _) => Ipv4Addr::new(10, 1, 1 + index, host).into(),
        (Side::Public, Local::V6) => {
            let [network, prefix, host] = [network, prefix, host].map(u16::from);
            Ipv6Addr::new(0x3fff, network, prefix, 0, 0, 0, 0, host).into()
        }
        (Side::Public, _) => Ipv4Addr::new(240, network, prefix, host).into(),
    };
    (local(group.local), peer)
}

/// An address of this host.
pub(crate) fn local(local: Local) -> IpAddr {
    match local {
        Local::First => Ipv4Addr::new(10, 1, 0, 207).into(),
        Local::Second => Ipv4Addr::new(10, 1, 0, 208).into(),
        Local::V6 => Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 0x207).into(),
    }
}
