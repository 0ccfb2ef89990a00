//! Judgements on flow samples as a host would give them: one sample per flow and second.

mod advice;
mod course;
pub(super) mod random;
mod robust;

use super::*;
use crate::flow::quiet;
use crate::host::HostSample;
use random::Random;

const SECOND: u64 = 1_000_000_000;
pub(super) const PARAMS: Params = Params {
    confirm_ns: 55 * SECOND,
    hold_ns: 20 * SECOND,
    recovered_ns: 120 * SECOND,
    cooldown_ns: 21_600 * SECOND,
    advices_a_day: 3,
    counsel_ns: 120 * SECOND,
    settle_ns: 2 * SECOND,
};

/// Public clients on six independent networks.
const PUBLIC: [&str; 6] = [
    "198.51.100.7",
    "192.0.2.44",
    "198.18.3.9",
    "198.19.12.5",
    "203.0.113.200",
    "100.20.30.40",
];
const JUMP_HOST: &str = "10.1.1.21";

/// A host under a detector, with a seeded source of losses.
struct Host {
    detector: Detector,
    second: u64,
    random: Random,
    /// What the host counts each second.
    counted: HostSample,
    told: Vec<(u64, Local, Change)>,
}

impl Host {
    fn new() -> Self {
        Self {
            detector: Detector::new(PARAMS),
            second: 1,
            random: Random::new(42),
            counted: HostSample::default(),
            told: Vec::new(),
        }
    }

    /// A second passes: each peer gets `segments`, and loses the share given with it.
    fn second(&mut self, segments: u64, losses: &[(&str, f64)]) {
        for (peer, loss) in losses {
            let retransmitted = (0..segments).filter(|_| self.random.chance(*loss)).count() as u64;
            let sample = sample(peer, self.second, segments - retransmitted, retransmitted);
            self.detector.observe(&sample);
        }
        self.pass();
    }

    /// A second passes.
    fn pass(&mut self) {
        self.second += 1;
        let now_ns = self.second * SECOND;
        for finding in self.detector.tick(now_ns, &self.counted) {
            self.told.push((self.second, finding.local, finding.change));
        }
    }

    fn seconds(&mut self, seconds: u64, segments: u64, losses: &[(&str, f64)]) {
        for _ in 0..seconds {
            self.second(segments, losses);
        }
    }

    /// The first moment at which something like this was told.
    fn when(&self, wanted: impl Fn(&Change) -> bool) -> Option<u64> {
        self.told
            .iter()
            .find(|(_, _, change)| wanted(change))
            .map(|(second, ..)| *second)
    }

    fn advised(&self) -> Option<u64> {
        self.when(|change| matches!(change, Change::Advise { .. }))
    }

    fn last_verdict(&self) -> Option<Told> {
        self.told
            .iter()
            .rev()
            .find_map(|(_, _, change)| match change {
                Change::Verdict { now, .. } => Some(*now),
                _ => None,
            })
    }
}

fn sample(peer: &str, second: u64, delivered: u64, retransmitted: u64) -> FlowSample {
    FlowSample {
        time_ns: second * SECOND,
        sent: delivered + retransmitted,
        delivered,
        retransmitted,
        ..quiet(peer)
    }
}

/// Every public client loses `public`, the jump host `private`.
fn both(public: f64, private: f64) -> Vec<(&'static str, f64)> {
    PUBLIC
        .iter()
        .map(|peer| (*peer, public))
        .chain([(JUMP_HOST, private)])
        .collect()
}

#[test]
fn the_incident_with_other_clients_is_found_advised_and_closed() {
    let mut host = Host::new();
    host.seconds(120, 5, &both(0.005, 0.0));
    assert_eq!(host.last_verdict(), Some(Told::Raw(Raw::Healthy)));
    let onset = host.second;
    host.seconds(120, 5, &both(0.27, 0.0));
    let told_onset = host.told.iter().find_map(|(_, _, change)| match change {
        Change::Opened { onset_ns } => Some(onset_ns / SECOND),
        _ => None,
    });
    assert!(
        told_onset.is_some_and(|told| told.abs_diff(onset) <= 3),
        "{told_onset:?}, {onset}"
    );
    let collapse = Told::Raw(Raw::PublicOnlyCollapse);
    assert_eq!(host.last_verdict(), Some(collapse));
    let advised = host.advised().expect("advice") - onset;
    assert!((55..=100).contains(&advised), "advised after {advised} s");
    let fixed = host.second;
    host.seconds(300, 5, &both(0.005, 0.0));
    let recovering = host
        .when(|change| {
            matches!(
                change,
                Change::Verdict {
                    now: Told::Recovering,
                    ..
                }
            )
        })
        .expect("recovering");
    assert!(
        recovering - fixed < 90,
        "recovering after {} s",
        recovering - fixed
    );
    let closed = host.when(|change| {
        matches!(
            change,
            Change::Closed {
                closing: Closing::AfterAdvice,
                repair: Some(_),
                ..
            }
        )
    });
    assert!(closed.is_some(), "{:?}", host.told);
    assert_eq!(host.last_verdict(), Some(Told::Raw(Raw::Healthy)));
}

#[test]
fn one_session_from_outside_is_suspected_and_never_convicts() {
    let mut host = Host::new();
    host.seconds(600, 3, &[(PUBLIC[0], 0.4), (JUMP_HOST, 0.0)]);
    assert_eq!(host.last_verdict(), Some(Told::Raw(Raw::PublicSuspect)));
    assert_eq!(host.advised(), None);
}

