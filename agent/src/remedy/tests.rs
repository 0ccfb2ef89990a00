//! The decision table: every row by a situation of its own, and what must never be.

mod hostile;
mod texts;

use super::*;
use crate::detect::{Escalation, Raw};
use crate::ec2::Source;
use crate::event::{Action, Target};

pub(super) const VERDICTS: [Raw; 11] = [
    Raw::InsufficientEvidence,
    Raw::Healthy,
    Raw::ClientSide,
    Raw::PublicSuspect,
    Raw::PublicPartial,
    Raw::PublicOnlyCollapse,
    Raw::PublicDegradedNoControl,
    Raw::PublicSilent,
    Raw::HostWide,
    Raw::PrivateOnly,
    Raw::LocalCongestion,
];

/// A collapse on a host like any other, all known that the metadata tells.
pub(super) fn plain() -> Situation {
    Situation {
        verdict: Raw::PublicOnlyCollapse,
        escalation: None,
        cause: None,
        public: crate::detect::Judged {
            networks: 5,
            bad: 5,
            ..Default::default()
        },
        private: crate::detect::Judged::default(),
        target: Target {
            private_ip: Some([10, 1, 0, 207].into()),
            public_ip: Some([203, 0, 113, 25].into()),
            network_interface_id: Some("eni-0a1b2c3d4e5f60718".to_owned()),
            instance_id: Some("i-0123456789abcdef0".to_owned()),
            region: Some("us-east-1".to_owned()),
            partition: Some("aws".to_owned()),
            account: Some("123456789012".to_owned()),
            vpc_id: Some("vpc-0123456789abcdef0".to_owned()),
            mac: Some("0e:49:61:0f:c3:11".to_owned()),
            device_number: Some(0),
            primary: Some(true),
            ..Target::default()
        },
        source: Source::Metadata,
        place: Place::Mapped,
        managed: false,
        local_zone: false,
        spot: false,
        interfaces: 1,
        ipv6: Others::default(),
        elastic: Others::default(),
        worst: Some([198, 51, 100, 14].into()),
    }
}

pub(super) fn advice(situation: &Situation) -> Remediation {
    let particulars = Particulars {
        incident: Some("eg-fe4b5fb2da7f5688".to_owned()),
        confidence: 0.999,
        cooldown_s: 21_600,
        ..Particulars::default()
    };
    advise(situation, particulars).expect("advice")
}

type Change = fn(&mut Situation);

/// Each row's name, what makes a plain collapse fit it, and what it asks for.
const CASES: [(&str, Change, Action); 26] = [
    (
        "interrupted",
        |s| local(s, Some(LocalCause::Interrupted)),
        Action::FixLocalDriver,
    ),
    (
        "allowance_exceeded",
        |s| local(s, Some(LocalCause::Allowance)),
        Action::ReduceOrResize,
    ),
    (
        "no_route",
        |s| local(s, Some(LocalCause::NoRoute)),
        Action::FixLocalRoute,
    ),
    (
        "filtered_locally",
        |s| local(s, Some(LocalCause::Filtered)),
        Action::FixLocalFirewall,
    ),
    (
        "refused_locally",
        |s| local(s, Some(LocalCause::Refused)),
        Action::FixLocalFirewall,
    ),
    (
        "dropped_locally",
        |s| local(s, Some(LocalCause::Dropped)),
        Action::FixLocalDriver,
    ),
    ("kept_locally", |s| local(s, None), Action::FindLocalCause),
    (
        "host_wide",
        |s| s.verdict = Raw::HostWide,
        Action::FailOverOrReplace,
    ),
    (
        "private_only",
        |s| s.verdict = Raw::PrivateOnly,
        Action::CheckPrivatePath,
    ),
    (
        "public_silent",
        |s| s.verdict = Raw::PublicSilent,
        Action::CheckReachability,
    ),
    (
        "no_control_group",
        |s| s.verdict = Raw::PublicDegradedNoControl,
        Action::ConfirmManually,
    ),
    (
        "part_of_the_internet",
        |s| s.verdict = Raw::PublicPartial,
        Action::ReportInternetPath,
    ),
    (
        "too_few_networks",
        |s| s.verdict = Raw::PublicSuspect,
        Action::ConfirmManually,
    ),
    (
        "somebodys_own_path",
        |s| s.verdict = Raw::ClientSide,
        Action::ReportInternetPath,
    ),
    (
        "ipv6",
        |s| s.target.private_ip = Some("2001:db8::207".parse().unwrap()),
        Action::ReportIpv6Path,
    ),
    (
        "several_public_paths",
        |s| s.ipv6.bad = 1,
        Action::ReportWiderFault,
    ),
    (
        "managed_by_others",
        |s| s.managed = true,
        Action::LeaveManagedAddress,
    ),
    (
        "no_public_address",
        |s| {
            s.place = Place::Unmapped;
            s.target.public_ip = None;
        },
        Action::LookAtNatGateway,
    ),
    (
        "advised_before",
        |s| s.escalation = Some(Escalation::Repeated),
        Action::Escalate,
    ),
    (
        "behind_the_host",
        |s| {
            s.place = Place::Elsewhere;
            s.target.public_ip = None;
            s.target.network_interface_id = None;
        },
        Action::FindAddressThenReassociate,
    ),
    (
        "interface_unknown",
        |s| {
            s.source = Source::Unknown;
            s.place = Place::Unknown;
            s.target = Target {
                private_ip: s.target.private_ip,
                ..Target::default()
            };
        },
        Action::FindAddressThenReassociate,
    ),
    (
        "local_zone",
        |s| s.local_zone = true,
        Action::ReassociateElasticIp,
    ),
    (
        "one_of_several",
        |s| s.elastic.well = 1,
        Action::ReassociateElasticIp,
    ),
    (
        "secondary_address",
        |s| s.target.primary = Some(false),
        Action::ReassociateElasticIp,
    ),
    (
        "several_interfaces",
        |s| s.interfaces = 2,
        Action::ReassociateElasticIp,
    ),
    ("elastic_ip", |_| (), Action::ReassociateElasticIp),
];

