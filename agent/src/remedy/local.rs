//! The host itself keeps its packets from leaving.

use super::commands::{Values, look, region};
use super::plan::{Plan, texts};
use super::situation::Situation;
use crate::event::Command;

/// The counters of every interface, and what its queue drops.
const INTERFACES: &str = "ip -s -s link show; tc -s qdisc show";

fn own(summary: &str, hypothesis: &str) -> Plan {
    let mut plan = Plan::looking(summary, hypothesis);
    plan.not_seen = texts(&[
        "While the host keeps packets of its own, nothing can be said of the path of any address: \
         what is lost out there is looked at again when this is over.",
    ]);
    "On this host, in the network namespace of the address.".clone_into(&mut plan.run_from);
    plan.preconditions =
        texts(&["Leave the addresses alone: renewing a mapping changes none of it."]);
    plan
}

fn drivers(purpose: &str) -> Command {
    look(
        purpose,
        "for i in /sys/class/net/*; do echo \"${i##*/}\"; ethtool -S \"${i##*/}\" | grep -E \
         'allowance|drop|err|reset|missing'; done",
    )
}

/// The instance exceeds a network allowance.
pub(super) fn allowance(_: &Situation, values: &mut Values<'_>) -> Plan {
    let mut plan = own(
        "Send less, shape the bursts, or take a larger instance: this one exceeds its network \
         allowance.",
        "EC2 queues and drops packets of this instance because it sends or receives more than its \
         type may; enough of them to explain what is lost.",
    );
    "The first command on this host, the others anywhere.".clone_into(&mut plan.run_from);
    plan.commands = vec![
        drivers(
            "Which allowance? bw_in, bw_out: bandwidth; pps: packets; conntrack: connections; \
                 linklocal: DNS, metadata, time. Twice, a minute apart: the one that grows.",
        ),
        region(values),
        look(
            "What type is it?",
            format!(
                "aws ec2 describe-instances --filters Name=instance-id,Values={} --query \
                 'Reservations[].Instances[].[InstanceType,InstanceLifecycle]'",
                values.instance_id()
            ),
        ),
    ];
    plan.risks = texts(&[
        "Another type means stop and start: data on instance-store volumes and an auto-assigned \
         public address are lost.",
    ]);
    plan
}

/// Packets find no route.
pub(super) fn route(_: &Situation, _: &mut Values<'_>) -> Plan {
    let mut plan = own(
        "Mend the routes of this host: its packets find none.",
        "The kernel counts packets without a route, enough to explain what is lost.",
    );
    plan.commands = vec![
        look(
            "Is there a default route, and nothing that blackholes the peers?",
            "ip rule show; ip route show table all; ip -6 route show table all",
        ),
        look(
            "Does the count still grow?",
            "nstat -az IpOutNoRoutes Ip6OutNoRoutes",
        ),
        look(
            "Did an interface or its lease go?",
            "ip -br link show; ip -br address show",
        ),
    ];
    plan
}

/// The packet filter drops segments of established connections.
pub(super) fn filter(_: &Situation, _: &mut Values<'_>) -> Plan {
    let mut plan = own(
        "Mend the host's own firewall: it drops segments of established connections.",
        "The kernel says so of each segment that it drops (drop reasons of the packet filter): \
         enough of them to explain what is lost.",
    );
    plan.commands = firewall_rules();
    plan
}

fn firewall_rules() -> Vec<Command> {
    vec![
        look(
            "Which rule drops? Look for drop or reject in input and output, with counters that \
             grow.",
            "nft list ruleset; iptables-save -c; ip6tables-save -c",
        ),
        look(
            "Is the connection table full?",
            "sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max",
        ),
    ]
}

/// Segments do not leave, and the sender is told so.
pub(super) fn firewall(_: &Situation, _: &mut Values<'_>) -> Plan {
    let mut plan = own(
        "Mend the host's own firewall or its limits: segments sent again do not leave the host.",
        "The kernel could not send what it wanted to send again (TCPRetransFail): as a rule an \
         output rule of the firewall, a full connection table, or a queue without room.",
    );
    plan.commands = firewall_rules();
    plan.commands.extend([
        look("Does a queue drop?", INTERFACES),
        look(
            "Does the count still grow?",
            "nstat -az TcpExtTCPRetransFail",
        ),
    ]);
    plan
}

/// An interface was reset, or its link came or went.
pub(super) fn interrupted(situation: &Situation, values: &mut Values<'_>) -> Plan {
    let summary = "Find out why the interface was interrupted: its device was reset, or its link \
                   came or went.";
    let hypothesis = "What was on its way through the interface then is lost, and nobody counts \
                      it. Once is an incident of the hardware beneath; if it comes again, move to \
                      other hardware (stop and start, or replace).";
    Plan {
        summary: summary.to_owned(),
        hypothesis: hypothesis.to_owned(),
        ..driver(situation, values)
    }
}

/// An interface drops.
pub(super) fn driver(_: &Situation, _: &mut Values<'_>) -> Plan {
    let mut plan = own(
        "Mend the interface, its driver or its queue: it drops what it should send.",
        "Interfaces of this host count packets dropped on their way out, enough to explain what \
         is lost.",
    );
    plan.commands = vec![
        look("Which interface, and which queue?", INTERFACES),
        drivers("What does the driver say?"),
        look(
            "Did it reset, or lose its link?",
            "dmesg --level=emerg,alert,crit,err,warn | tail -n 50",
        ),
    ];
    plan
}

/// The counts do not tell where.
pub(super) fn unknown(_: &Situation, _: &mut Values<'_>) -> Plan {
    let mut plan = own(
        "Find what keeps this host's packets from leaving.",
        "The host has trouble of its own that can explain what is lost.",
    );
    plan.commands = vec![
        look("Routes.", "ip rule show; ip route show table all"),
        look("Interfaces and queues.", INTERFACES),
        drivers("Drivers and allowances."),
        look("Firewall.", "nft list ruleset; iptables-save -c"),
        look("What else the kernel counts.", "nstat -az"),
    ];
    plan
}