#[test]
fn many_clients_of_one_network_are_one_voice() {
    let mut host = Host::new();
    let peers: Vec<String> = (0..20).map(|net| format!("198.51.{net}.9")).collect();
    let mut losses: Vec<_> = peers.iter().map(|peer| (peer.as_str(), 0.3)).collect();
    losses.push((JUMP_HOST, 0.0));
    host.seconds(300, 5, &losses);
    assert_eq!(host.advised(), None);
    assert_eq!(host.last_verdict(), Some(Told::Raw(Raw::PublicSuspect)));
}

#[test]
fn a_bad_client_among_good_ones_is_its_own_trouble() {
    let mut host = Host::new();
    let mut losses = both(0.005, 0.0);
    losses[2].1 = 0.3;
    host.seconds(300, 5, &losses);
    assert_eq!(host.last_verdict(), Some(Told::Raw(Raw::ClientSide)));
    assert_eq!(host.advised(), None);
}

#[test]
fn when_both_sides_lose_it_is_the_host() {
    let mut host = Host::new();
    host.seconds(300, 5, &both(0.2, 0.2));
    assert_eq!(host.last_verdict(), Some(Told::Raw(Raw::HostWide)));
    assert_eq!(host.advised(), None);
}

#[test]
fn when_only_the_private_side_loses_it_says_so() {
    let mut host = Host::new();
    let mut losses = both(0.002, 0.25);
    losses.extend([("10.1.2.22", 0.25), ("10.1.3.23", 0.25)]);
    host.seconds(300, 5, &losses);
    assert_eq!(host.last_verdict(), Some(Told::Raw(Raw::PrivateOnly)));
    assert_eq!(host.advised(), None);
}

#[test]
fn one_bad_private_peer_does_not_accuse_the_vpc() {
    let mut host = Host::new();
    host.seconds(300, 5, &both(0.002, 0.25));
    assert_eq!(host.last_verdict(), Some(Told::Raw(Raw::Healthy)));
    assert_eq!(host.advised(), None);
}

#[test]
fn without_a_control_group_nothing_is_advised() {
    let mut host = Host::new();
    let losses: Vec<_> = PUBLIC.iter().map(|peer| (*peer, 0.27)).collect();
    host.seconds(300, 5, &losses);
    assert_eq!(
        host.last_verdict(),
        Some(Told::Raw(Raw::PublicDegradedNoControl))
    );
    assert_eq!(host.advised(), None);
}

#[test]
fn ordinary_internet_weather_is_healthy() {
    let mut host = Host::new();
    host.seconds(900, 4, &both(0.015, 0.0));
    assert_eq!(host.advised(), None);
    let opened = host.when(|change| matches!(change, Change::Opened { .. }));
    assert_eq!(opened, None, "{:?}", host.told);
}

#[test]
fn a_short_disturbance_passes_without_advice() {
    let mut host = Host::new();
    host.seconds(120, 5, &both(0.005, 0.0));
    host.seconds(20, 5, &both(0.3, 0.0));
    host.seconds(300, 5, &both(0.005, 0.0));
    assert_eq!(host.advised(), None);
}

#[test]
fn vanished_peers_and_scans_are_no_evidence() {
    let mut host = Host::new();
    for _ in 0..300 {
        for peer in PUBLIC {
            let dead = sample(peer, host.second, 0, 2);
            host.detector.observe(&dead);
        }
        host.second(5, &[("45.0.0.1", 0.0), (JUMP_HOST, 0.0)]);
    }
    assert_eq!(host.last_verdict(), Some(Told::Raw(Raw::Healthy)));
    assert_eq!(host.advised(), None);
}

#[test]
fn the_same_samples_give_the_same_judgements() {
    let run = || {
        let mut host = Host::new();
        host.seconds(60, 5, &both(0.01, 0.0));
        host.seconds(120, 5, &both(0.2, 0.0));
        host.told
    };
    assert_eq!(run(), run());
}

#[test]
fn addresses_without_traffic_are_forgotten() {
    let mut host = Host::new();
    host.seconds(30, 5, &both(0.0, 0.0));
    assert_eq!(host.detector.addresses.len(), 1);
    host.seconds(1_000, 0, &[]);
    assert_eq!(host.detector.addresses.len(), 0);
}

#[test]
fn an_incident_whose_clients_went_away_is_closed() {
    let mut host = Host::new();
    host.seconds(150, 5, &both(0.27, 0.0));
    assert!(host.advised().is_some());
    host.seconds(700, 5, &[(JUMP_HOST, 0.0)]);
    let closed = |change: &Change| {
        matches!(
            change,
            Change::Closed {
                closing: Closing::Silence,
                ..
            }
        )
    };
    assert!(host.when(closed).is_some(), "{:?}", host.told);
}

#[test]
fn time_that_goes_back_does_no_harm() {
    let mut host = Host::new();
    host.seconds(150, 5, &both(0.27, 0.0));
    let advised = host.told.len();
    host.detector.tick(3 * SECOND, &HostSample::default());
    host.second = 2;
    host.seconds(20, 5, &both(0.0, 0.0));
    let again = host.told[advised..]
        .iter()
        .any(|(_, _, change)| matches!(change, Change::Advise { .. }));
    assert!(!again, "{:?}", host.told);
}
