//! Whatever comes, in whatever order: no panic, no figure that is none, no memory without bounds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::*;
use crate::flow::Kinds;
use crate::host::DropNews;
use crate::path::Network;

/// Every figure of an assessment is one, and in its bounds.
#[track_caller]
fn check(assessment: &Assessment) {
    let Posterior {
        healthy,
        public,
        host,
        private,
    } = assessment.posterior;
    let all = [healthy, public, host, private];
    assert!(
        all.iter().all(|p| (0.0..=1.0).contains(p)),
        "{assessment:?}"
    );
    assert!(
        (all.iter().sum::<f64>() - 1.0).abs() < 1e-9,
        "{assessment:?}"
    );
    for side in [&assessment.public, &assessment.private] {
        let counts = [
            side.retransmitted,
            side.delivered,
            side.duplicates,
            side.received,
        ];
        assert!(
            counts.iter().all(|count| (0.0..1e18).contains(count)),
            "{side:?}"
        );
        assert!(side.all_against_part.is_finite(), "{side:?}");
        assert!(
            side.bad + side.good <= side.networks && side.stalled <= side.bad,
            "{side:?}"
        );
        assert!(
            side.ratio()
                .is_none_or(|ratio| (0.0..=1.0).contains(&ratio)),
            "{side:?}"
        );
        assert!((0.0..=1.0).contains(&side.share()), "{side:?}");
    }
    for vote in &assessment.votes {
        assert!(vote.llr.is_finite() && vote.llr < 3.6, "{vote:?}");
    }
    assert!(assessment.siblings <= 0.0 && assessment.siblings.is_finite());
    for told in [
        Raw::HostWide,
        Raw::PublicSilent,
        Raw::PublicOnlyCollapse,
        Raw::Healthy,
    ] {
        assert!((0.0..=1.0).contains(&assessment.confidence_in(Told::Raw(told))));
    }
    assert!((0.0..=1.0).contains(&assessment.confidence_in(Told::Recovering)));
}

/// Anything at all, of one of a few hundred flows of three addresses.
fn garbage(random: &mut Random, time_ns: u64) -> FlowSample {
    let peers = [
        PUBLIC[0],
        PUBLIC[1],
        PUBLIC[2],
        PUBLIC[3],
        JUMP_HOST,
        "10.1.1.22",
    ];
    let pick = usize::try_from(random.below(peers.len() as u64)).unwrap();
    let mut sample = quiet(peers[pick]);
    sample.key.local = IpAddr::from([10, 1, 0, random.below(3).to_le_bytes()[0]]);
    sample.key.peer_port = random.below(20).to_le_bytes()[0].into();
    if random.chance(0.05) {
        sample.class = PathClass::Aws;
        sample.network = Network::Aws;
    }
    FlowSample {
        time_ns,
        judged: !random.chance(0.05),
        sent: random.count(),
        delivered: random.count(),
        retransmitted: random.count(),
        kinds: Kinds {
            syn: random.count(),
            fast: random.count(),
            timeout: random.count(),
            tail_loss_probe: random.count(),
        },
        snd_cwnd: random.count_u32(),
        srtt_us: random.count_u32(),
        snd_wnd: random.count_u32(),
        mss: random.count_u32(),
        state: random.next().to_le_bytes()[0],
        ca_state: random.next().to_le_bytes()[0],
        received: random.count(),
        out_of_order: random.count(),
        duplicates: random.count(),
        reordered: random.count(),
        closed: random.chance(0.1),
        known: random.chance(0.5),
        ..sample
    }
}

fn any_host(random: &mut Random) -> HostSample {
    let mut count = || random.chance(0.2).then(|| random.count());
    HostSample {
        allowance_exceeded: count(),
        local_drops: count(),
        segments_sent: count(),
        segments_retransmitted: count(),
        retransmissions_failed: count(),
        no_route: count(),
        drops: count().map(|filtered_in| DropNews {
            filtered_in,
            ..DropNews::default()
        }),
        ..HostSample::default()
    }
}

#[test]
fn garbage_does_no_harm() {
    feed(|random, time_ns| {
        let garbage = garbage(random, time_ns);
        FlowSample {
            retransmitted: garbage.retransmitted.min(1_000_000),
            ..garbage
        }
    });
}

#[test]
fn counts_at_their_very_end_do_no_harm() {
    feed(garbage);
}

fn feed(garbage: impl Fn(&mut Random, u64) -> FlowSample) {
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let mut detector = Detector::new(PARAMS);
        let mut now = 1_000_u64;
        for _ in 0..150 {
            // Time goes on, stands, leaps, or goes back.
            now = match random.below(20) {
                0 => now,
                1 => now.saturating_sub(random.below(700)),
                2 => now + random.below(1_000),
                _ => now + 1,
            };
            for _ in 0..random.below(20) {
                let at = match random.below(30) {
                    0 => random.next(),
                    1 => (now + random.below(100)) * SECOND,
                    2 => now.saturating_sub(random.below(1_000)) * SECOND,
                    _ => now * SECOND,
                };
                detector.observe(&garbage(&mut random, at));
            }
            let host = any_host(&mut random);
            for finding in detector.tick(now * SECOND, &host) {
                check(&finding.assessment);
            }
            for (_, assessment) in detector.assessments() {
                check(assessment);
            }
        }
    }
}

#[test]
fn the_ends_of_time_do_no_harm() {
    let mut detector = Detector::new(PARAMS);
    let mut random = Random::new(1);
    for time_ns in [0, u64::MAX, 0, 1, u64::MAX - 1, u64::MAX / 2] {
        for _ in 0..50 {
            detector.observe(&garbage(&mut random, time_ns));
        }
        detector.tick(time_ns, &HostSample::default());
        for (_, assessment) in detector.assessments() {
            check(assessment);
        }
    }
}

