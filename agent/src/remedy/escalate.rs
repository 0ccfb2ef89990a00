//! Beyond what an operator can mend: AWS, or another host.

use super::commands::{Values, find_interface, look, region};
use super::plan::{Plan, texts};
use super::situation::Situation;
use crate::detect::Escalation;
use crate::event::Command;

/// What a case with AWS Support needs.
const CASE: &str = "For the case with AWS Support (EC2, networking): region and zone, instance, \
    interface and address from `target`, the onset and the figures of the incident, and `evidence` \
    and `ruled_out` as they stand here; ask for the path of the address at the edge to be looked at.";

fn instance(values: &mut Values<'_>) -> Vec<Command> {
    let instance = values.instance_id();
    vec![
        region(values),
        look(
            "What is it? A spot instance (InstanceLifecycle), or one of an Auto Scaling group (tag \
             aws:autoscaling:groupName), is replaced and not stopped.",
            format!(
                "aws ec2 describe-instances --filters Name=instance-id,Values={instance} --query \
                 'Reservations[].Instances[].[InstanceType,InstanceLifecycle,RootDeviceType,\
                 Placement.AvailabilityZone,Tags]'"
            ),
        ),
        look(
            "Does AWS know of trouble with it? Look for events and failed checks.",
            format!(
                "aws ec2 describe-instance-status --include-all-instances --instance-ids {instance}"
            ),
        ),
    ]
}

/// What to go to, in this order.
fn another_host(situation: &Situation) -> Vec<String> {
    let mut list = texts(&[
        "First choice: let the service go on elsewhere (fail over, replace the instance), then \
         look in peace.",
    ]);
    list.push(if situation.spot {
        "This is a spot instance: do not stop it; it may not start again. Replace it.".to_owned()
    } else {
        "Stop and start (not reboot) moves the instance to other hardware. It loses data on \
         instance-store volumes and an auto-assigned public address; an Auto Scaling group may \
         terminate it meanwhile; a spot instance may not start again."
            .to_owned()
    });
    list
}

/// Both paths are bad.
pub(super) fn host(situation: &Situation, values: &mut Values<'_>) -> Plan {
    let mut plan = Plan::looking(
        "Move the service to another host, then replace this one or stop and start it: public and \
         private path are both bad.",
        "What both paths share is at fault: the host, its interface, its hypervisor, or the zone.",
    );
    "Anywhere; best not through this host.".clone_into(&mut plan.run_from);
    plan.preconditions = texts(&[
        "Leave the address alone: the private path does not use it and is bad too.",
        "Do other hosts in the same zone lose as well? Then it is the zone.",
    ]);
    plan.commands = instance(values);
    plan.risks = another_host(situation);
    plan
}

/// The path of an IPv6 address.
pub(super) fn ipv6(situation: &Situation, values: &mut Values<'_>) -> Plan {
    let mut plan = Plan::looking(
        "Report the IPv6 path to AWS: an IPv6 address has no mapping that could be renewed.",
        "The public path of this IPv6 address collapsed while the private path is fine. Nothing \
         translates it on the way, so it is the gateway, the edge or transit.",
    );
    "Anywhere.".clone_into(&mut plan.run_from);
    plan.preconditions = texts(&[
        "Clients that also have IPv4 can be sent there meanwhile: take the AAAA record out.",
        CASE,
    ]);
    plan.commands = instance(values);
    plan.risks = another_host(situation);
    plan
}

/// Several public paths of the host are bad.
pub(super) fn wider(situation: &Situation, values: &mut Values<'_>) -> Plan {
    let (ipv6, elastic) = (situation.ipv6.bad, situation.elastic.bad);
    let mut plan = Plan::looking(
        "Open a case with AWS, and fail over if you can: other public paths of this host are bad as \
         well, so it is not the mapping of one address.",
        format!(
            "A fault that several public paths share: the internet gateway, the regional edge or \
             transit. Besides this address, {ipv6} IPv6 address(es), which no translation touches, \
             and {elastic} other public IPv4 address(es) of this host are bad."
        ),
    );
    "Anywhere.".clone_into(&mut plan.run_from);
    plan.preconditions = texts(&[
        "Leave the addresses alone: renewing one mapping does not mend what they share.",
        "AWS Health Dashboard: is anything reported for the region or zone?",
        CASE,
    ]);
    plan.commands = instance(values);
    plan.risks = another_host(situation);
    plan
}

/// The usual step was advised before, or taken.
pub(super) fn repeated(situation: &Situation, values: &mut Values<'_>) -> Plan {
    let (why, so) = match situation.escalation {
        Some(Escalation::NotRecovered) => (
            "the mapping was renewed, and the path is as bad as before",
            "It was not the mapping, or renewing it does not mend it: the edge of the region, or \
             transit.",
        ),
        Some(Escalation::Exhausted) => (
            "renewing the mapping was advised as often as it may be in a day",
            "Renewing the mapping, if it was done, does not hold: something beneath it is at fault.",
        ),
        Some(Escalation::Flapping) => (
            "one incident follows the other",
            "The path comes and goes by itself: an overloaded or flapping part of the way, rather \
             than a mapping that is broken for good.",
        ),
        Some(Escalation::Repeated) | None => (
            "renewing the mapping was advised a short while ago, and it collapsed again",
            "Renewing the mapping, if it was done, did not hold: something beneath it is at fault.",
        ),
    };
    let mut plan = Plan::looking(
        format!(
            "Do not renew the mapping again: {why}. Open a case with AWS Support, and move the \
             service to another host or address."
        ),
        so,
    );
    "Anywhere.".clone_into(&mut plan.run_from);
    plan.preconditions = texts(&[
        "If the step that was advised before was never taken, it still holds: see the \
         recommendation before.",
        CASE,
    ]);
    plan.commands = instance(values);
    plan.commands.push(find_interface(values));
    plan.risks = another_host(situation);
    plan
}
