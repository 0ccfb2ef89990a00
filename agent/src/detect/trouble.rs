//! Whether the host itself is in trouble: then neither side's losses say anything of its path.

use std::collections::VecDeque;

use super::firewall::Firewall;
use super::params::{CUT_OFF, LOCAL_LEAST, LOCAL_S, LOCAL_SHARE, SECOND};
use crate::host::HostSample;

/// What the host did to packets of its own in the last seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trouble {
    /// The host's counters were read at all.
    pub known: bool,
    /// Queued or dropped for exceeding the instance's network allowances.
    pub allowance_exceeded: u64,
    /// Dropped on their way out.
    pub dropped: u64,
    /// Retransmissions that did not leave.
    pub retransmissions_failed: u64,
    /// Without a route.
    pub no_route: u64,
    /// What the host's own packet filter did to the address that is judged.
    pub firewall: Firewall,
}

impl Trouble {
    /// Packets that the host itself kept from leaving, by its own count; without what its packet
    /// filter did.
    pub const fn packets(&self) -> u64 {
        // A segment that does not leave may be in several of these counts.
        let mut most = self.allowance_exceeded;
        if self.dropped > most {
            most = self.dropped;
        }
        if self.retransmissions_failed > most {
            most = self.retransmissions_failed;
        }
        if self.no_route > most {
            most = self.no_route;
        }
        most
    }

    /// Whether more packets found no route than were delivered: a few are ordinary, as of
    /// programs that try IPv6 on a host without it.
    pub(super) fn is_cut_off(&self, delivered: f64) -> bool {
        self.no_route >= CUT_OFF && self.no_route as f64 > delivered
    }

    /// Whether that can be the reason for so many retransmissions.
    pub(super) fn explains(&self, retransmitted: f64) -> bool {
        let packets = self.packets().max(self.firewall.recent);
        packets >= LOCAL_LEAST && packets as f64 >= LOCAL_SHARE * retransmitted
    }
}

/// The last seconds of the host.
#[derive(Debug, Default)]
pub(super) struct TroubleHistory(VecDeque<(u64, Trouble)>);

impl TroubleHistory {
    /// Takes in a tick; what the last seconds come to.
    pub(super) fn note(&mut self, now_ns: u64, host: &HostSample) -> Trouble {
        let second = now_ns / SECOND;
        let news = Trouble {
            known: *host != HostSample::default(),
            allowance_exceeded: host.allowance_exceeded.unwrap_or_default(),
            dropped: host.local_drops.unwrap_or_default(),
            retransmissions_failed: host.retransmissions_failed.unwrap_or_default(),
            no_route: host.no_route.unwrap_or_default(),
            firewall: Firewall::default(),
        };
        if news.known {
            self.0.push_back((second, news));
        }
        while self
            .0
            .front()
            .is_some_and(|(at, _)| at.saturating_add(LOCAL_S) < second)
        {
            self.0.pop_front();
        }
        self.0
            .iter()
            .fold(Trouble::default(), |sum, (_, news)| Trouble {
                known: true,
                allowance_exceeded: sum
                    .allowance_exceeded
                    .saturating_add(news.allowance_exceeded),
                dropped: sum.dropped.saturating_add(news.dropped),
                retransmissions_failed: sum
                    .retransmissions_failed
                    .saturating_add(news.retransmissions_failed),
                no_route: sum.no_route.saturating_add(news.no_route),
                firewall: Firewall::default(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::random::Random;
    use super::*;

    #[test]
    fn trouble_is_remembered_for_a_while_and_must_explain_the_loss() {
        let mut history = TroubleHistory::default();
        let host = HostSample {
            local_drops: Some(10),
            ..HostSample::default()
        };
        let local = history.note(100 * SECOND, &host);
        assert!(local.explains(0.0) && local.explains(50.0) && !local.explains(51.0));
        let later = history.note((100 + LOCAL_S) * SECOND, &HostSample::default());
        assert_eq!(later, local);
        let gone = history.note((101 + LOCAL_S) * SECOND, &HostSample::default());
        assert_eq!(gone, Trouble::default());
        assert!(!gone.explains(0.0));
    }

    fn any(random: &mut Random) -> HostSample {
        let mut count = || random.chance(0.7).then(|| random.count());
        HostSample {
            allowance_exceeded: count(),
            local_drops: count(),
            retransmissions_failed: count(),
            no_route: count(),
            ..HostSample::default()
        }
    }

    #[test]
    fn whatever_the_host_counts_it_is_remembered_no_longer_than_it_should_be() {
        let mut random = Random::new(19);
        for _ in 0..500 {
            let mut history = TroubleHistory::default();
            let mut second = random.below(1_000);
            for _ in 0..200 {
                second += random.below(3);
                history.note(second * SECOND, &any(&mut random));
                assert!(history.0.iter().all(|(at, _)| at + LOCAL_S >= second));
            }
            let gone = history.note((second + LOCAL_S + 1) * SECOND, &HostSample::default());
            assert_eq!(gone, Trouble::default());
        }
    }

    #[test]
    fn more_dropped_explains_no_less_and_more_lost_is_explained_no_better() {
        let mut random = Random::new(20);
        for _ in 0..5_000 {
            let mut count = || random.below(50);
            let some = Trouble {
                known: true,
                allowance_exceeded: count(),
                dropped: count(),
                retransmissions_failed: count(),
                no_route: count(),
                firewall: Firewall {
                    recent: count(),
                    ..Firewall::default()
                },
            };
            let more = Trouble {
                dropped: some.dropped + count(),
                ..some
            };
            let (lost, further) = (count() as f64, count() as f64);
            assert!(more.packets() >= some.packets() && some.packets() >= some.no_route);
            assert!(more.explains(lost) || !some.explains(lost));
            assert!(some.explains(lost) || !some.explains(lost + further));
        }
    }
}
