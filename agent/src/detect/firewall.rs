//! What the host's own packet filter did to segments of established connections.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::params::{FIREWALL_S, LOCAL_S, SECOND};
use crate::host::{DropNews, HostSample};

/// What the packet filter dropped of one local address in the last minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Firewall {
    /// For how long the kernel's reasons have been read without a gap, seconds, the last
    /// minutes at most; 0 if they are not.
    pub seconds: u64,
    /// Segments of established connections dropped in that time on their way in.
    pub filtered_in: u64,
    /// The same on their way out.
    pub filtered_out: u64,
    /// Of both: in the last half minute, as long as all local trouble is remembered.
    pub recent: u64,
    /// Segments that the whole host sent in that time.
    pub segments_sent: u64,
}

impl Firewall {
    /// Both ways.
    pub const fn filtered(&self) -> u64 {
        self.filtered_in.saturating_add(self.filtered_out)
    }
}

/// The last minutes of the packet filter.
#[derive(Debug, Default)]
pub(super) struct FirewallHistory(VecDeque<Tick>);

#[derive(Debug)]
struct Tick {
    second: u64,
    segments_sent: u64,
    drops: DropNews,
}

impl FirewallHistory {
    /// Takes in a tick. What lies before one that does not tell of drops is forgotten: nobody knows
    /// what was dropped in between.
    pub(super) fn note(&mut self, now_ns: u64, host: &HostSample) {
        let second = now_ns / SECOND;
        let Some(drops) = &host.drops else {
            self.0.clear();
            return;
        };
        self.0.push_back(Tick {
            second,
            segments_sent: host.segments_sent.unwrap_or_default(),
            drops: drops.clone(),
        });
        while self
            .0
            .front()
            .is_some_and(|tick| tick.second.saturating_add(FIREWALL_S) <= second)
        {
            self.0.pop_front();
        }
    }

    /// What it did to one address.
    pub(super) fn of(&self, address: IpAddr) -> Firewall {
        let (Some(first), Some(last)) = (self.0.front(), self.0.back()) else {
            return Firewall::default();
        };
        let mut sum = Firewall {
            seconds: last.second.saturating_sub(first.second) + 1,
            ..Firewall::default()
        };
        for tick in &self.0 {
            let news = tick.drops.of(address);
            sum.filtered_in = sum.filtered_in.saturating_add(news.filtered_in);
            sum.filtered_out = sum.filtered_out.saturating_add(news.filtered_out);
            sum.segments_sent = sum.segments_sent.saturating_add(tick.segments_sent);
            if tick.second.saturating_add(LOCAL_S) >= last.second {
                sum.recent = sum.recent.saturating_add(news.both());
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Filtered;

    fn host(own: u64, other: u64) -> HostSample {
        let at = |last, filtered_in| Filtered {
            address: [10, 1, 0, last].into(),
            filtered_in,
            filtered_out: 0,
        };
        HostSample {
            segments_sent: Some(10),
            drops: Some(DropNews {
                filtered_in: own + other,
                by_address: vec![at(207, own), at(9, other)],
                ..DropNews::default()
            }),
            ..HostSample::default()
        }
    }

    #[test]
    fn each_address_has_its_own_drops_and_they_fade() {
        let mut history = FirewallHistory::default();
        let own = IpAddr::from([10, 1, 0, 207]);
        assert_eq!(history.of(own), Firewall::default(), "nothing known");
        for second in 0..10 {
            history.note(second * SECOND, &host(2, 50));
        }
        let now = history.of(own);
        assert_eq!((now.seconds, now.filtered(), now.recent), (10, 20, 20));
        assert_eq!(now.segments_sent, 100);
        assert_eq!(history.of([10, 1, 0, 1].into()).filtered(), 0);
        for second in 10..10 + LOCAL_S {
            history.note(second * SECOND, &host(0, 0));
        }
        let later = history.of(own);
        assert_eq!((later.filtered(), later.recent), (20, 2), "{later:?}");
        for second in 40..40 + FIREWALL_S {
            history.note(second * SECOND, &host(0, 0));
        }
        let end = history.of(own);
        assert_eq!((end.seconds, end.filtered()), (FIREWALL_S, 0));
    }

    #[test]
    fn a_gap_is_no_knowledge() {
        let mut history = FirewallHistory::default();
        let own = IpAddr::from([10, 1, 0, 207]);
        history.note(SECOND, &host(5, 0));
        history.note(2 * SECOND, &HostSample::default());
        assert_eq!(history.of(own), Firewall::default());
        history.note(3 * SECOND, &host(0, 0));
        assert_eq!(
            (history.of(own).seconds, history.of(own).filtered()),
            (1, 0)
        );
    }
}
