//! The ways in which a path can fail, and what only looks like it.

use std::net::IpAddr;

use super::*;
use crate::flow::Kinds;
use crate::host::{DropNews, Filtered};

const COLLAPSE: Told = Told::Raw(Raw::PublicOnlyCollapse);

impl Host {
    /// Seconds in which each peer's sample is made by `make`, of the second and chance.
    fn with(
        &mut self,
        seconds: u64,
        peers: &[&str],
        make: impl Fn(&str, u64, &mut Random) -> FlowSample,
    ) {
        for _ in 0..seconds {
            for peer in peers {
                let sample = make(peer, self.second, &mut self.random);
                self.detector.observe(&sample);
            }
            self.pass();
        }
    }

    fn was_told(&self, verdict: Told) -> bool {
        self.told_since(0).contains(&verdict)
    }

    /// Verdicts from a second on.
    fn told_since(&self, second: u64) -> Vec<Told> {
        let since = self.told.iter().filter(|(at, ..)| *at >= second);
        since
            .filter_map(|(_, _, change)| match change {
                Change::Verdict { now, .. } => Some(*now),
                _ => None,
            })
            .collect()
    }
}

/// Everybody: the public clients and the jump host.
fn everybody() -> Vec<&'static str> {
    PUBLIC.into_iter().chain([JUMP_HOST]).collect()
}

#[test]
fn public_clients_that_are_all_sent_to_in_vain_are_a_collapse() {
    let mut host = Host::new();
    host.seconds(120, 5, &both(0.005, 0.0));
    let onset = host.second;
    host.with(60, &everybody(), |peer, second, _| match second - onset {
        _ if peer == JUMP_HOST => sample(peer, second, 5, 0),
        // A retransmission timer that doubles.
        0 | 1 | 3 | 7 | 15 | 31 => sample(peer, second, 0, 1),
        _ => sample(peer, second, 0, 0),
    });
    let collapse =
        host.when(|change| matches!(change, Change::Verdict { now, .. } if *now == COLLAPSE));
    let after = collapse.map(|at| at - onset);
    assert!(after.is_some_and(|after| after < 20), "{:?}", host.told);
}

#[test]
fn peers_of_both_sides_that_are_sent_to_in_vain_are_not() {
    let mut host = Host::new();
    host.seconds(120, 5, &both(0.005, 0.0));
    let onset = host.second;
    host.with(120, &everybody(), |peer, second, _| match second - onset {
        0 | 1 | 3 | 7 | 15 | 31 => sample(peer, second, 0, 1),
        _ => sample(peer, second, 0, 0),
    });
    assert_eq!(host.advised(), None);
    assert!(!host.was_told(COLLAPSE), "{:?}", host.told);
}

#[test]
fn who_is_missed_tells_the_public_side_from_the_host() {
    for (goes_on, silent) in [
        (vec![(JUMP_HOST, 0.0)], Raw::PublicSilent),
        (vec![], Raw::HostWide),
    ] {
        let mut host = Host::new();
        host.seconds(300, 5, &both(0.005, 0.0));
        let end = host.second;
        host.seconds(30, 5, &goes_on);
        assert_eq!(
            host.last_verdict(),
            Some(Told::Raw(silent)),
            "{:?}",
            host.told
        );
        let at = host.told.last().map(|(at, ..)| at - end);
        assert!(
            at.is_some_and(|at| (5..=25).contains(&at)),
            "{:?}",
            host.told
        );
        assert_eq!(host.advised(), None);
    }
}

#[test]
fn some_clients_that_leave_are_not_missed() {
    let mut host = Host::new();
    host.seconds(300, 5, &both(0.0, 0.0));
    let end = host.second;
    let mut left = both(0.0, 0.0);
    left.drain(..4);
    host.seconds(200, 5, &left);
    assert_eq!(host.told_since(end), [], "{:?}", host.told);
}

/// A dozen segments for each answer; of the acknowledgements of their ends so many are lost.
fn answer(peer: &str, second: u64, lost: bool) -> FlowSample {
    let probes = u64::from(lost);
    FlowSample {
        received: 1,
        duplicates: probes,
        kinds: Kinds {
            tail_loss_probe: probes,
            ..Kinds::default()
        },
        ..sample(peer, second, 12, probes)
    }
}

#[test]
fn loss_on_the_way_in_convicts_after_a_well_spell() {
    let mut host = Host::new();
    let lossy = |share: f64| {
        move |peer: &str, second: u64, random: &mut Random| {
            answer(peer, second, peer != JUMP_HOST && random.chance(share))
        }
    };
    host.with(200, &everybody(), lossy(0.005));
    assert_eq!(host.last_verdict(), Some(Told::Raw(Raw::Healthy)));
    let onset = host.second;
    host.with(240, &everybody(), lossy(0.2));
    assert!(host.was_told(COLLAPSE), "{:?}", host.told);
    let advised = host.advised().expect("advice") - onset;
    assert!((55..=150).contains(&advised), "advised after {advised} s");
}

