//! A simulator of TCP flows under loss. It knows TCP and loss, and nothing of who judges them:
//! out come the samples that the agent would take.

mod clock;
mod due;
pub(crate) mod link;
mod report;
pub(crate) mod script;
mod sender;
pub(crate) mod spread;
mod talk;
pub(crate) mod window;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use edgeghost::flow::{FlowKey, FlowSample};
use edgeghost::path::Classifier;

use crate::random::Random;
use crate::table::{App, Background, Group, Local, Scenario, Side, Vanish};
use link::{BURST_LASTS, Link, Loss};
pub(crate) use report::nanos;
use report::{Identity, Reporter};
use script::{Answer, Prompt, Script};
use spread::Networks;
use talk::Talk;
use window::Control;

/// Chosen by this host where nobody else chose.
const SERVICE_PORT: u16 = 443;

/// A peer, and how it is reached.
struct Peer {
    identity: Identity,
    link: Link,
    control: Control,
    begin: f64,
    random: Random,
}

/// All samples of a scenario, in order of time.
pub(crate) fn samples(scenario: &Scenario, seed: u64, networks: Networks) -> Vec<FlowSample> {
    let mut samples = traffic(scenario.groups, scenario.length, seed ^ fold(scenario.id));
    networks.place(&mut samples);
    samples
}

/// All samples of these groups, in order of time.
pub(crate) fn traffic(groups: &[Group], length: f64, seed: u64) -> Vec<FlowSample> {
    let mut random = Random::new(seed);
    let mut out = Vec::new();
    let mut network = 0;
    for (index, group) in (0_u8..).zip(groups) {
        for member in 0..group.networks {
            let mobile = random.chance(group.mobile);
            for prefix in 0..group.prefixes {
                let place = (index, network, prefix, member);
                let mut peer = peer(group, place, mobile, random.fork());
                live(group, &mut peer, length, &mut out);
            }
            network += 1;
        }
    }
    // Stable, so that a flow's samples stay in order; the key settles what is left.
    out.sort_by_key(|sample| (sample.time_ns, sample.key));
    out
}

fn peer(group: &Group, place: (u8, u8, u8, u8), mobile: bool, mut random: Random) -> Peer {
    let (index, network, prefix, member) = place;
    let (local, peer) = addresses(group, index, network, (prefix, member));
    let usual = usual_loss(group.background, mobile, &mut random);
    let rtt = random.between(group.rtt) + if mobile { 0.04 } else { 0.0 };
    let begin = random.between(group.begin);
    let gone = match group.vanish {
        None => f64::INFINITY,
        Some(Vanish::After(least, most)) => begin + random.between((least, most)),
        Some(Vanish::At(least, most)) => random.between((least, most)),
    };
    let control = group.control.unwrap_or_else(|| {
        let drawn = random.unit();
        if drawn < 0.5 {
            Control::Cubic
        } else if drawn < 0.8 {
            Control::Bbr
        } else {
            Control::Reno
        }
    });
    let (payload, window) = match group.app {
        App::Talk(Script {
            answer: Answer::Terminal,
            room,
            ..
        }) => (68, room),
        App::Talk(Script { room, .. }) => (1_448, room),
        App::Scan(_) => (1_448, 0),
    };
    let identity = Identity {
        key: FlowKey {
            local,
            peer,
            local_port: SERVICE_PORT,
            peer_port: 20_000,
            netns: 4_026_531_840,
        },
        class: Classifier::default().classify(peer),
        payload,
        window,
        control: control.name(),
    };
    Peer {
        identity,
        link: Link::new(
            (rtt, usual),
            group.fault,
            (gone, group.unrest),
            random.fork(),
        ),
        control,
        begin,
        random,
    }
}

/// One connection after the other, to the end of the scenario.
fn live(group: &Group, peer: &mut Peer, length: f64, out: &mut Vec<FlowSample>) {
    let script = match group.app {
        App::Talk(script) => script,
        App::Scan(rate) => return scan(peer, rate, length, out),
    };
    let mut now = peer.begin;
    while now < length {
        let mut identity = peer.identity;
        identity.key.peer_port = peer.identity.key.peer_port;
        peer.identity.key.peer_port = 20_000 + (peer.identity.key.peer_port - 19_999) % 40_000;
        let reporter = Reporter::new(identity, now, out);
        let talk = Talk::new(
            &mut peer.link,
            &mut peer.random,
            reporter,
            script,
            peer.control,
        );
        now = talk.run(now, length) + peer.random.exponential(1.0);
    }
}

/// SYNs to addresses where nobody is, each on a connection of its own.
fn scan(peer: &mut Peer, rate: f64, length: f64, out: &mut Vec<FlowSample>) {
    let mut now = peer.begin.max(0.0);
    let mut target = 0_u32;
    let silent = Script {
        gap: 1.0,
        answer: Answer::Exactly(1),
        prompt: Prompt::Request,
        turns: 0.0,
        hangs_up: true,
        active: true,
        room: 1,
    };
    while now < length {
        let mut identity = peer.identity;
        // Class E (RFC 1112) belongs to nobody.
        identity.key.peer = IpAddr::V4(Ipv4Addr::from_bits(0xfa00_0001 + target * 259));
        target = (target + 1) % 60_000;
        let reporter = Reporter::new(identity, now, out);
        Talk::new(
            &mut peer.link,
            &mut peer.random,
            reporter,
            silent,
            peer.control,
        )
        .run(now, length);
        now += peer.random.exponential(1.0 / rate);
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
fn addresses(
    group: &Group,
    index: u8,
    network: u8,
    (prefix, member): (u8, u8),
) -> (IpAddr, IpAddr) {
    let host = member.wrapping_mul(7).wrapping_add(10);
    let peer = match (group.side, group.local) {
        (Side::Private, Local::V6) => {
            Ipv6Addr::new(0xfd00, 0, 0, index.into(), 0, 0, 0, host.into()).into()
        }
        (Side::Private, _) => Ipv4Addr::new(10, 1, 1 + index, host).into(),
        (Side::Public, Local::V6) => Ipv6Addr::new(
            0x3fff,
            network.into(),
            prefix.into(),
            0,
            0,
            0,
            0,
            host.into(),
        )
        .into(),
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

/// What a number of samples come to.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Sums {
    retransmitted: u64,
    delivered: u64,
    samples: u32,
    low: u32,
}

impl Sums {
    /// Retransmitted among all segments.
    pub(crate) fn ratio(self) -> f64 {
        self.retransmitted as f64 / (self.retransmitted + self.delivered).max(1) as f64
    }

    /// Share of samples whose window was at four segments or less.
    pub(crate) fn low(self) -> f64 {
        f64::from(self.low) / f64::from(self.samples.max(1))
    }
}

/// Sums samples.
pub(crate) fn sums(samples: &[FlowSample]) -> Sums {
    let mut sums = Sums::default();
    for sample in samples {
        sums.retransmitted += sample.retransmitted;
        sums.delivered += sample.delivered;
        sums.samples += 1;
        sums.low += u32::from(sample.snd_cwnd <= 4);
    }
    sums
}

/// FNV-1a, so that scenarios do not share their chances.
fn fold(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