/// One second of some hundred flows, many to a prefix.
fn ordinary(random: &mut Random, second: u64, loss: f64) -> Vec<FlowSample> {
    let mut samples = Vec::new();
    for (peer, loss) in both(loss, 0.0) {
        for port in 0..8 {
            let segments = random.below(6);
            let retransmitted = (0..segments).filter(|_| random.chance(loss)).count() as u64;
            // Now and then none get through.
            let delivered = if random.chance(loss / 2.0) {
                0
            } else {
                segments - retransmitted
            };
            let mut one = sample(peer, second, delivered, retransmitted);
            one.key.peer_port = port;
            one.received = random.below(4);
            one.duplicates = random.below(retransmitted + 1);
            one.kinds.tail_loss_probe = random.below(retransmitted + 1);
            one.closed = random.chance(0.02);
            samples.push(one);
        }
    }
    samples
}

#[test]
fn the_samples_of_a_second_may_come_in_any_order() {
    // One flow always loses a little, so that each second is judged by itself.
    in_any_order(|random, second, loss| {
        let mut samples = ordinary(random, second, loss);
        let mut noisy = sample(PUBLIC[0], second, 60, 1);
        noisy.key.peer_port = 9_000;
        samples.push(noisy);
        samples
    });
}

#[test]
fn the_samples_of_a_second_may_come_in_any_order_when_all_is_calm() {
    in_any_order(ordinary);
}

fn in_any_order(ordinary: impl Fn(&mut Random, u64, f64) -> Vec<FlowSample>) {
    for seed in 0..8 {
        let mut random = Random::new(seed);
        let mut order = Random::new(seed + 1_000);
        let mut detectors = [Detector::new(PARAMS), Detector::new(PARAMS)];
        let mut told = false;
        for second in 1..=260 {
            let loss = if (100..200).contains(&second) {
                0.25
            } else {
                0.005
            };
            let samples = ordinary(&mut random, second, loss);
            let mut shuffled = samples.clone();
            order.shuffle(&mut shuffled);
            for (detector, samples) in detectors.iter_mut().zip([samples, shuffled]) {
                for sample in samples {
                    detector.observe(&sample);
                }
            }
            let [one, other] = detectors
                .each_mut()
                .map(|detector| detector.tick((second + 1) * SECOND, &HostSample::default()));
            assert_eq!(one, other, "seed {seed}, second {second}");
            let [one, other] = &detectors;
            for ((_, one), (_, other)) in one.assessments().zip(other.assessments()) {
                assert_eq!(one, other, "seed {seed}, second {second}");
            }
            told |= detectors[0]
                .progress(quiet(JUMP_HOST).key.local())
                .is_some_and(|p| p.open);
        }
        assert!(told, "seed {seed}: nothing happened");
    }
}

/// The prefix of this number.
fn peer(number: u32) -> IpAddr {
    // Distinct in the first 24 bits, and public.
    IpAddr::V4(Ipv4Addr::from(0x1000_0000 + (number << 8)))
}

fn news(peer: IpAddr, second: u64) -> FlowSample {
    let mut news = sample(PUBLIC[0], second, 3, 1);
    news.key.peer = peer;
    news.network = Network::of(peer, news.class);
    news
}

#[test]
fn prefixes_are_bounded_and_those_heard_of_last_stay() {
    let mut detector = Detector::new(PARAMS);
    let other = |second| {
        let mut other = news(peer(1), second);
        other.key.local = IpAddr::from([10, 1, 0, 9]);
        other
    };
    detector.observe(&other(1));
    for number in 0..100_000 {
        let second = 1 + u64::from(number) / 500;
        detector.observe(&news(peer(number), second));
        assert!(detector.prefixes <= MAX_PREFIXES);
        let counted: usize = detector.addresses.values().map(Address::len).sum();
        if number % 9_973 == 0 {
            assert_eq!(detector.prefixes, counted);
            detector.tick((second + 1) * SECOND, &HostSample::default());
        }
    }
    let flooded = quiet(PUBLIC[0]).key.local();
    let kept = detector.addresses[&flooded].len();
    assert!(kept >= MAX_PREFIXES / 2, "{kept}");
    let calm = detector.addresses[&other(1).key.local()].len();
    assert_eq!(calm, 1, "a flood pushed out another address's prefix");
    let before = detector.prefixes;
    detector.observe(&news(peer(99_999), 202));
    assert_eq!(detector.prefixes, before, "the newest was forgotten");
}

#[test]
fn addresses_are_bounded_and_what_is_not_judged_is_counted() {
    let mut detector = Detector::new(PARAMS);
    for number in 0..2_000_u16 {
        let mut sample = news(peer(number.into()), 5);
        sample.key.local = IpAddr::V6(Ipv6Addr::from(u128::from(number)));
        detector.observe(&sample);
    }
    assert_eq!(detector.addresses.len(), MAX_ADDRESSES);
    assert_eq!(detector.unjudged(), 2_000 - MAX_ADDRESSES as u64);
    detector.tick(6 * SECOND, &HostSample::default());
    assert_eq!(detector.assessments().count(), MAX_ADDRESSES);
    detector.tick(2_000 * SECOND, &HostSample::default());
    assert_eq!(detector.addresses.len(), 0, "there is room again");
    detector.observe(&news(peer(1), 2_001));
    assert_eq!(detector.addresses.len(), 1);
}
