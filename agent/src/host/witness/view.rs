//! The way to a destination, hop by hop, as the answers to probes tell it: no sockets, no clock.

use std::net::IpAddr;
use std::time::Duration;

use super::bounds::HOP_PACKETS;

/// Longest way that is looked at, hops.
pub(super) const MAX_HOPS: u8 = 30;
/// So many hops beyond the last that answered are tried: routers that do not answer are common.
const SILENT_HOPS: u8 = 5;
/// No hop is asked more often than this in a view: routers limit how often they answer.
const MOST_OF_A_HOP: u32 = 10;
/// A hop with fewer probes tells nothing of loss.
const LEAST_OF_A_HOP: u32 = 3;
/// Share of unanswered probes from which a hop that answers at all is lossy.
const LOSSY: f64 = 0.10;

/// One hop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hop {
    /// Who answered first; nothing if nobody did.
    pub address: Option<IpAddr>,
    /// Probes sent.
    pub sent: u32,
    /// Probes answered.
    pub answered: u32,
    /// Smallest round-trip time.
    pub rtt_min: Duration,
    /// All round-trip times together.
    pub rtt_sum: Duration,
    /// Largest round-trip time.
    pub rtt_max: Duration,
}

impl Hop {
    /// Share of probes that were not answered, 0 to 1.
    pub fn unanswered(&self) -> f64 {
        1.0 - f64::from(self.answered.min(self.sent)) / f64::from(self.sent.max(1))
    }

    /// Mean round-trip time of the answers.
    pub fn rtt_mean(&self) -> Option<Duration> {
        self.rtt_sum.checked_div(self.answered)
    }

    fn is_lossy(&self) -> bool {
        self.unanswered() >= LOSSY
    }
}

/// The way so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    to: IpAddr,
    hops: Vec<Hop>,
    /// Hops to the destination, where it answered.
    reached: Option<u8>,
    sent: u32,
}

impl View {
    /// Nothing is known of the way to `to`.
    pub const fn new(to: IpAddr) -> Self {
        Self {
            to,
            hops: Vec::new(),
            reached: None,
            sent: 0,
        }
    }

    /// Its destination.
    pub const fn to(&self) -> IpAddr {
        self.to
    }

    /// Whether the destination itself answered.
    pub const fn is_reached(&self) -> bool {
        self.reached.is_some()
    }

    /// Probes sent.
    pub const fn sent(&self) -> u32 {
        self.sent
    }

    /// The hops from the first on, up to the destination or the last that answered.
    pub fn hops(&self) -> &[Hop] {
        let answered = self.hops.iter().rposition(|hop| hop.answered > 0);
        let end = self
            .reached
            .map_or_else(|| answered.map_or(0, |at| at + 1), usize::from);
        self.hops.get(..end).unwrap_or(&self.hops)
    }

    /// Whether one more probe may be sent to the hop at `ttl`.
    pub fn wants(&self, ttl: u8) -> bool {
        let so_far = self.hop(ttl).map_or(0, |hop| hop.sent);
        self.sent < HOP_PACKETS && so_far < MOST_OF_A_HOP && ttl <= self.horizon()
    }

    /// The farthest hop worth asking by what is known.
    pub fn horizon(&self) -> u8 {
        let last = self.hops.iter().rposition(|hop| hop.answered > 0);
        let last = last.and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(0);
        self.reached
            .unwrap_or_else(|| last.saturating_add(SILENT_HOPS).min(MAX_HOPS))
    }

    /// A probe went out.
    pub fn sent_to(&mut self, ttl: u8) {
        let Some(at) = usize::from(ttl).checked_sub(1).filter(|_| ttl <= MAX_HOPS) else {
            return;
        };
        if self.hops.len() <= at {
            self.hops.resize(at + 1, Hop::default());
        }
        if let Some(hop) = self.hops.get_mut(at) {
            hop.sent += 1;
            self.sent += 1;
        }
    }

    /// `who` answered the probe to the hop at `ttl`, after `rtt`.
    pub fn answered(&mut self, ttl: u8, who: IpAddr, rtt: Duration) {
        let at = usize::from(ttl).checked_sub(1);
        let Some(hop) = at.and_then(|at| self.hops.get_mut(at)) else {
            return;
        };
        if hop.answered >= hop.sent {
            return;
        }
        hop.answered += 1;
        hop.address.get_or_insert(who);
        let first = hop.answered == 1;
        hop.rtt_min = if first { rtt } else { hop.rtt_min.min(rtt) };
        hop.rtt_max = hop.rtt_max.max(rtt);
        hop.rtt_sum = hop.rtt_sum.saturating_add(rtt);
        if who == self.to {
            self.reached = Some(self.reached.map_or(ttl, |known| known.min(ttl)));
        }
    }

