//! It is not the address, or not known to be: where to look instead.

use super::commands::{Values, find_interface, look, region};
use super::plan::{Plan, texts};
use super::situation::Situation;
use crate::event::Command;

/// Path and loss both ways: a path back is seldom the path there.
fn both_ways(situation: &Situation, values: &mut Values<'_>) -> Vec<Command> {
    let peer = match situation.worst {
        Some(address) => address.to_string(),
        None => values.find("PEER"),
    };
    vec![
        look(
            "From this host, to a peer that suffers. Loss at one hop that does not go on to the \
             end is no loss; the first from which on it stays is where it begins, or where the way \
             back differs.",
            format!("mtr -rwzbc 100 {peer}"),
        ),
        look(
            "From that peer, or from its provider's looking glass, to this host.",
            format!("mtr -rwzbc 100 {}", values.public_ip()),
        ),
    ]
}

/// One client or provider among well ones.
pub(super) fn client(situation: &Situation, values: &mut Values<'_>) -> Plan {
    let mut plan = Plan::looking(
        "Nothing to do on this host: tell the provider or the client that suffers, with both paths.",
        "A few networks are bad among others that are good at the same time, so the path is at \
         fault only where theirs differs: in their network, or on the way there.",
    );
    plan.preconditions = texts(&["Leave the address alone: most of its peers are well."]);
    plan.commands = both_ways(situation, values);
    plan
}

/// Several networks bad, several good.
pub(super) fn partial(situation: &Situation, values: &mut Values<'_>) -> Plan {
    let mut plan = Plan::looking(
        "A part of the internet is bad: find what the bad networks share, and report that.",
        "Several networks are bad while several are good: an exchange, a carrier or a region \
         between them and AWS.",
    );
    plan.preconditions = texts(&[
        "Leave the address alone, unless good and bad turn out to be chance: if from a network of \
         your own it is bad too, and stays so, treat it as a collapse.",
        "What would tell more: other hosts in the same zone, and the same peers from there.",
    ]);
    plan.commands = both_ways(situation, values);
    plan
}

/// Bad as far as can be seen, which is not far.
pub(super) fn suspect(situation: &Situation, values: &mut Values<'_>) -> Plan {
    let mut plan = Plan::looking(
        "Look from a second, unrelated network: all there is of the public path is bad, but that \
         is one or two networks.",
        "Either the public path of this address is at fault, or the few who use it have the same \
         trouble of their own; with so few networks both look alike.",
    );
    plan.preconditions = texts(&[
        "What would tell more: a connection from another provider (a phone, CloudShell in another \
         region, a monitoring service), kept busy for a minute. edgeghost judges it like any other.",
        "If that is bad too, the verdict becomes `public_only_collapse`, and advice follows. If it \
         is well, it is the client's own path.",
    ]);
    plan.commands = both_ways(situation, values);
    plan
}

/// Bad, and nothing to compare with.
pub(super) fn no_control(situation: &Situation, values: &mut Values<'_>) -> Plan {
    let mut plan = Plan::looking(
        "Find out whether the host itself is well: the public path collapsed, and nothing private \
         is there to compare with.",
        "The public path is at fault, or the host is; without traffic that shares the host but not \
         the path, both look alike.",
    );
    plan.preconditions = texts(&[
        "What would tell more: some traffic from another host of the VPC (a login, a copy of a \
         megabyte) over the private address, kept up for a minute. If it is well, the verdict \
         becomes `public_only_collapse`, and advice follows.",
    ]);
    plan.commands = vec![look(
        "From another host of the VPC: a minute of small transfers to this one, over its private \
         address.",
        format!(
            "for n in $(seq 60); do ssh {} 'head -c 65536 /dev/zero' > /dev/null; sleep 1; done",
            values.private_ip()
        ),
    )];
    plan.commands.extend(both_ways(situation, values));
    plan
}

/// Only the private side is bad.
pub(super) fn private(_: &Situation, values: &mut Values<'_>) -> Plan {
    let mut plan = Plan::looking(
        "Look at the private side: peers in the VPC, security groups, subnet, peering or VPN.",
        "Private peers lose while public ones are well: the host and its interface carry traffic, \
         what lies between it and those peers does not.",
    );
    plan.preconditions = texts(&["Leave the public address alone: its path is well."]);
    plan.commands = vec![
        region(values),
        find_interface(values),
        look(
            "Who may reach it? Compare with the peers that suffer.",
            format!(
                "aws ec2 describe-network-interfaces --filters \
                 Name=addresses.private-ip-address,Values={} --query \
                 'NetworkInterfaces[].[SubnetId,Groups]'",
                values.private_ip()
            ),
        ),
    ];
    plan
}

/// Nobody public is heard of.
pub(super) fn silent(_: &Situation, values: &mut Values<'_>) -> Plan {
    let mut plan = Plan::looking(
        "See whether the public can reach this host: nobody is heard of any more, of many who were.",
        "Clients were sent elsewhere on purpose, or nothing gets in or out by the public path; the \
         private one goes on.",
    );
    plan.preconditions = texts(&[
        "Was traffic moved away (DNS, load balancer, deployment)? Then all is as it should be.",
        "Is the public address still associated? One that was taken away has to be associated \
         again; that is the only step here that touches it.",
    ]);
    let vpc = values.vpc_id();
    plan.commands = vec![
        look(
            "From outside: does it answer at all?",
            format!("mtr -rwzbc 30 {}", values.public_ip()),
        ),
        region(values),
        find_interface(values),
        look(
            "Is there a route to an internet gateway?",
            format!("aws ec2 describe-route-tables --filters Name=vpc-id,Values={vpc}"),
        ),
        look(
            "Does a network ACL forbid it?",
            format!("aws ec2 describe-network-acls --filters Name=vpc-id,Values={vpc}"),
        ),
    ];
    plan
}

/// Not this account's to touch.
pub(super) fn managed(_: &Situation, values: &mut Values<'_>) -> Plan {
    let mut plan = Plan::looking(
        "Leave the address alone: another account or a service owns the interface. Report it to \
         them.",
        "The public path of this address collapsed; but the interface belongs to somebody else, who \
         manages its addresses.",
    );
    plan.preconditions =
        texts(&["EC2 would refuse (AuthFailure), or the service would fight the change."]);
    plan.commands = vec![region(values), find_interface(values)];
    plan
}

/// The host has no public address.
pub(super) fn nat(_: &Situation, values: &mut Values<'_>) -> Plan {
    let mut plan = Plan::looking(
        "Look at the NAT gateway, or whatever this host's public traffic leaves by: it has no \
         public address of its own.",
        "The public path collapsed behind this host's interface: at the NAT gateway, NAT instance, \
         proxy or firewall that it leaves by, or beyond.",
    );
    "Anywhere.".clone_into(&mut plan.run_from);
    plan.preconditions = texts(&[
        "No address of this host could be renewed. The primary address of a NAT gateway cannot be \
         disassociated either; another one can be added to it.",
        "Do other hosts behind the same gateway lose as well? In CloudWatch, ErrorPortAllocation \
         or PacketsDropCount of the gateway above 0 tells that it is out of ports, or sick.",
    ]);
    let vpc = values.vpc_id();
    plan.commands = vec![
        region(values),
        look(
            "Where does 0.0.0.0/0 of its subnet lead?",
            format!("aws ec2 describe-route-tables --filters Name=vpc-id,Values={vpc}"),
        ),
        look(
            "The NAT gateways of the VPC, their state and addresses.",
            format!("aws ec2 describe-nat-gateways --filter Name=vpc-id,Values={vpc}"),
        ),
    ];
    plan
}
