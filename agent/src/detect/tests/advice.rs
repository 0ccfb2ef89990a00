//! What is said when: advice, the next step, counsel, and whether it helped.

use super::*;

const HOUR: u64 = 3_600;

impl Host {
    /// A collapse, and a while of calm after it.
    fn incident(&mut self) {
        self.seconds(150, 5, &both(0.27, 0.0));
        self.seconds(300, 5, &both(0.002, 0.0));
    }

    fn remap(&mut self, mapped: bool) {
        let local = quiet(JUMP_HOST).key.local();
        self.detector.note_remap(local, mapped);
    }

    fn count(&self, wanted: impl Fn(&Change) -> bool) -> usize {
        let changes = self.told.iter().map(|(_, _, change)| change);
        changes.filter(|change| wanted(change)).count()
    }

    fn escalations(&self) -> Vec<Escalation> {
        let changes = self.told.iter().map(|(_, _, change)| change);
        changes
            .filter_map(|change| match change {
                Change::Escalate { reason, .. } => Some(*reason),
                _ => None,
            })
            .collect()
    }

    fn counsel(&self) -> Vec<(u64, Raw)> {
        let told = self.told.iter();
        told.filter_map(|(at, _, change)| match change {
            Change::Counsel { verdict, .. } => Some((*at, *verdict)),
            _ => None,
        })
        .collect()
    }
}

fn is_advice(change: &Change) -> bool {
    matches!(change, Change::Advise { .. })
}

#[test]
fn a_collapse_within_the_cool_down_gets_the_next_step_once() {
    let mut host = Host::new();
    for _ in 0..4 {
        host.incident();
    }
    assert_eq!(host.count(is_advice), 1, "{:?}", host.told);
    assert_eq!(host.escalations(), [Escalation::Repeated]);
    let opened = |change: &Change| matches!(change, Change::Opened { .. });
    assert_eq!(host.count(opened), 4, "{:?}", host.told);
    // The address falls silent, and what was advised is not forgotten with it.
    host.second += 5 * HOUR;
    host.pass();
    host.incident();
    assert_eq!(host.count(is_advice), 1, "{:?}", host.told);
    host.second += HOUR;
    host.pass();
    host.incident();
    assert_eq!(host.count(is_advice), 2, "{:?}", host.told);
}

#[test]
fn incidents_in_a_row_are_not_answered_with_the_usual_step() {
    let mut host = Host::new();
    host.seconds(60, 5, &both(0.002, 0.0));
    // Each too short for advice.
    for _ in 0..2 {
        host.seconds(15, 5, &both(0.4, 0.0));
        host.seconds(300, 5, &both(0.002, 0.0));
    }
    assert_eq!(host.count(is_advice), 0, "{:?}", host.told);
    host.incident();
    assert_eq!(host.count(is_advice), 0, "{:?}", host.told);
    assert_eq!(host.escalations(), [Escalation::Flapping]);
}

#[test]
fn the_hosts_own_trouble_in_the_middle_is_no_flapping() {
    let mut host = Host::new();
    host.seconds(100, 5, &both(0.002, 0.0));
    host.seconds(20, 5, &both(0.27, 0.0));
    host.counted.allowance_exceeded = Some(20);
    host.seconds(45, 5, &both(0.27, 0.0));
    host.counted.allowance_exceeded = None;
    host.seconds(180, 5, &both(0.27, 0.0));
    let opened = |change: &Change| matches!(change, Change::Opened { .. });
    assert!(host.count(opened) <= 2, "{:?}", host.told);
    assert_eq!(host.count(is_advice), 1, "{:?}", host.told);
    assert_eq!(host.escalations(), []);
}

#[test]
fn a_mapping_renewed_in_vain_is_told_with_the_next_step() {
    let mut host = Host::new();
    host.seconds(100, 5, &both(0.002, 0.0));
    host.seconds(120, 5, &both(0.27, 0.0));
    assert_eq!(host.count(is_advice), 1, "{:?}", host.told);
    host.remap(false);
    host.seconds(10, 5, &both(1.0, 0.0));
    host.remap(true);
    let back = host.second;
    host.seconds(200, 5, &both(0.27, 0.0));
    let told: Vec<_> = host
        .told
        .iter()
        .filter_map(|(at, _, change)| match change {
            Change::NotRecovered { repair, .. } => Some((*at, *repair)),
            _ => None,
        })
        .collect();
    let [(at, repair)] = told[..] else {
        panic!("told {told:?}");
    };
    assert!((120..=123).contains(&(at - back)), "{} s", at - back);
    assert!(repair.changed_ns.is_some(), "{repair:?}");
    let bad = |ratio: Option<f64>| ratio.is_some_and(|ratio| (0.2..0.4).contains(&ratio));
    assert!(bad(repair.before) && bad(repair.after), "{repair:?}");
    assert_eq!(host.escalations(), [Escalation::NotRecovered]);
    assert_eq!(host.count(is_advice), 1);
}

