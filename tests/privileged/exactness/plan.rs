//! What a mix consists of: all of it follows from the seed.

use edgeghost_tests::pair::Kind;

use super::random::Random;

/// Where hosts listen; each flow at a port of its own.
const FIRST_PORT: u16 = 7_000;

/// Ports of the peers, where they must be known beforehand.
const FIRST_FAR_PORT: u16 = 45_000;

/// Several hosts and their peers.
#[derive(Debug)]
pub(super) struct Mix {
    pub(super) pairs: Vec<PairPlan>,
}

/// Two hosts, the loss between them, and their flows.
#[derive(Debug)]
pub(super) struct PairPlan {
    /// Whether each host's kernel cuts packets before its device does (TSO off).
    pub(super) cut: [bool; 2],
    /// Percent lost of what the near one sends.
    pub(super) outbound: u32,
    /// Percent lost of what the far one sends.
    pub(super) inbound: u32,
    pub(super) flows: Vec<FlowPlan>,
    /// Whether the near host also tries a port at which every SYN is lost.
    pub(super) attempt: bool,
}

/// One flow, or several that follow each other between the same ends.
#[derive(Debug, Clone)]
pub(super) struct FlowPlan {
    pub(super) kind: Kind,
    pub(super) port: u16,
    pub(super) far_port: u16,
    pub(super) begin: Begin,
    pub(super) work: Work,
    pub(super) end: End,
    /// Whether it moves to another processor between writes.
    pub(super) moves: bool,
    /// How many connections use the same addresses and ports, one after the other.
    pub(super) connections: u32,
}

/// When a flow begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// Before the agent, with losses of its own.
    Old,
    /// While nothing is lost.
    Calm,
    /// While SYNs, SYN-ACKs and ACKs are lost like all else.
    Lossy,
}

/// What goes over it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work {
    /// Rounds of bytes, from the near host or to it.
    Bulk { rounds: u64, bytes: u64, out: bool },
    /// Rounds of small messages to and fro.
    Talk { rounds: u64, bytes: u64 },
}

/// How it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// By FINs of which none is lost.
    Orderly { near_first: bool },
    /// By FINs that are lost like all else.
    Lossy { near_first: bool },
    /// By a reset when everything is acknowledged (`SO_LINGER` of 0).
    Reset,
    /// By a reset in the midst of sending.
    Torn,
    /// Not at all: it is open when the agent stops.
    Open,
}

impl Mix {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let pairs = random.within(2..4);
        Self {
            pairs: (0..pairs).map(|_| PairPlan::new(&mut random)).collect(),
        }
    }
}

impl PairPlan {
    fn new(random: &mut Random) -> Self {
        let cut = [random.chance(50), random.chance(50)];
        let mut percent = || u32::try_from(random.within(0..16)).unwrap();
        let (outbound, inbound) = (percent(), percent());
        let flows = random.within(3..7);
        let flow = |number| FlowPlan::new(random, u16::try_from(number).unwrap());
        Self {
            cut,
            // At least one way loses something.
            outbound: if inbound < 3 {
                outbound.max(5)
            } else {
                outbound
            },
            inbound,
            flows: (0..flows).map(flow).collect(),
            attempt: random.chance(50),
        }
    }
}

impl FlowPlan {
    fn new(random: &mut Random, number: u16) -> Self {
        let work = if random.chance(50) {
            Work::Bulk {
                rounds: random.within(1..9),
                bytes: random.within(20_000..500_000),
                out: random.chance(60),
            }
        } else {
            Work::Talk {
                rounds: random.within(3..60),
                bytes: random.within(1..3_000),
            }
        };
        let near_first = random.chance(50);
        let ends = [
            End::Orderly { near_first },
            End::Lossy { near_first },
            End::Reset,
            End::Torn,
            End::Open,
        ];
        let end = random.pick(&ends);
        let short = random.chance(25);
        Self {
            kind: random.pick(&[Kind::V4, Kind::V6, Kind::Mapped]),
            port: FIRST_PORT + number,
            far_port: FIRST_FAR_PORT + number,
            begin: if short {
                Begin::Lossy
            } else {
                random.pick(&[Begin::Old, Begin::Calm, Begin::Lossy])
            },
            // Ports can be used again at once only after a reset.
            end: if short { End::Reset } else { end },
            work: if short {
                Work::Talk {
                    rounds: 1,
                    bytes: 700,
                }
            } else {
                work
            },
            moves: random.chance(60),
            connections: if short {
                u32::try_from(random.within(2..6)).unwrap()
            } else {
                1
            },
        }
    }
}
