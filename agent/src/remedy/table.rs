//! The decision table: which situation asks for what. The first row that fits wins.
//!
//! The order is the order of harm. First whatever makes the host itself the culprit; then verdicts
//! that are no collapse, of which none may touch an address; then, for a collapse, first all that
//! makes touching the address useless or forbidden, then what it must be done with in particular,
//! and last the plain case.
//!
//! What a host cannot know is no row of its own but a guard in the commands, with what to do if it
//! does not hold: an address that EC2 assigned by itself, one that a service manages, one that is
//! being transferred, one of your own range, a dual-stack host name, a load balancer in front, an
//! Auto Scaling group or a failover pair around.

use super::cause::LocalCause;
use super::commands::Values;
use super::plan::Plan;
use super::situation::{Place, Situation};
use super::{elsewhere, escalate, local, reassociate};
use crate::detect::Raw;
use crate::ec2::Source;
use crate::event::Action;

/// A situation, and what it asks for.
pub(super) struct Row {
    /// As published.
    pub(super) name: &'static str,
    /// All of it must hold.
    pub(super) when: &'static [fn(&Situation) -> bool],
    pub(super) action: Action,
    pub(super) plan: fn(&Situation, &mut Values<'_>) -> Plan,
}

/// In order of precedence.
pub(super) const ROWS: [Row; 26] = [
    // The host keeps its own packets.
    row(
        "interrupted",
        &[is_local, by_interruption],
        Action::FixLocalDriver,
        local::interrupted,
    ),
    row(
        "allowance_exceeded",
        &[is_local, by_allowance],
        Action::ReduceOrResize,
        local::allowance,
    ),
    row(
        "no_route",
        &[is_local, by_route],
        Action::FixLocalRoute,
        local::route,
    ),
    row(
        "filtered_locally",
        &[is_local, by_filter],
        Action::FixLocalFirewall,
        local::filter,
    ),
    row(
        "refused_locally",
        &[is_local, by_refusal],
        Action::FixLocalFirewall,
        local::firewall,
    ),
    row(
        "dropped_locally",
        &[is_local, by_drops],
        Action::FixLocalDriver,
        local::driver,
    ),
    row(
        "kept_locally",
        &[is_local],
        Action::FindLocalCause,
        local::unknown,
    ),
    // No collapse of the public path alone.
    row(
        "host_wide",
        &[is_host_wide],
        Action::FailOverOrReplace,
        escalate::host,
    ),
    row(
        "private_only",
        &[is_private],
        Action::CheckPrivatePath,
        elsewhere::private,
    ),
    row(
        "public_silent",
        &[is_silent],
        Action::CheckReachability,
        elsewhere::silent,
    ),
    row(
        "no_control_group",
        &[has_no_control],
        Action::ConfirmManually,
        elsewhere::no_control,
    ),
    row(
        "part_of_the_internet",
        &[is_partial],
        Action::ReportInternetPath,
        elsewhere::partial,
    ),
    row(
        "too_few_networks",
        &[is_suspect],
        Action::ConfirmManually,
        elsewhere::suspect,
    ),
    row(
        "somebodys_own_path",
        &[is_client],
        Action::ReportInternetPath,
        elsewhere::client,
    ),
    // A collapse, but nothing that the address could be blamed for, or nothing to touch.
    row(
        "ipv6",
        &[is_collapse, Situation::is_v6],
        Action::ReportIpv6Path,
        escalate::ipv6,
    ),
    row(
        "several_public_paths",
        &[is_collapse, Situation::others_are_bad],
        Action::ReportWiderFault,
        escalate::wider,
    ),
    row(
        "managed_by_others",
        &[is_collapse, is_managed],
        Action::LeaveManagedAddress,
        elsewhere::managed,
    ),
    row(
        "no_public_address",
        &[is_collapse, is_unmapped],
        Action::LookAtNatGateway,
        elsewhere::nat,
    ),
    row(
        "advised_before",
        &[is_collapse, is_escalated],
        Action::Escalate,
        escalate::repeated,
    ),
    // A collapse, and the address can be renewed.
    row(
        "behind_the_host",
        &[is_collapse, is_elsewhere],
        Action::FindAddressThenReassociate,
        reassociate::behind,
    ),
    row(
        "interface_unknown",
        &[is_collapse, is_unknown],
        Action::FindAddressThenReassociate,
        reassociate::unknown,
    ),
    row(
        "local_zone",
        &[is_collapse, is_in_local_zone],
        Action::ReassociateElasticIp,
        reassociate::local_zone,
    ),
    row(
        "one_of_several",
        &[is_collapse, has_well_others],
        Action::ReassociateElasticIp,
        reassociate::one_of_several,
    ),
    row(
        "secondary_address",
        &[is_collapse, Situation::is_secondary],
        Action::ReassociateElasticIp,
        reassociate::secondary,
    ),
    row(
        "several_interfaces",
        &[is_collapse, has_interfaces],
        Action::ReassociateElasticIp,
        reassociate::secondary,
    ),
    row(
        "elastic_ip",
        &[is_collapse],
        Action::ReassociateElasticIp,
        reassociate::plain,
    ),
];

const fn row(
    name: &'static str,
    when: &'static [fn(&Situation) -> bool],
    action: Action,
    plan: fn(&Situation, &mut Values<'_>) -> Plan,
) -> Row {
    Row {
        name,
        when,
        action,
        plan,
    }
}

/// The first row that fits; none if there is nothing to do.
pub(super) fn find(situation: &Situation) -> Option<&'static Row> {
    static TABLE: &[Row] = &ROWS;
    TABLE
        .iter()
        .find(|row| row.when.iter().all(|holds| holds(situation)))
}

fn is_local(s: &Situation) -> bool {
    s.verdict == Raw::LocalCongestion
}

fn by_interruption(s: &Situation) -> bool {
    s.cause == Some(LocalCause::Interrupted)
}

fn by_allowance(s: &Situation) -> bool {
    s.cause == Some(LocalCause::Allowance)
}

fn by_route(s: &Situation) -> bool {
    s.cause == Some(LocalCause::NoRoute)
}

fn by_filter(s: &Situation) -> bool {
    s.cause == Some(LocalCause::Filtered)
}

fn by_refusal(s: &Situation) -> bool {
    s.cause == Some(LocalCause::Refused)
}

fn by_drops(s: &Situation) -> bool {
    s.cause == Some(LocalCause::Dropped)
}

fn is_host_wide(s: &Situation) -> bool {
    s.verdict == Raw::HostWide
}

fn is_private(s: &Situation) -> bool {
    s.verdict == Raw::PrivateOnly
}

fn is_silent(s: &Situation) -> bool {
    s.verdict == Raw::PublicSilent
}

fn has_no_control(s: &Situation) -> bool {
    s.verdict == Raw::PublicDegradedNoControl
}

fn is_partial(s: &Situation) -> bool {
    s.verdict == Raw::PublicPartial
}

fn is_suspect(s: &Situation) -> bool {
    s.verdict == Raw::PublicSuspect
}

fn is_client(s: &Situation) -> bool {
    s.verdict == Raw::ClientSide
}

fn is_collapse(s: &Situation) -> bool {
    s.verdict == Raw::PublicOnlyCollapse
}

fn is_managed(s: &Situation) -> bool {
    s.managed
}

fn is_unmapped(s: &Situation) -> bool {
    s.place == Place::Unmapped
}

fn is_escalated(s: &Situation) -> bool {
    s.escalation.is_some()
}

fn is_elsewhere(s: &Situation) -> bool {
    s.place == Place::Elsewhere
}

fn is_unknown(s: &Situation) -> bool {
    s.target.network_interface_id.is_none()
        || (s.place == Place::Unknown && s.source != Source::Metadata)
}

fn is_in_local_zone(s: &Situation) -> bool {
    s.local_zone
}

fn has_well_others(s: &Situation) -> bool {
    s.elastic.well > 0
}

fn has_interfaces(s: &Situation) -> bool {
    s.interfaces > 1
}