#[test]
fn while_somebody_acts_by_himself_no_advice_gets_in_the_way() {
    let mut host = Host::new();
    host.seconds(100, 5, &both(0.002, 0.0));
    host.seconds(30, 5, &both(0.27, 0.0));
    host.remap(false);
    host.seconds(5, 5, &both(1.0, 0.0));
    host.remap(true);
    host.seconds(60, 5, &both(0.27, 0.0));
    assert_eq!(host.count(is_advice), 0, "{:?}", host.told);
    host.seconds(300, 5, &both(0.002, 0.0));
    let recovered = host.told.iter().find_map(|(_, _, change)| match change {
        Change::Closed { repair, .. } => Some(*repair),
        _ => None,
    });
    let repair = recovered.flatten().expect("recovered, with figures");
    assert!(repair.changed_ns.is_some(), "{repair:?}");
    assert!(
        repair.before > Some(0.2) && repair.after < Some(0.02),
        "{repair:?}"
    );
    assert_eq!(host.escalations(), []);
}

#[test]
fn without_a_sign_that_somebody_acted_nothing_is_claimed() {
    let mut host = Host::new();
    host.seconds(100, 5, &both(0.002, 0.0));
    // Before there was anything wrong: no sign.
    host.remap(false);
    host.remap(true);
    host.seconds(600, 5, &both(0.27, 0.0));
    assert_eq!(host.count(is_advice), 1, "{:?}", host.told);
    let vain = |change: &Change| matches!(change, Change::NotRecovered { .. });
    assert_eq!(host.count(vain), 0, "{:?}", host.told);
    assert_eq!(host.escalations(), []);
    // A mapping that is gone is no repair that failed.
    host.remap(false);
    host.seconds(300, 5, &both(0.27, 0.0));
    assert_eq!(host.count(vain), 0, "{:?}", host.told);
}

/// Each peer, and the share that it loses.
type Losses<'a> = &'a [(&'a str, f64)];

#[test]
fn verdicts_that_stand_get_counsel_once_and_never_advice() {
    let one = [(PUBLIC[0], 0.4), (JUMP_HOST, 0.0)];
    let mut client = both(0.002, 0.0);
    client[2].1 = 0.3;
    let mut private = both(0.002, 0.25);
    private.extend([("10.1.2.22", 0.25), ("10.1.3.23", 0.25)]);
    let alone: Vec<_> = PUBLIC.iter().map(|peer| (*peer, 0.27)).collect();
    let cases: [(Losses<'_>, Raw, u64); 5] = [
        (&both(0.2, 0.2), Raw::HostWide, 120),
        (&private, Raw::PrivateOnly, 120),
        (&alone, Raw::PublicDegradedNoControl, 120),
        (&one, Raw::PublicSuspect, 300),
        (&client, Raw::ClientSide, 300),
    ];
    for (losses, verdict, patience) in cases {
        let mut host = Host::new();
        host.seconds(900, 5, losses);
        let counsel = host.counsel();
        let of = |raw| counsel.iter().filter(move |(_, of)| *of == raw);
        assert_eq!(of(verdict).count(), 1, "{verdict:?}: {:?}", host.told);
        let at = of(verdict).next().map(|(at, _)| *at).unwrap();
        assert!(
            (patience..patience + 150).contains(&at),
            "{verdict:?} at {at} s"
        );
        assert_eq!(host.count(is_advice), 0, "{verdict:?}: {:?}", host.told);
    }
}

#[test]
fn a_well_host_is_left_in_peace() {
    let mut host = Host::new();
    host.seconds(1_200, 5, &both(0.002, 0.0));
    host.seconds(30, 5, &both(0.2, 0.2));
    host.seconds(1_200, 5, &both(0.002, 0.0));
    assert_eq!(host.counsel(), []);
    assert_eq!(host.count(is_advice), 0);
}
