//! Disassociating the Elastic IP and associating it again with the same interface.
//!
//! Why both: `associate-address` is idempotent, so repeating it for the same target may change
//! nothing (EC2 API reference, `AssociateAddress`); the disassociation is what makes EC2 build
//! the mapping anew.

use super::commands::{Values, change, find_interface, look, region};
use super::plan::{BEYOND, HEALTH, Plan, texts};
use super::situation::Situation;
use crate::ec2::Id;
use crate::event::Command;

/// One Elastic IP on the primary address of the only interface.
pub(super) fn plain(situation: &Situation, values: &mut Values<'_>) -> Plan {
    let which = situation.target.public_ip.map_or_else(
        || "its public address".to_owned(),
        |address| format!("Elastic IP {address}"),
    );
    let whose = whose(situation);
    Plan {
        summary: format!(
            "Disassociate {which} from {whose} and associate it again with the same interface and \
             private address."
        ),
        hypothesis: "What translates between the public and the private address at the edge of \
                     the VPC loses packets, and is set up anew when the address is associated \
                     again. AWS documents no such fault; an outage that this ended within a minute \
                     is on record. The confidence is that the public path of this address is at \
                     fault, not that this step helps: a fault further out looks the same from here."
            .to_owned(),
        not_seen: not_seen(situation),
        blast_radius: blast_radius(situation),
        cost_if_wrong:
            "Some seconds to about a minute without public IPv4 traffic on this address, \
                        for nothing. If the last step fails it lasts until somebody repeats it. \
                        Nothing is lost for good as long as it is an Elastic IP of yours."
                .to_owned(),
        run_from: run_from(situation),
        preconditions: preconditions(),
        commands: commands(values),
        rollback: vec![change(
            "Bring the address back: repeat until it succeeds.",
            associate(values, ""),
        )],
        risks: risks(situation),
        verification: texts(&[
            "From outside: ping or mtr to the address; loss is gone.",
            "On the host: `ss -ti` of new public connections; cwnd at 10 or more, no \
             retransmissions.",
            "In this stream: edgeghost keeps watching the address. `incident.outcome` says \
             `recovered` when it stays well, `not_recovered` when it is as bad two minutes after \
             the mapping came back; then comes the next step, not this one again.",
        ]),
    }
}

/// An address that is not the primary one of the only interface.
pub(super) fn secondary(situation: &Situation, values: &mut Values<'_>) -> Plan {
    let mut plan = plain(situation, values);
    plan.preconditions.insert(
        0,
        "There are several interfaces or addresses: name interface and private address in every \
         command, as below. By instance id alone EC2 refuses, or takes the primary address."
            .to_owned(),
    );
    plan
}

/// One of several Elastic IPs, and others are well.
pub(super) fn one_of_several(situation: &Situation, values: &mut Values<'_>) -> Plan {
    let mut plan = secondary(situation, values);
    let well = situation.elastic.well;
    plan.preconditions.insert(
        0,
        format!(
            "{well} other public address(es) of this host are well: leave them alone. Check twice \
             that the address below is the bad one."
        ),
    );
    plan
}

/// In a Local Zone or a Wavelength Zone.
pub(super) fn local_zone(situation: &Situation, values: &mut Values<'_>) -> Plan {
    let mut plan = secondary(situation, values);
    plan.preconditions.insert(
        0,
        "The instance is in a Local Zone or a Wavelength Zone: its address belongs to that \
         NetworkBorderGroup and can be associated nowhere else. In Wavelength it is a carrier IP."
            .to_owned(),
    );
    plan
}

/// Nothing tells which interface has the address.
pub(super) fn unknown(situation: &Situation, values: &mut Values<'_>) -> Plan {
    let mut plan = plain(situation, values);
    plan.summary = format!(
        "Find the Elastic IP of {}; disassociate it and associate it again with the same interface \
         and private address.",
        whose(situation)
    );
    plan.not_seen.insert(
        0,
        "The instance metadata did not tell which interface and which public address this is: the \
         first commands find out, and what they find has to be this host's."
            .to_owned(),
    );
    plan
}

/// On no interface of the instance.
pub(super) fn behind(situation: &Situation, values: &mut Values<'_>) -> Plan {
    let mut plan = unknown(situation, values);
    plan.not_seen.insert(
        0,
        "The local address is on no interface of the instance, as a container's behind the host's \
         own address translation: which address of the host it leaves by is not known here (see \
         `nft list ruleset` or `iptables -t nat -S`). Use that one as private address."
            .to_owned(),
    );
    let private_ip = values.find("PRIVATE_IP");
    let own = situation
        .target
        .private_ip
        .map(|address| address.to_string());
    for command in plan.commands.iter_mut().chain(&mut plan.rollback) {
        if let Some(own) = &own {
            command.command = command.command.replace(own, &private_ip);
        }
    }
    plan
}

fn whose(situation: &Situation) -> String {
    situation.target.private_ip.map_or_else(
        || "this host".to_owned(),
        |address| format!("local address {address}"),
    )
}

