use std::time::Duration;

use super::*;

const S: u64 = SECOND_NS;

fn planner(hops: bool) -> Planner {
    let bounds = Bounds {
        segments: 24,
        at_once: 4,
        bytes: 16_384,
        round: Duration::from_secs(30),
        pause: Duration::from_secs(30),
        rounds_per_hour: 5,
    };
    Planner::new(bounds, false, hops)
}

fn local(last: u8) -> Local {
    Local {
        address: [10, 1, 0, last].into(),
        netns: 1,
    }
}

fn look(verdict: VerdictName, good: u32) -> Look {
    Look {
        local: local(207),
        verdict,
        good,
    }
}

/// Whether a round begins when this is the first that is said of the address.
fn begins(verdict: VerdictName, good: u32) -> bool {
    let mut planner = planner(false);
    planner.see(&[look(verdict, good)], S);
    matches!(planner.next(S), Some(Step::Round { .. }))
}

#[test]
fn only_what_too_few_can_tell_is_asked_about() {
    use VerdictName::*;
    for verdict in [PublicSuspect, PublicSilent] {
        assert!(begins(verdict, 0), "{verdict:?}");
    }
    assert!(begins(ClientSide, 1), "one against one");
    assert!(!begins(ClientSide, 2));
    for verdict in [
        InsufficientEvidence,
        Healthy,
        PublicPartial,
        PublicOnlyCollapse,
        PublicDegradedNoControl,
        HostWide,
        PrivateOnly,
        LocalCongestion,
        Recovering,
    ] {
        assert!(!begins(verdict, 0), "{verdict:?}");
    }
}

#[test]
fn with_a_control_a_collapse_without_one_is_asked_about() {
    let mut planner = planner(false);
    planner.control = true;
    planner.see(&[look(VerdictName::PublicDegradedNoControl, 0)], S);
    assert!(matches!(planner.next(S), Some(Step::Round { .. })));
}

#[test]
fn once_begun_it_goes_on_while_the_address_is_convicted_and_ends_when_it_is_not() {
    let mut planner = planner(false);
    planner.see(&[look(VerdictName::PublicSuspect, 0)], S);
    let round = |verdict, number| {
        Some(Step::Round {
            local: local(207),
            verdict,
            number,
        })
    };
    assert_eq!(planner.next(S), round(VerdictName::PublicSuspect, 1));
    planner.see(&[look(VerdictName::PublicOnlyCollapse, 0)], 20 * S);
    assert_eq!(planner.next(20 * S), None, "it runs");
    planner.ended(31 * S);
    assert_eq!(planner.next(60 * S), None, "a pause of 30 s");
    assert_eq!(
        planner.next(61 * S),
        round(VerdictName::PublicOnlyCollapse, 2)
    );
    planner.see(&[look(VerdictName::Healthy, 3)], 70 * S);
    assert_eq!(planner.next(70 * S), Some(Step::End));
    planner.ended(70 * S);
    assert_eq!(planner.next(500 * S), None);
}

#[test]
fn an_address_that_is_not_heard_of_any_more_is_let_go() {
    let mut planner = planner(false);
    planner.see(&[look(VerdictName::PublicSuspect, 0)], S);
    assert!(planner.next(S).is_some());
    planner.see(&[], 2 * S);
    assert_eq!(planner.next(2 * S), Some(Step::End));
    planner.ended(2 * S);
    planner.see(&[], 2 * S + SAME_CASE_NS);
    assert!(planner.cases.is_empty());
}

/// Seconds at which rounds of 30 s begin within `seconds`, under a verdict that stays.
fn rounds(planner: &mut Planner, looks: &[Look], seconds: u64) -> Vec<u64> {
    let (mut begun, mut ends) = (Vec::new(), None);
    for now in 0..seconds {
        if ends == Some(now) {
            planner.ended(now * S);
            ends = None;
        }
        planner.see(looks, now * S);
        while let Some(step) = planner.next(now * S) {
            if let Step::Round { .. } = step {
                assert_eq!(ends, None, "two at once");
                begun.push(now);
                ends = Some(now + 30);
            }
        }
    }
    begun
}

#[test]
fn rests_grow_and_an_hour_has_no_more_rounds_than_allowed() {
    let suspect = [look(VerdictName::PublicSuspect, 0)];
    let begun = rounds(&mut planner(false), &suspect, 7_400);
    assert_eq!(begun[..6], [0, 60, 150, 300, 570, 3_600], "{begun:?}");
    for (index, at) in begun.iter().enumerate() {
        let within = begun[index..].iter().filter(|other| **other < at + 3_600);
        assert!(within.count() <= 5, "{begun:?}");
    }
}

#[test]
fn addresses_take_turns_and_share_the_bounds() {
    let suspects = [207, 208].map(|last| Look {
        local: local(last),
        ..look(VerdictName::PublicSuspect, 0)
    });
    let begun = rounds(&mut planner(false), &suspects, 3_600);
    assert_eq!(begun.len(), 5, "{begun:?}");
    assert_eq!(begun[..2], [0, 30], "{begun:?}");
}

#[test]
fn the_way_is_looked_at_after_the_first_round_and_each_five_minutes() {
    let mut planner = planner(true);
    let suspect = [look(VerdictName::PublicSuspect, 0)];
    planner.see(&suspect, S);
    assert!(matches!(planner.next(S), Some(Step::Round { .. })));
    planner.ended(31 * S);
    assert!(matches!(planner.next(31 * S), Some(Step::Hops { .. })));
    assert_eq!(planner.next(32 * S), None);
    let mut seen = Vec::new();
    for now in 32..1_000 {
        planner.see(&suspect, now * S);
        while let Some(step) = planner.next(now * S) {
            match step {
                Step::Hops { .. } => seen.push(now),
                Step::Round { .. } => planner.ended(now * S),
                Step::End => panic!("it is still suspect"),
            }
        }
    }
    assert_eq!(seen, [331, 631, 931]);
}

#[test]
fn a_collapse_that_needs_no_witnesses_still_gets_its_view() {
    let mut planner = planner(true);
    planner.see(&[look(VerdictName::PublicOnlyCollapse, 0)], S);
    assert!(matches!(planner.next(S), Some(Step::Hops { .. })));
    assert_eq!(planner.next(S), None, "and no round");
}

#[test]
fn connections_are_spread_over_the_round_and_off_the_beat() {
    let at: Vec<f64> = (0..12).map(|visit| due_s("a", visit, 12, 30.0)).collect();
    assert!(at.is_sorted() && at[0] >= 0.0 && at[11] < 30.0, "{at:?}");
    assert!(
        at.windows(2).all(|pair| pair[1] - pair[0] >= 1.25),
        "{at:?}"
    );
    let other: Vec<f64> = (0..12).map(|visit| due_s("b", visit, 12, 30.0)).collect();
    assert_ne!(at, other);
    assert!(
        (due_s("a", 3, 12, 30.0) - at[3]).abs() < 1e-12,
        "but always the same"
    );
}
