//! What happens to single packets between this host and one peer.

use super::due::End;
use super::strain::{Count, Culprit};
use crate::random::Random;

/// Loss of one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Loss {
    /// Probability that a packet from this host is lost.
    pub(crate) outbound: f64,
    /// Probability that a packet to this host is lost.
    pub(crate) inbound: f64,
    /// Mean number of packets in a row that are lost together; 1 for independent losses.
    pub(crate) burst: f64,
    /// A burst is over when no packet was sent for so long, seconds. Infinite: it waits for the
    /// flow's next packets, however late they come; then a flow that backs off stays caught in
    /// it for minutes.
    pub(crate) lasting: f64,
}

/// How long a packet keeps the line busy, seconds: 1500 bytes at 1.2 Gbit/s.
const PACKET_TAKES: f64 = 1e-5;

/// How long a burst outlasts the last packet in it on ordinary paths, seconds.
pub(crate) const BURST_LASTS: f64 = 1.0;

/// How a fault comes and goes between its first and last moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// There from the first moment on.
    Step,
    /// In turns there and not there, seconds each.
    Flapping(f64),
    /// Growing evenly over so many seconds.
    Ramp(f64),
}

/// Loss above what is usual, for a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fault {
    pub(crate) loss: Loss,
    /// First moment, seconds.
    pub(crate) from: f64,
    /// Last moment, seconds.
    pub(crate) until: f64,
    pub(crate) shape: Shape,
    pub(crate) culprit: Culprit,
}

/// What may happen to packets at the same time.
pub(crate) type Faults = [Option<Fault>; 2];

impl Fault {
    /// Share of the fault that is there.
    fn strength(&self, now: f64) -> f64 {
        let age = now - self.from;
        if age < 0.0 || now >= self.until {
            return 0.0;
        }
        match self.shape {
            Shape::Step => 1.0,
            Shape::Flapping(period) => {
                let odd = (age / period) % 2.0 >= 1.0;
                if odd { 0.0 } else { 1.0 }
            }
            Shape::Ramp(over) => (age / over).min(1.0),
        }
    }
}

/// How unsteadily packets travel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Unrest {
    /// Probability that a packet takes the slower of two ways.
    pub(crate) reordered: f64,
    /// How much longer that way is, seconds.
    pub(crate) detour: f64,
    /// Mean seconds between stalls, in which nothing arrives and nothing is lost (a radio link
    /// that changes cells); 0 for none.
    pub(crate) stall_every: f64,
    /// Longest stall, seconds.
    pub(crate) stall: f64,
}

impl Unrest {
    pub(crate) const NONE: Self = Self {
        reordered: 0.0,
        detour: 0.0,
        stall_every: 0.0,
        stall: 0.0,
    };
}

/// The way to one peer and back.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// Round-trip time of an undisturbed packet, seconds.
    pub(crate) rtt: f64,
    usual: Loss,
    faults: Faults,
    /// From here on nothing comes through, either way.
    gone: f64,
    unrest: Unrest,
    stalled: (f64, f64),
    /// When the last packet arrived here, and there.
    latest: (f64, f64),
    outward: Chain,
    inward: Chain,
    random: Random,
    /// What the host's counters counted, and when.
    counted: Vec<(f64, Count)>,
}

impl Link {
    pub(crate) fn new(
        (rtt, usual): (f64, Loss),
        faults: Faults,
        (gone, unrest): (f64, Unrest),
        random: Random,
    ) -> Self {
        Self {
            rtt,
            usual,
            faults,
            gone,
            unrest,
            stalled: (f64::NEG_INFINITY, f64::NEG_INFINITY),
            latest: (f64::NEG_INFINITY, f64::NEG_INFINITY),
            outward: Chain::default(),
            inward: Chain::default(),
            random,
            counted: Vec::new(),
        }
    }

    /// Sends a packet from this host; when it arrives, if it does.
    pub(crate) fn send(&mut self, now: f64) -> Option<f64> {
        self.send_data(now, false)
    }

    /// Sends a segment, perhaps again.
    pub(crate) fn send_data(&mut self, now: f64, again: bool) -> Option<f64> {
        let (kind, culprit) = self.loss(now);
        let lost = self
            .outward
            .step(now, kind.outbound, kind, &mut self.random);
        if !lost {
            return Some(self.arrival(now, End::Peer));
        }
        match culprit {
            Culprit::Path => {}
            Culprit::Allowance => self.counted.push((now, Count::Allowance)),
            Culprit::Queue if again => self.counted.push((now, Count::DropAgain)),
            Culprit::Queue => self.counted.push((now, Count::Drop)),
            Culprit::Route => self.refuse(now),
        }
        None
    }