    /// The first hop of a loss that lasts to the end. A hop that answers little while those beyond
    /// it answer well only limits its answers; one that never answers tells nothing.
    pub fn loss_begins(&self) -> Option<u8> {
        let mut begins = None;
        for (index, hop) in self.hops().iter().enumerate().rev() {
            if hop.answered == 0 || hop.sent < LEAST_OF_A_HOP {
                continue;
            }
            if !hop.is_lossy() {
                break;
            }
            begins = u8::try_from(index + 1).ok();
        }
        begins
    }

    /// The last hop before `ttl` that answered.
    pub fn before(&self, ttl: u8) -> Option<(u8, &Hop)> {
        (1..ttl)
            .rev()
            .find_map(|at| Some((at, self.hop(at).filter(|hop| hop.answered > 0)?)))
    }

    /// The hop at `ttl`.
    pub fn hop(&self, ttl: u8) -> Option<&Hop> {
        self.hops.get(usize::from(ttl).checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TO: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7));

    /// A way whose hops answer so many of nine probes; the last is the destination.
    fn way(answers: &[u32], reached: bool) -> View {
        let mut view = View::new(TO);
        for (index, answered) in answers.iter().enumerate() {
            let ttl = u8::try_from(index + 1).unwrap();
            for probe in 0..9 {
                view.sent_to(ttl);
                let last = index + 1 == answers.len();
                let who = if last && reached {
                    TO
                } else {
                    IpAddr::from([10, 0, 0, ttl])
                };
                if probe < *answered {
                    view.answered(ttl, who, Duration::from_millis(u64::from(probe) + 1));
                }
            }
        }
        view
    }

    #[test]
    fn loss_begins_where_it_lasts_from() {
        assert_eq!(way(&[9, 9, 5, 4, 5], true).loss_begins(), Some(3));
        assert_eq!(way(&[9, 9, 9], true).loss_begins(), None);
        assert_eq!(way(&[4, 5], true).loss_begins(), Some(1), "the first hop");
        assert_eq!(
            way(&[9, 5, 4], false).loss_begins(),
            Some(2),
            "the end is silent"
        );
    }

    #[test]
    fn who_only_answers_little_or_never_is_not_to_blame() {
        assert_eq!(
            way(&[9, 2, 9, 9], true).loss_begins(),
            None,
            "limits its answers"
        );
        assert_eq!(way(&[9, 0, 9], true).loss_begins(), None, "never answers");
        assert_eq!(way(&[9, 0, 5, 5], true).loss_begins(), Some(3));
        assert_eq!(way(&[0, 0, 0], false).loss_begins(), None);
        assert!(way(&[0, 0, 0], false).hops().is_empty());
    }

    #[test]
    fn nobody_is_asked_too_often_nor_far_beyond_the_end() {
        let mut view = View::new(TO);
        assert_eq!(view.horizon(), SILENT_HOPS);
        for _ in 0..20 {
            view.sent_to(1);
        }
        assert!(!view.wants(1) && view.wants(2) && !view.wants(6));
        view.answered(1, IpAddr::from([10, 0, 0, 1]), Duration::ZERO);
        assert!(view.wants(6) && !view.wants(7));
        let mut reached = way(&[9, 9], true);
        assert!(reached.wants(2) && !reached.wants(3));
        for _ in 0..200 {
            reached.sent_to(30);
        }
        assert!(!reached.wants(1), "enough is enough");
    }

    #[test]
    fn round_trip_times_are_those_of_the_answers() {
        let view = way(&[3], false);
        let hop = view.hop(1).unwrap();
        assert_eq!(hop.rtt_min, Duration::from_millis(1));
        assert_eq!(hop.rtt_mean(), Some(Duration::from_millis(2)));
        assert_eq!(hop.rtt_max, Duration::from_millis(3));
        assert!((hop.unanswered() - 6.0 / 9.0).abs() < 1e-9);
        assert_eq!(Hop::default().rtt_mean(), None);
    }

    #[test]
    fn answers_that_nobody_asked_for_are_left_alone() {
        let mut view = way(&[9, 9], true);
        let before = view.clone();
        for ttl in [0, 1, 9, 255] {
            view.answered(ttl, TO, Duration::ZERO);
            view.sent_to(if ttl == 1 { 0 } else { ttl.max(31) });
        }
        assert_eq!(view, before);
    }
}