#[test]
fn answers_that_were_never_well_convict_nobody() {
    let mut host = Host::new();
    host.with(600, &everybody(), |peer, second, random| {
        answer(peer, second, peer != JUMP_HOST && random.chance(0.2))
    });
    assert_eq!(host.advised(), None);
    assert!(!host.was_told(COLLAPSE), "{:?}", host.told);
}

#[test]
fn segments_that_overtake_each_other_are_no_loss() {
    let mut host = Host::new();
    host.seconds(200, 10, &both(0.005, 0.0));
    let turn = host.second;
    host.with(300, &everybody(), |peer, second, random| {
        let again = (0..10).filter(|_| random.chance(0.15)).count() as u64;
        FlowSample {
            reordered: u64::from(again > 0),
            duplicates: again,
            received: 4,
            kinds: Kinds {
                fast: again,
                ..Kinds::default()
            },
            ..sample(peer, second, 10, again)
        }
    });
    assert_eq!(host.advised(), None);
    let told = host.told_since(turn);
    assert!(
        told.iter().all(|told| *told == Told::Raw(Raw::Healthy)),
        "{:?}",
        host.told
    );
}

#[test]
fn what_the_host_itself_keeps_back_is_no_fault_of_the_path() {
    let count = Some(10);
    let none = HostSample::default;
    let filtered_in = 10;
    for counted in [
        HostSample {
            retransmissions_failed: count,
            ..none()
        },
        HostSample {
            no_route: count,
            ..none()
        },
        HostSample {
            allowance_exceeded: count,
            ..none()
        },
        HostSample {
            local_drops: count,
            ..none()
        },
        HostSample {
            drops: Some(DropNews {
                filtered_in,
                ..DropNews::default()
            }),
            ..none()
        },
    ] {
        let mut host = Host::new();
        host.seconds(200, 5, &both(0.005, 0.0));
        host.counted = counted.clone();
        let onset = host.second;
        host.seconds(120, 5, &both(0.3, 0.0));
        let local = Told::Raw(Raw::LocalCongestion);
        assert_eq!(
            host.last_verdict(),
            Some(local),
            "{counted:?}: {:?}",
            host.told
        );
        assert!(!host.was_told(COLLAPSE), "{counted:?}: {:?}", host.told);
        // It is over, and what was lost meanwhile says nothing of the path.
        host.counted = none();
        host.seconds(120, 5, &both(0.005, 0.0));
        let well = Told::Raw(Raw::Healthy);
        assert_eq!(
            host.told_since(onset),
            [local, well],
            "{counted:?}: {:?}",
            host.told
        );
        assert_eq!(host.advised(), None, "{counted:?}");
    }
}

/// What the packet filter drops of another address explains nothing of this one.
#[test]
fn another_address_filtered_does_not_excuse_a_collapse() {
    let mut host = Host::new();
    host.seconds(200, 20, &both(0.005, 0.0));
    let other = Filtered {
        address: [10, 1, 0, 9].into(),
        filtered_in: 50,
        filtered_out: 0,
    };
    host.counted.drops = Some(DropNews {
        filtered_in: 50,
        by_address: vec![other],
        ..DropNews::default()
    });
    host.seconds(120, 20, &both(0.3, 0.0));
    assert!(host.was_told(COLLAPSE), "{:?}", host.told);
    assert!(host.advised().is_some(), "{:?}", host.told);
}

#[test]
fn a_few_packets_kept_back_do_not_excuse_a_collapse() {
    let mut host = Host::new();
    host.seconds(120, 20, &both(0.005, 0.0));
    host.counted.local_drops = Some(1);
    host.seconds(120, 20, &both(0.3, 0.0));
    assert!(host.advised().is_some(), "{:?}", host.told);
}

/// A second address, in this namespace, whose clients are all well.
fn beside(netns: u32) -> Host {
    let mut host = Host::new();
    let mut seconds = |count: u64, loss: f64| {
        for _ in 0..count {
            for peer in PUBLIC {
                let mut well = sample(peer, host.second, 5, 0);
                well.key.local = IpAddr::from([10, 1, 0, 208]);
                well.key.netns = netns;
                host.detector.observe(&well);
            }
            let losses: Vec<_> = PUBLIC.iter().map(|peer| (*peer, loss)).collect();
            host.second(5, &losses);
        }
    };
    seconds(120, 0.005);
    seconds(150, 0.27);
    host
}

#[test]
fn another_address_of_the_host_is_a_control_group() {
    let host = beside(1);
    assert_eq!(host.last_verdict(), Some(COLLAPSE), "{:?}", host.told);
    assert!(host.advised().is_some(), "{:?}", host.told);
    let judged = quiet(JUMP_HOST).key.local();
    let advised = host
        .told
        .iter()
        .filter(|(_, _, change)| matches!(change, Change::Advise { .. }));
    assert!(advised.clone().all(|(_, local, _)| *local == judged));
}

#[test]
fn an_address_of_another_namespace_is_none() {
    let host = beside(2);
    let degraded = Told::Raw(Raw::PublicDegradedNoControl);
    assert_eq!(host.last_verdict(), Some(degraded), "{:?}", host.told);
    assert_eq!(host.advised(), None);
}

