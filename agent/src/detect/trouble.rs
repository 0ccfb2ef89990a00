//! Whether the host itself is in trouble: then neither side's losses say anything of its path.

use std::collections::VecDeque;

use super::firewall::Firewall;
use super::params::{CUT_OFF, LOCAL_LEAST, LOCAL_S, LOCAL_SHARE, SECOND};
use crate::event::HostDetail;
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
    /// The device of the way out was reset, its link came or went, or is down: so many signs of
    /// it. What was on its way then is lost, and nobody counts it.
    pub interrupted: u64,
    /// Of the above, what is read less often than every second may have begun so much earlier,
    /// seconds.
    pub late_s: u64,
    /// What the host's own packet filter did to the address that is judged.
    pub firewall: Firewall,
}

impl Trouble {
    /// What a tick tells.
    fn of(host: &HostSample) -> Self {
        let interrupted = host.detail.as_deref().map_or(0, interruptions);
        let allowance_exceeded = host.allowance_exceeded.unwrap_or_default();
        let late = interrupted > 0 || allowance_exceeded > 0;
        let period_ms = host.detail.as_deref().map_or(0, |detail| detail.period_ms);
        Self {
            known: *host != HostSample::default(),
            allowance_exceeded,
            dropped: host.local_drops.unwrap_or_default(),
            retransmissions_failed: host.retransmissions_failed.unwrap_or_default(),
            no_route: host.no_route.unwrap_or_default(),
            interrupted,
            // Of an address, and put in by whoever judges it.
            firewall: Firewall::default(),
            late_s: if late {
                (period_ms / 1_000).min(LOCAL_S)
            } else {
                0
            },
        }
    }

    /// Both together.
    fn plus(&self, other: &Self) -> Self {
        Self {
            known: self.known || other.known,
            allowance_exceeded: self
                .allowance_exceeded
                .saturating_add(other.allowance_exceeded),
            dropped: self.dropped.saturating_add(other.dropped),
            retransmissions_failed: self
                .retransmissions_failed
                .saturating_add(other.retransmissions_failed),
            no_route: self.no_route.saturating_add(other.no_route),
            interrupted: self.interrupted.saturating_add(other.interrupted),
            firewall: self.firewall,
            late_s: self.late_s.max(other.late_s),
        }
    }

    /// Nothing that the host did to its packets.
    pub const fn is_none(&self) -> bool {
        self.packets() == 0 && self.interrupted == 0 && self.firewall.recent == 0
    }

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
        let enough = packets >= LOCAL_LEAST && packets as f64 >= LOCAL_SHARE * retransmitted;
        self.interrupted > 0 || enough
    }
}

/// The last seconds of the host.
#[derive(Debug, Default)]
pub(super) struct TroubleHistory(VecDeque<(u64, Trouble)>);

impl TroubleHistory {
    /// Takes in a tick; what the last seconds come to.
    pub(super) fn note(&mut self, now_ns: u64, host: &HostSample) -> Trouble {
        let second = now_ns / SECOND;
        let news = Trouble::of(host);
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
        let none = Trouble::default();
        self.0.iter().fold(none, |sum, (_, news)| sum.plus(news))
    }
}

/// Signs in what is read every ten seconds that the way out was interrupted.
fn interruptions(detail: &HostDetail) -> u64 {
    let in_use = detail.interfaces.iter().filter(|i| i.in_use);
    let signs = in_use.map(|interface| {
        let down = !interface.set_up || interface.carrier == Some(false);
        let resets = interface.driver.as_ref().and_then(|driver| driver.resets);
        let changes = interface.carrier_changes.unwrap_or_default();
        let resets = resets.unwrap_or_default();
        changes
            .saturating_add(resets)
            .saturating_add(u64::from(down))
    });
    signs.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::super::tests::random::Random;
    use super::*;
    use crate::event::{DriverDetail, InterfaceDetail};

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

    /// Ten seconds of the interface that the way out leads through.
    fn detail(interface: InterfaceDetail) -> HostSample {
        HostSample {
            detail: Some(Box::new(HostDetail {
                period_ms: 10_000,
                interfaces: vec![interface],
                ..HostDetail::default()
            })),
            ..HostSample::default()
        }
    }

    /// What is told as a fault of the host is what is judged as one.
    #[test]
    fn findings_weigh_as_the_detector_does() {
        use crate::host::{EXPLAINING_LEAST, EXPLAINING_SHARE};
        assert_eq!(LOCAL_LEAST, EXPLAINING_LEAST);
        assert!((LOCAL_SHARE - EXPLAINING_SHARE).abs() < f64::EPSILON);
    }

    #[test]
    fn a_reset_or_a_lost_link_explains_any_loss() {
        let well = InterfaceDetail {
            in_use: true,
            set_up: true,
            carrier: Some(true),
            carrier_changes: Some(0),
            driver: Some(DriverDetail {
                resets: Some(0),
                ..DriverDetail::default()
            }),
            ..InterfaceDetail::default()
        };
        let of = |interface: &InterfaceDetail| {
            TroubleHistory::default().note(SECOND, &detail(interface.clone()))
        };
        assert!(of(&well).is_none() && !of(&well).explains(1e6));
        let reset = Some(DriverDetail {
            resets: Some(1),
            ..DriverDetail::default()
        });
        let base = || well.clone();
        let cases = [
            InterfaceDetail {
                driver: reset,
                ..base()
            },
            InterfaceDetail {
                carrier_changes: Some(2),
                ..base()
            },
            InterfaceDetail {
                carrier: Some(false),
                ..base()
            },
            InterfaceDetail {
                set_up: false,
                ..base()
            },
        ];
        for interface in cases {
            let trouble = of(&interface);
            assert!(trouble.explains(1e6) && !trouble.is_none(), "{interface:?}");
            assert_eq!(trouble.late_s, 10, "it may have begun ten seconds ago");
            let elsewhere = InterfaceDetail {
                in_use: false,
                ..interface
            };
            assert!(of(&elsewhere).is_none(), "another interface: {elsewhere:?}");
        }
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
                ..Trouble::default()
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