fn commands(values: &mut Values<'_>) -> Vec<Command> {
    let mut commands = vec![region(values), find_interface(values), find_address(values)];
    let allocation = values.allocation_id();
    let association = values.association_id();
    commands.extend([
        look(
            "Is it being handed to another account? Expect an empty list: while a transfer is \
             pending, stop.",
            format!("aws ec2 describe-address-transfers --allocation-ids {allocation}"),
        ),
        look(
            "May you disassociate? Expect the text DryRunOperation, whatever the exit code.",
            format!("aws ec2 disassociate-address --association-id {association} --dry-run"),
        ),
        look(
            "May you associate? Expect the text DryRunOperation.",
            associate(values, " --dry-run"),
        ),
        change(
            "Take the mapping down. Public traffic stops here.",
            format!("aws ec2 disassociate-address --association-id {association}"),
        ),
        change(
            "Make the mapping anew. Public traffic resumes. Resource.AlreadyAssociated is success \
             if the holder is the interface and private address named here, else stop.",
            associate(values, ""),
        ),
        look(
            "See the new association: AssociationId has changed.",
            format!("aws ec2 describe-addresses --filters Name=allocation-id,Values={allocation}"),
        ),
    ]);
    commands
}

/// By filters: of what is not there they give an empty list, where `--public-ips` is an error.
fn find_address(values: &mut Values<'_>) -> Command {
    let mut filters = vec![
        format!(
            "Name=network-interface-id,Values={}",
            values.network_interface_id()
        ),
        format!("Name=private-ip-address,Values={}", values.private_ip()),
    ];
    if values.knows_public_ip() {
        filters.push(format!("Name=public-ip,Values={}", values.public_ip()));
    }
    look(
        "Find the Elastic IP. Expect exactly one; note AllocationId and AssociationId. An empty \
         answer means an auto-assigned address, which would be lost for good: stop; to get \
         another, see the option --associate-public-ip-address of \
         modify-network-interface-attribute, or allocate an Elastic IP. ServiceManaged there: \
         stop, a service owns it. PublicIpv4Pool other than `amazon`: your own range, see \
         describe-byoip-cidrs first. NetworkBorderGroup other than the region: a Local Zone, go on \
         within it alone.",
        format!("aws ec2 describe-addresses --filters {}", filters.join(" ")),
    )
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

fn run_from(situation: &Situation) -> String {
    let domain = match situation.target.partition.as_deref() {
        Some("aws-cn") => "amazonaws.com.cn",
        _ => "amazonaws.com",
    };
    let region = Id::Region.checked(situation.target.region.as_deref());
    let region = region.as_deref().unwrap_or("REGION");
    format!(
        "A workstation, CloudShell or another host. Not this host: after the disassociation it may \
         have no way to the EC2 API, and could not associate. Only if `getent hosts \
         ec2.{region}.{domain}` answers with an address inside the VPC (an interface endpoint) can \
         it be done from here, best with nohup."
    )
}

fn preconditions() -> Vec<String> {
    texts(&[
        "The address is an Elastic IP of this account, not an auto-assigned public address: that \
         one would be lost for good.",
        "It is not managed by a service (ServiceManaged is absent, the interface is not \
         RequesterManaged), and no address transfer is pending.",
        "The interface and private address it maps to are those named here.",
        "You are not logged in to this host through this address.",
        "The clients reach the host through this address itself, not through a load balancer, \
         Global Accelerator or CDN: then look at its target health instead.",
        "No Auto Scaling group, failover pair or other controller owns the address: rather let it \
         fail over or replace the instance; both at once fight for the address.",
        "A second look from another network also shows loss (for example mtr from outside): the \
         fault may lie beyond AWS, and then this does not help.",
        "AWS Health reports nothing for the region and zone that explains it.",
    ])
}

fn not_seen(situation: &Situation) -> Vec<String> {
    let mut list = texts(&[
        "Whether the public address is an Elastic IP of yours, auto-assigned, managed by a service \
         or being transferred: the commands find out.",
        BEYOND,
        HEALTH,
    ]);
    if situation.ipv6.well + situation.elastic.well == 0 {
        list.push(
            "No second public path of this host (IPv6, another Elastic IP) carries enough traffic \
             to compare with."
                .to_owned(),
        );
    }
    list
}

fn blast_radius(situation: &Situation) -> String {
    let address = situation
        .target
        .private_ip
        .map_or_else(|| "this address".to_owned(), |address| address.to_string());
    format!(
        "All public IPv4 traffic of {address} (peers on {} networks were seen lately). Private \
         traffic, IPv6 and other addresses of the host go on.",
        situation.public.networks
    )
}

fn risks(situation: &Situation) -> Vec<String> {
    let mut risks = texts(&[
        "All public IPv4 traffic of this address stops between the two calls, 10 to 60 s with the \
         checks; existing connections may drop, health checks may fail.",
    ]);
    risks.push(if situation.is_secondary() || situation.interfaces > 1 {
        "Meanwhile there is no public address in its place.".to_owned()
    } else {
        "Meanwhile the instance may get another public address, or none: what it sends may come \
         from an address that nobody has on a list."
            .to_owned()
    });
    risks.extend(texts(&[
        "The association id changes: infrastructure code that tracks it will show a difference.",
        "Frequent remaps may be charged.",
        "Whether it helps is a hypothesis: one host cannot tell a broken address mapping from a \
         fault of the regional edge or of transit.",
    ]));
    risks
}
