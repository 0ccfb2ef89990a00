//! What the advice to touch an address says.

use super::*;
use crate::ec2::Id;

/// Which row of the plain case it is, and all that hangs on it.
fn touching() -> impl Iterator<Item = Situation> {
    let cases = CASES
        .into_iter()
        .filter(|(.., action)| action.touches_address());
    cases.map(|(_, change, _)| {
        let mut situation = plain();
        change(&mut situation);
        situation
    })
}

#[test]
fn what_is_missing_is_marked_and_listed() {
    let mut situation = plain();
    situation.target = Target {
        private_ip: situation.target.private_ip,
        ..Target::default()
    };
    let advice = advice(&situation);
    assert_eq!(
        advice.placeholders,
        [
            "REGION",
            "NETWORK_INTERFACE_ID",
            "ALLOCATION_ID",
            "ASSOCIATION_ID",
        ]
    );
    for name in &advice.placeholders {
        let marked = format!("<{name}>");
        assert!(
            advice.commands.iter().any(|c| c.command.contains(&marked)),
            "{marked}"
        );
    }
}

#[test]
fn with_everything_known_nothing_is_left_to_fill_in() {
    let mut situation = plain();
    situation.target.allocation_id = Some("eipalloc-0123456789abcdef0".to_owned());
    situation.target.association_id = Some("eipassoc-0123456789abcdef0".to_owned());
    let advice = advice(&situation);
    assert!(advice.placeholders.is_empty(), "{:?}", advice.placeholders);
    let all: Vec<_> = advice.commands.iter().chain(&advice.rollback).collect();
    assert!(all.iter().all(|c| !c.command.contains('<')), "{all:?}");
    assert!(
        advice.summary.contains("Elastic IP 203.0.113.25 from"),
        "{}",
        advice.summary
    );
    assert_eq!(
        advice.runbook.as_deref(),
        Some("edgeghost runbook eg-fe4b5fb2da7f5688")
    );
}

#[test]
fn it_looks_before_it_changes_and_never_releases() {
    for situation in touching() {
        let advice = advice(&situation);
        let first_change = advice.commands.iter().position(|c| c.changes).unwrap();
        let before = &advice.commands[..first_change];
        let dry_runs = before.iter().filter(|c| c.command.contains("--dry-run"));
        assert_eq!(dry_runs.count(), 2, "both changes are tried dry first");
        assert!(!advice.automatic);
        let changes: Vec<_> = advice.commands.iter().filter(|c| c.changes).collect();
        let [down, up] = changes[..] else {
            panic!("{changes:?}");
        };
        assert!(
            down.command
                .starts_with("aws ec2 disassociate-address --association-id ")
        );
        assert!(up.command.contains("--no-allow-reassociation"));
        assert!(
            up.command.contains("--network-interface-id")
                && up.command.contains("--private-ip-address")
        );
        assert_eq!(advice.rollback.len(), 1);
        assert_eq!(advice.rollback[0].command, up.command);
    }
}

/// What a host cannot know is asked for before anything changes.
#[test]
fn what_cannot_be_seen_from_the_host_is_guarded() {
    for situation in touching() {
        let advice = advice(&situation);
        let mut told = advice.preconditions.clone();
        told.extend(
            advice
                .commands
                .iter()
                .map(|c| format!("{} {}", c.purpose, c.command)),
        );
        told.push(advice.run_from.clone());
        let told = told.concat();
        for guard in [
            "auto-assigned",
            "--associate-public-ip-address",
            "ServiceManaged",
            "RequesterManaged",
            "describe-address-transfers",
            "PublicIpv4Pool",
            "NetworkBorderGroup",
            "DnsHostnameType",
            "Auto Scaling",
            "load balancer",
            "DryRunOperation",
            "getent hosts",
            "AlreadyAssociated",
        ] {
            assert!(told.contains(guard), "{guard} in {}", advice.situation);
        }
        assert!(!advice.not_seen.is_empty() && !advice.risks.is_empty());
    }
}

/// Both versions of the AWS CLI know what is used, and nothing is looked up by what fails when it
/// is not there.
#[test]
fn commands_are_for_every_aws_cli() {
    for (name, change, _) in CASES {
        let mut situation = plain();
        change(&mut situation);
        for command in advice(&situation).commands {
            let text = &command.command;
            for bad in [
                "--no-cli-pager",
                "--public-ips",
                "release-address",
                "--cli-auto-prompt",
            ] {
                assert!(!text.contains(bad), "{name}: {text}");
            }
        }
    }
}

#[test]
fn the_host_itself_is_no_place_to_run_it_from() {
    let from = |partition: &str| {
        let mut situation = plain();
        situation.target.partition = Some(partition.to_owned());
        advice(&situation).run_from
    };
    assert!(from("aws").contains("Not this host"));
    assert!(from("aws").contains("ec2.us-east-1.amazonaws.com`"));
    assert!(from("aws-cn").contains("ec2.us-east-1.amazonaws.com.cn`"));
}

#[test]
fn behind_the_host_its_own_address_is_not_taken_for_the_hosts() {
    let (.., change, _) = CASES[19];
    let mut situation = plain();
    change(&mut situation);
    let advice = advice(&situation);
    assert_eq!(advice.situation, "behind_the_host");
    assert!(advice.placeholders.contains(&"PRIVATE_IP".to_owned()));
    for command in advice.commands.iter().chain(&advice.rollback) {
        assert!(
            !command.command.contains("10.1.0.207"),
            "{}",
            command.command
        );
    }
}

#[test]
fn a_runbook_is_named_only_for_an_incident_of_ours() {
    for (id, is) in [
        (Some("eg-fe4b5fb2da7f5688"), true),
        (Some("eg-1; reboot"), false),
        (None, false),
    ] {
        let particulars = Particulars {
            incident: id.map(str::to_owned),
            ..Particulars::default()
        };
        let advice = advise(&plain(), particulars).unwrap();
        assert_eq!(advice.runbook.is_some(), is, "{id:?}");
    }
    assert!(Id::Incident.fits("eg-fe4b5fb2da7f5688"));
}