#[test]
fn a_blip_of_twenty_seconds_never_advises() {
    for seed in 0..12 {
        for (loss, segments) in [(0.2, 8), (0.35, 4), (0.6, 15), (0.9, 30)] {
            let mut host = Host::new();
            host.random = Random::new(seed);
            host.seconds(100, segments, &both(0.005, 0.0));
            host.seconds(20, segments, &both(loss, 0.0));
            host.seconds(200, segments, &both(0.005, 0.0));
            assert_eq!(host.advised(), None, "seed {seed}, {loss}: {:?}", host.told);
        }
    }
}

#[test]
fn the_onset_counts_for_the_confirmation_but_for_no_more_than_half_a_minute() {
    let local = quiet(JUMP_HOST).key.local();
    let (mut early, mut capped) = (0, 0);
    for seed in 0..60 {
        let mut host = Host::new();
        host.random = Random::new(seed);
        host.seconds(150, 1, &both(0.005, 0.0));
        let onset = host.second;
        // From plain to barely seen.
        let loss = 0.5 / (1.0 + f64::from(u32::try_from(seed).unwrap()) / 10.0);
        for _ in 0..400 {
            host.second(1, &both(loss, 0.0));
            let progress = host.detector.progress(local).unwrap();
            let Some(since) = progress.bad_since_ns.map(|since| since / SECOND) else {
                continue;
            };
            let credit = host.second - since;
            assert!(credit <= 30, "seed {seed}: {credit} s");
            early += u32::from(credit >= 5 && since.abs_diff(onset) <= 5);
            capped += u32::from(credit == 30);
            break;
        }
        if let Some(advised) = host.advised() {
            assert!(
                advised - onset >= PARAMS.confirm_ns / SECOND - 5,
                "seed {seed}"
            );
        }
    }
    assert!(early >= 5, "the onset was hardly ever credited: {early}");
    assert!(capped >= 1, "the credit never reached its end");
}

#[test]
fn recovery_is_told_before_the_incident_closes_however_soon_that_is() {
    for recovered in [6, 10, 20, 45, 120] {
        let mut host = Host::new();
        host.detector = Detector::new(Params {
            recovered_ns: recovered * SECOND,
            ..PARAMS
        });
        host.seconds(100, 5, &both(0.0, 0.0));
        host.seconds(120, 5, &both(0.3, 0.0));
        assert!(host.advised().is_some(), "{:?}", host.told);
        host.seconds(300, 5, &both(0.0, 0.0));
        let recovering = host.when(|change| {
            matches!(
                change,
                Change::Verdict {
                    now: Told::Recovering,
                    ..
                }
            )
        });
        let closed = host.when(|change| matches!(change, Change::Closed { .. }));
        assert!(
            recovering.is_some() && recovering <= closed,
            "{recovered} s: {:?}",
            host.told
        );
    }
}

/// The path is bad before, while and after the host spoils packets of its own for a while: that is
/// one more incident, not one every few seconds.
#[test]
fn a_host_at_fault_a_moment_ago_opens_no_incidents_in_turn() {
    let mut host = Host::new();
    host.seconds(200, 5, &both(0.005, 0.0));
    host.seconds(30, 5, &both(0.3, 0.0));
    host.counted.allowance_exceeded = Some(20);
    host.seconds(40, 5, &both(0.3, 0.0));
    host.counted = HostSample::default();
    host.seconds(160, 5, &both(0.3, 0.0));
    let is_opened = |change: &Change| matches!(change, Change::Opened { .. });
    let opened = host.told.iter().filter(|(.., change)| is_opened(change));
    assert_eq!(opened.count(), 2, "{:?}", host.told);
    assert!(host.advised().is_some(), "{:?}", host.told);
}

/// Two clients that are bad for minutes, and then a third: nobody else is there.
#[test]
fn clients_that_turn_bad_one_by_one_are_no_reason_for_advice() {
    let of = |bad: usize| -> Vec<(&str, f64)> {
        let clients = PUBLIC.iter().take(3).enumerate();
        let loss = |number| if number < bad { 0.2 } else { 0.005 };
        clients
            .map(|(number, peer)| (*peer, loss(number)))
            .chain([(JUMP_HOST, 0.0)])
            .collect()
    };
    let mut host = Host::new();
    host.seconds(300, 5, &of(0));
    host.seconds(150, 5, &of(1));
    host.seconds(150, 5, &of(2));
    host.seconds(400, 5, &of(3));
    assert_eq!(host.advised(), None, "{:?}", host.told);
    let mut host = Host::new();
    host.seconds(600, 5, &of(0));
    host.seconds(400, 5, &of(3));
    assert!(host.advised().is_some(), "{:?}", host.told);
}

#[test]
fn what_was_over_before_the_advice_gets_none() {
    for lasted in [20, 30, 40, 50] {
        let mut host = Host::new();
        host.seconds(200, 5, &both(0.005, 0.0));
        host.seconds(lasted, 5, &both(0.4, 0.0));
        host.seconds(200, 5, &both(0.005, 0.0));
        assert_eq!(host.advised(), None, "{lasted} s: {:?}", host.told);
    }
}
