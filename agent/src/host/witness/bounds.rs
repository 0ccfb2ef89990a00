//! How much witnesses may do, and what that comes to.

use std::time::Duration;

use super::target::Target;

/// A view of the way sends so many packets to each destination at most ...
pub const HOP_PACKETS: u32 = 90;
/// ... of so many payload bytes ...
pub(super) const HOP_PAYLOAD: usize = 32;
/// ... with no other view, of whatever address, within so many seconds ...
pub const HOPS_EVERY_S: u64 = 300;
/// ... to so many destinations: the one that is bad, and one to compare it with.
pub const HOP_DESTINATIONS: u32 = 2;

const HOUR_S: u32 = 3_600;

/// Bounds of what witnesses do, in all, whatever is suspect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Segments that a target is to acknowledge in a round, about.
    pub segments: u32,
    /// Connections open at the same time.
    pub at_once: usize,
    /// Payload bytes of a connection, both ways together.
    pub bytes: usize,
    /// Length of a round.
    pub round: Duration,
    /// Rest after the first round. It doubles with each round.
    pub pause: Duration,
    /// Rounds begun within an hour.
    pub rounds_per_hour: usize,
}

impl Bounds {
    /// Connections that a round opens to a target at most.
    pub const fn visits(&self, target: &Target) -> u32 {
        self.segments.div_ceil(target.talk.trials())
    }
}

/// What an hour costs at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// TCP connections opened.
    pub connections: u64,
    /// Packets sent on them if none is lost; what is lost is sent again, as on any connection.
    pub packets: u64,
    /// Payload bytes on them, both ways together.
    pub bytes: u64,
    /// UDP packets sent to see the way, hop by hop.
    pub hop_packets: u64,
}

impl Cost {
    /// Of an hour in which something is suspect all the time.
    pub fn of_an_hour(bounds: &Bounds, targets: &[Target], hops: bool) -> Self {
        let mut cost = Self {
            connections: 0,
            packets: 0,
            bytes: 0,
            hop_packets: 0,
        };
        for target in targets {
            let connections = u64::from(bounds.visits(target)) * bounds.rounds_per_hour as u64;
            cost.connections += connections;
            cost.packets += connections * u64::from(target.talk.packets());
            cost.bytes += connections * bounds.bytes as u64;
        }
        if hops {
            let views = u64::from(HOUR_S).div_ceil(HOPS_EVERY_S);
            cost.hop_packets = views * u64::from(HOP_DESTINATIONS * HOP_PACKETS);
        }
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds() -> Bounds {
        Bounds {
            segments: 24,
            at_once: 4,
            bytes: 16_384,
            round: Duration::from_secs(30),
            pause: Duration::from_secs(30),
            rounds_per_hour: 10,
        }
    }

    #[test]
    fn a_round_is_as_many_connections_as_its_segments_take() {
        let of = |text: &str| bounds().visits(&text.parse().unwrap());
        assert_eq!(of("203.0.113.10:443"), 12);
        assert_eq!(of("http://203.0.113.10:80"), 4, "3.4, rounded up");
    }

    #[test]
    fn an_hour_is_all_its_rounds_and_views() {
        let targets = ["203.0.113.10:443", "http://198.51.100.10:80"];
        let targets: Vec<Target> = targets.iter().map(|text| text.parse().unwrap()).collect();
        let expected = Cost {
            connections: 10 * (12 + 4),
            packets: 10 * (12 * 4 + 4 * 14),
            bytes: 10 * (12 + 4) * 16_384,
            hop_packets: 12 * 2 * 90,
        };
        assert_eq!(Cost::of_an_hour(&bounds(), &targets, true), expected);
        let off = Cost::of_an_hour(&bounds(), &[], false);
        assert_eq!((off.connections, off.packets, off.hop_packets), (0, 0, 0));
    }
}