fn local(situation: &mut Situation, cause: Option<LocalCause>) {
    situation.verdict = Raw::LocalCongestion;
    situation.cause = cause;
}

#[test]
fn every_row_has_its_situation_and_every_situation_its_row() {
    let names: Vec<_> = CASES.iter().map(|(name, ..)| *name).collect();
    let rows: Vec<_> = table::ROWS.iter().map(|row| row.name).collect();
    assert_eq!(names, rows);
    for (name, change, action) in CASES {
        let mut situation = plain();
        change(&mut situation);
        let advice = advice(&situation);
        assert_eq!(advice.situation, name);
        assert_eq!(advice.action, action, "{name}");
    }
}

/// The page that operators read has the same rows, in the same order.
#[test]
fn the_page_has_the_table_of_the_code() {
    let page = include_str!("../../docs/advice.md");
    let cell = |cell: &str| cell.trim().trim_matches('`').to_owned();
    let told: Vec<(String, String)> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"))
        .filter_map(|line| {
            let mut cells = line.split(" | ");
            Some((cell(cells.next()?), cell(cells.nth(1)?)))
        })
        .filter(|(name, _)| !name.starts_with("remediation.") && !name.starts_with("incident."))
        .collect();
    let rows: Vec<(String, String)> = table::ROWS
        .iter()
        .map(|row| {
            let action = serde_json::to_value(row.action).unwrap();
            (row.name.to_owned(), action.as_str().unwrap().to_owned())
        })
        .collect();
    assert_eq!(told[..rows.len().min(told.len())], rows[..]);
}

/// The first row that fits wins: whatever makes it the host's, another's or a wider fault comes
/// before anything that touches the address.
#[test]
fn of_several_situations_the_more_harmless_advice_wins() {
    let (before, touching): (Vec<_>, Vec<_>) = CASES
        .iter()
        .partition(|(.., action)| !action.touches_address());
    for (name, change, _) in &before {
        for (other, further, _) in &touching {
            let mut situation = plain();
            further(&mut situation);
            change(&mut situation);
            // What has no public address cannot be said to be elsewhere as well.
            let advice = advice(&situation);
            assert!(
                !advice.touches_address,
                "{name} and {other}: {}",
                advice.situation
            );
        }
    }
}

#[test]
fn calm_verdicts_ask_for_nothing() {
    for verdict in [Raw::Healthy, Raw::InsufficientEvidence] {
        let situation = Situation { verdict, ..plain() };
        assert!(
            advise(&situation, Particulars::default()).is_none(),
            "{verdict:?}"
        );
    }
}

#[test]
fn other_ways_out_decide_whether_it_is_one_mapping() {
    let name = |ipv6: Others, elastic: Others| {
        advice(&Situation {
            ipv6,
            elastic,
            ..plain()
        })
        .situation
    };
    let (none, well, bad) = (
        Others::default(),
        Others { well: 1, bad: 0 },
        Others { well: 0, bad: 1 },
    );
    assert_eq!(name(bad, none), "several_public_paths");
    assert_eq!(name(none, bad), "several_public_paths");
    assert_eq!(name(bad, well), "several_public_paths");
    assert_eq!(name(well, none), "elastic_ip");
    assert_eq!(name(well, well), "one_of_several");
    // One of three is well: two mappings are bad rather than what they share.
    assert_eq!(name(none, Others { well: 1, bad: 1 }), "one_of_several");
}

#[test]
fn each_reason_for_the_next_step_is_told() {
    for (reason, words) in [
        (Escalation::Repeated, "a short while ago"),
        (Escalation::Exhausted, "in a day"),
        (Escalation::Flapping, "follows the other"),
        (Escalation::NotRecovered, "as bad as before"),
    ] {
        let advice = advice(&Situation {
            escalation: Some(reason),
            ..plain()
        });
        assert!(advice.summary.contains(words), "{}", advice.summary);
        assert!(advice.summary.contains("AWS Support"), "{}", advice.summary);
        assert!(advice.runbook.is_none());
    }
}

#[test]
fn a_spot_instance_is_not_to_be_stopped() {
    let mut situation = Situation {
        escalation: Some(Escalation::Repeated),
        ..plain()
    };
    let stops = |situation: &Situation| advice(situation).risks.concat();
    assert!(stops(&situation).contains("Stop and start"));
    situation.spot = true;
    assert!(stops(&situation).contains("do not stop it"));
    assert!(!stops(&situation).contains("Stop and start"));
}
