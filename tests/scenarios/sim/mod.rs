//! A simulator of TCP flows under loss. It knows TCP and loss, and nothing of who judges them:
//! out come the samples that the agent would take.

mod clock;
mod due;
pub(crate) mod link;
mod peer;
mod report;
pub(crate) mod script;
mod sender;
pub(crate) mod spread;
pub(crate) mod strain;
mod talk;
pub(crate) mod window;

use std::net::{IpAddr, Ipv4Addr};

use edgeghost::flow::FlowSample;

use crate::random::Random;
use crate::table::{App, Group, Scenario};
pub(crate) use peer::{Peer, local};
pub(crate) use report::nanos;
use report::{Reporter, moment};
use script::{Amount, Prompt, Script};
use spread::Networks;
use strain::Counters;
use talk::Talk;

/// What the agent gets to know of the host: of its flows, in order of time, and of itself.
pub(crate) struct Traffic {
    pub(crate) flows: Vec<FlowSample>,
    pub(crate) host: Counters,
}

/// All that there is to know in a scenario.
pub(crate) fn samples(scenario: &Scenario, seed: u64, networks: Networks) -> Traffic {
    let mut traffic = traffic(scenario.groups, scenario.length, seed_of(scenario, seed));
    networks.place(&mut traffic.flows);
    traffic
}

/// The peers of a scenario, as [`samples`] has them.
pub(crate) fn cast(scenario: &Scenario, seed: u64) -> Vec<(&Group, Peer)> {
    peers(scenario.groups, seed_of(scenario, seed))
}

fn seed_of(scenario: &Scenario, seed: u64) -> u64 {
    seed ^ fold(scenario.id)
}

/// All that there is to know if these groups are there.
pub(crate) fn traffic(groups: &[Group], length: f64, seed: u64) -> Traffic {
    let mut flows = Vec::new();
    let mut host = Counters::new(length);
    for (group, mut peer) in peers(groups, seed) {
        live(group, &mut peer, length, &mut flows);
        for (at, count) in peer.link.take_counted() {
            host.add(at, count);
        }
    }
    // Stable, so that a flow's samples stay in order; the key settles what is left.
    flows.sort_by_key(|sample| (sample.time_ns, sample.key));
    for sample in &flows {
        host.add_segments(moment(sample.time_ns), sample);
    }
    Traffic { flows, host }
}

fn peers(groups: &[Group], seed: u64) -> Vec<(&Group, Peer)> {
    let mut random = Random::new(seed);
    let mut peers = Vec::new();
    let mut network = 0;
    for (index, group) in (0_u8..).zip(groups) {
        for member in 0..group.networks {
            let mobile = random.chance(group.mobile);
            for prefix in 0..group.prefixes {
                let place = (index, network, prefix, member);
                peers.push((group, Peer::new(group, place, mobile, random.fork())));
            }
            network += 1;
        }
    }
    peers
}

/// One connection after the other, to the end of the scenario.
fn live(group: &Group, peer: &mut Peer, length: f64, out: &mut Vec<FlowSample>) {
    let script = match group.app {
        App::Talk(script) => script,
        App::Scan(rate) => return scan(peer, rate, length, out),
    };
    let mut now = peer.begin;
    while now < length {
        let reporter = Reporter::new(peer.next_identity(), now, out);
        let talk = Talk::new(
            &mut peer.link,
            &mut peer.random,
            reporter,
            script,
            peer.control,
        );
        now = talk.run(now, length) + peer.random.exponential(script.pause);
    }
}

/// SYNs to addresses where nobody is, each on a connection of its own.
fn scan(peer: &mut Peer, rate: f64, length: f64, out: &mut Vec<FlowSample>) {
    let mut now = peer.begin.max(0.0);
    let mut target = 0_u32;
    let silent = Script {
        gap: 1.0,
        answer: Amount::Exactly(1),
        ask: Amount::Exactly(1),
        prompt: Prompt::Need,
        turns: 0.0,
        pause: 0.0,
        hangs_up: true,
        active: true,
        room: 1,
    };
    while now < length {
        let mut identity = peer.next_identity();
        // Class E (RFC 1112) belongs to nobody.
        let address = IpAddr::V4(Ipv4Addr::from_bits(0xfa00_0001 + target * 259));
        identity.redirect(address);
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

/// What a number of samples come to. A duplicate is no delivery here, for the measurements that
/// this is compared with count by what was acknowledged in sequence.
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
        sums.delivered += sample.delivered - sample.duplicates;
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