    /// The peer sends a packet; when it arrives here, if it does.
    pub(crate) fn receive(&mut self, now: f64) -> Option<f64> {
        let (kind, culprit) = self.loss(now);
        let lost = self.inward.step(now, kind.inbound, kind, &mut self.random);
        if lost && culprit == Culprit::Allowance {
            self.counted.push((now, Count::Allowance));
        }
        (!lost).then(|| self.arrival(now, End::Host))
    }

    /// Whether the host has a route to the peer.
    pub(crate) fn has_route(&self, now: f64) -> bool {
        !self
            .active(now)
            .any(|(fault, _)| fault.culprit == Culprit::Route)
    }

    /// Something could not be sent for want of a route.
    pub(crate) fn refuse(&mut self, now: f64) {
        self.counted.push((now, Count::NoRoute));
    }

    /// What the host's counters counted so far.
    pub(crate) fn take_counted(&mut self) -> Vec<(f64, Count)> {
        std::mem::take(&mut self.counted)
    }

    /// The faults that are there, and how much of each.
    fn active(&self, now: f64) -> impl Iterator<Item = (&Fault, f64)> {
        let faults = self.faults.iter().flatten();
        let strengths = faults.map(move |fault| (fault, fault.strength(now)));
        strengths.filter(|(_, strength)| *strength > 0.0)
    }

    /// Loss of this moment, and whose the most of it is.
    fn loss(&self, now: f64) -> (Loss, Culprit) {
        if now >= self.gone {
            let all = Loss {
                outbound: 1.0,
                inbound: 1.0,
                burst: 1.0,
                lasting: f64::INFINITY,
            };
            return (all, Culprit::Path);
        }
        let mut all = (self.usual, Culprit::Path);
        for (fault, strength) in self.active(now) {
            let (loss, culprit) = &mut all;
            let (outbound, inbound) = (loss.outbound, loss.inbound);
            loss.outbound = outbound.max(fault.loss.outbound * strength);
            loss.inbound = inbound.max(fault.loss.inbound * strength);
            loss.burst = fault.loss.burst;
            loss.lasting = fault.loss.lasting;
            *culprit = fault.culprit;
        }
        all
    }

    /// Packets stay in order, but for those that take the slower way.
    fn arrival(&mut self, now: f64, to: End) -> f64 {
        // A per cent of jitter.
        let mut at = now + self.rtt / 2.0 + self.rtt * 0.01 * self.random.unit();
        if self.unrest.reordered > 0.0 && self.random.chance(self.unrest.reordered) {
            at += self.unrest.detour * (0.5 + self.random.unit());
            return self.after_stall(at);
        }
        let at = self.after_stall(at);
        let latest = match to {
            End::Host => &mut self.latest.0,
            End::Peer => &mut self.latest.1,
        };
        *latest = at.max(*latest + PACKET_TAKES);
        *latest
    }

    fn after_stall(&mut self, at: f64) -> f64 {
        if self.unrest.stall_every <= 0.0 {
            return at;
        }
        if self.stalled.1 == f64::NEG_INFINITY {
            self.stalled = (at, at);
        }
        while at >= self.stalled.1 {
            let from = self.stalled.1 + self.random.exponential(self.unrest.stall_every);
            let length = self.unrest.stall * (0.3 + 0.7 * self.random.unit());
            self.stalled = (from, from + length);
        }
        if at >= self.stalled.0 {
            // What waited comes out in order, one packet after the other.
            self.stalled.1 + (at - self.stalled.0) * 0.01
        } else {
            at
        }
    }
}

/// Gilbert's model (1960), a step per packet: in its bad state every packet is lost, in its good
/// state none; the bad one lasts `burst` packets on average and takes up the share `share`.
#[derive(Debug, Clone, Default)]
struct Chain {
    bad: bool,
    stepped: f64,
}

impl Chain {
    /// Whether the next packet is lost.
    fn step(&mut self, now: f64, share: f64, loss: Loss, random: &mut Random) -> bool {
        let idle = now - self.stepped;
        self.stepped = now;
        if share >= 1.0 {
            return true;
        }
        if loss.burst <= 1.0 || share <= 0.0 || idle > loss.lasting {
            self.bad = share > 0.0 && random.chance(share);
        } else if self.bad {
            self.bad = !random.chance(1.0 / loss.burst);
        } else {
            self.bad = random.chance((share / (1.0 - share) / loss.burst).min(1.0));
        }
        self.bad
    }
}
