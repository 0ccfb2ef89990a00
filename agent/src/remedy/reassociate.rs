//! Disassociating the Elastic IP and associating it again with the same interface.
//!
//! Why both: `associate-address` is idempotent, so repeating it for the same target may change
//! nothing (EC2 API reference, `AssociateAddress`); the disassociation is what makes EC2 build
//! the mapping anew.

use super::commands::{Values, change, look};
use crate::event::{Action, Command, Remediation, Target};

/// The advice for one address. What `target` lacks stands in the commands as a placeholder.
pub fn reassociate_elastic_ip(target: Target, confidence: f64, cooldown_s: u64) -> Remediation {
    let mut values = Values::new(&target);
    let commands = commands(&mut values);
    let rollback = vec![change(
        "Bring the address back: repeat until it succeeds.",
        associate(&mut values, ""),
    )];
    let placeholders = values.into_missing();
    let which = target
        .public_ip
        .map_or_else(String::new, |address| format!(" {address}"));
    let whose = target.private_ip.map_or_else(
        || "this host".to_owned(),
        |address| format!("local address {address}"),
    );
    Remediation {
        action: Action::ReassociateElasticIp,
        summary: format!(
            "Disassociate the Elastic IP{which} of {whose} and associate it again with the same \
             interface and private address."
        ),
        confidence,
        target,
        placeholders,
        run_from: "A workstation, CloudShell or another host. Not this host: after the \
                   disassociation it may have no way to the EC2 API, and could not associate."
            .to_owned(),
        preconditions: preconditions(),
        commands,
        risks: risks(),
        rollback,
        verification: verification(),
        automatic: false,
        cooldown_seconds: cooldown_s,
    }
}

fn commands(values: &mut Values<'_>) -> Vec<Command> {
    let region = values.region();
    let private_ip = values.private_ip();
    let associate_dry = associate(values, " --dry-run");
    let associate_now = associate(values, "");
    let association = values.association_id();
    let allocation = values.allocation_id();
    let interface = values.network_interface_id();
    vec![
        look(
            "Set the region; no pager.",
            format!("export AWS_PAGER=\"\" AWS_REGION={region}"),
        ),
        look(
            "Find the interface of this address. Expect one; note NetworkInterfaceId.",
            format!(
                "aws ec2 describe-network-interfaces \
                 --filters Name=addresses.private-ip-address,Values={private_ip} \
                 --query 'NetworkInterfaces[].[NetworkInterfaceId,VpcId,Attachment.InstanceId]'"
            ),
        ),
        look(
            "Find the Elastic IP. Expect exactly one, on that interface and private address, \
             without ServiceManaged; note AllocationId and AssociationId. An empty answer means \
             an auto-assigned address: stop, this advice is not for it.",
            format!(
                "aws ec2 describe-addresses --filters \
                 Name=network-interface-id,Values={interface} \
                 Name=private-ip-address,Values={private_ip}"
            ),
        ),
        look(
            "May you disassociate? Expect the text DryRunOperation.",
            format!("aws ec2 disassociate-address --association-id {association} --dry-run"),
        ),
        look(
            "May you associate? Expect the text DryRunOperation.",
            associate_dry,
        ),
        change(
            "Take the mapping down. Public traffic stops here.",
            format!("aws ec2 disassociate-address --association-id {association}"),
        ),
        change(
            "Make the mapping anew. Public traffic resumes.",
            associate_now,
        ),
        look(
            "See the new association: AssociationId has changed.",
            format!("aws ec2 describe-addresses --allocation-ids {allocation}"),
        ),
    ]
}

fn associate(values: &mut Values<'_>, suffix: &str) -> String {
    format!(
        "aws ec2 associate-address --allocation-id {} --network-interface-id {} \
         --private-ip-address {} --no-allow-reassociation{suffix}",
        values.allocation_id(),
        values.network_interface_id(),
        values.private_ip(),
    )
}

fn preconditions() -> Vec<String> {
    [
        "The address is an Elastic IP of this account, not an auto-assigned public address: that \
         one would be lost for good.",
        "It is not managed by a service (ServiceManaged is absent) and no address transfer is \
         pending.",
        "The interface and private address it maps to are those named here.",
        "You are not logged in to this host through this address.",
        "A second look from another network also shows loss (for example mtr from outside): the \
         fault may lie beyond AWS, and then this does not help.",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn risks() -> Vec<String> {
    [
        "All public IPv4 traffic of this address stops between the two calls, some seconds; \
         existing connections may drop.",
        "Meanwhile the instance may get another public address, or none.",
        "The association id changes: infrastructure code that tracks it will show a difference.",
        "Frequent remaps may be charged.",
        "Whether it helps is a hypothesis: one host cannot tell a broken address mapping from a \
         fault of the regional edge or of transit.",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn verification() -> Vec<String> {
    [
        "From outside: ping or mtr to the address; loss is gone.",
        "On the host: `ss -ti` of new public connections; cwnd at 10 or more, no retransmissions.",
        "In this stream: edgeghost keeps watching the address; verdict `recovering`, then \
         incident `closed`. If `public_only_collapse` stays for two minutes, it did not help: \
         open a case with AWS and attach the incident.",
    ]
    .map(str::to_owned)
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Target {
        Target {
            private_ip: Some("10.1.0.207".parse().unwrap()),
            ..Target::default()
        }
    }

    #[test]
    fn what_is_missing_is_marked_and_listed() {
        let advice = reassociate_elastic_ip(local(), 0.97, 1800);
        assert_eq!(
            advice.placeholders,
            [
                "REGION",
                "ALLOCATION_ID",
                "NETWORK_INTERFACE_ID",
                "ASSOCIATION_ID"
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
        let target = Target {
            public_ip: Some("203.0.113.25".parse().unwrap()),
            region: Some("us-east-1".into()),
            allocation_id: Some("eipalloc-0a".into()),
            association_id: Some("eipassoc-0b".into()),
            network_interface_id: Some("eni-0c".into()),
            ..local()
        };
        let advice = reassociate_elastic_ip(target, 0.97, 1800);
        assert!(advice.placeholders.is_empty());
        assert!(
            advice.summary.contains("Elastic IP 203.0.113.25 of"),
            "{}",
            advice.summary
        );
        let all: Vec<_> = advice.commands.iter().chain(&advice.rollback).collect();
        assert!(
            all.iter().all(|command| !command.command.contains('<')),
            "{all:?}"
        );
    }

    #[test]
    fn it_looks_before_it_changes_and_never_releases() {
        let advice = reassociate_elastic_ip(local(), 0.97, 1800);
        let first_change = advice.commands.iter().position(|c| c.changes).unwrap();
        let dry_runs = advice.commands[..first_change]
            .iter()
            .filter(|c| c.command.contains("--dry-run"));
        assert_eq!(dry_runs.count(), 2, "both changes are tried dry first");
        assert!(
            advice
                .commands
                .iter()
                .all(|c| !c.command.contains("release-address"))
        );
        assert!(!advice.automatic);
    }
}
