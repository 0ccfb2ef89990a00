//! What is told against what the kernel says: per flow, per path, per namespace.

use std::collections::BTreeMap;
use std::net::IpAddr;

use edgeghost_tests::agent::Ended;
use edgeghost_tests::event::Event;

use super::figures::{Figures, Id};
use super::kinds::{self, Kinds};
use super::{Account, Counted, Outcome};
use crate::totals;

/// All that was told of a flow.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    pub(super) figures: Figures,
    pub(super) kinds: Kinds,
    /// Retransmissions of the handshake that completed.
    pub(super) handshake: u64,
    /// Found in mid-life, as the samples say: what was before is a baseline, and not told.
    pub(super) found: bool,
}

/// What the kernel says of all connections between the same ends.
#[derive(Debug, Clone, Copy)]
struct Expected {
    figures: Figures,
    whole: bool,
    accepted: bool,
    /// Older than the agent.
    old: bool,
    /// Segments sent again that had no occasion to be told.
    seen_last: Option<u64>,
}

/// Every claim.
pub(super) fn all(outcome: &Outcome) {
    let told = by_flow(&outcome.recording);
    let expected = expected(&outcome.accounts);
    let lost = lost(&outcome.ended);
    outcome.ended.assert(
        again(outcome) > 0 && outcome.accounts.iter().any(|account| account.whole),
        "nothing to compare",
    );
    for (id, expected) in &expected {
        let told = told.get(id).copied().unwrap_or_default();
        check_flow(&outcome.ended, *id, expected, &told, lost);
    }
    for host in &outcome.hosts {
        let inode = host.inode;
        let flows: Vec<(&Id, &Told)> = told.iter().filter(|(id, _)| id.netns == inode).collect();
        let untold = untold(&flows, &expected);
        check_namespace(outcome, host, &flows, &expected, untold, lost);
        check_paths(outcome, inode, &flows);
    }
}

/// One line of what there was to compare.
pub(super) fn summary(outcome: &Outcome) -> String {
    let whole = outcome.accounts.iter().filter(|account| account.whole);
    format!(
        "{} ends of connections, {} of them to the last count; {} segments sent again by {} \
         hosts, {} of them said to have failed, {} by the kernel; {} runs left out",
        outcome.accounts.len(),
        whole.count(),
        again(outcome),
        outcome.hosts.len(),
        failed(outcome),
        outcome
            .hosts
            .iter()
            .map(count("TCPRetransFail"))
            .sum::<u64>(),
        missed(&outcome.ended)
    )
}

/// Runs of programs that the kernel left out, for an interrupt came in the midst of one: the
/// retransmission is then told with the next one of its flow, as one of its kind.
fn missed(ended: &Ended) -> u64 {
    let health = ended.named("agent_health").last();
    let missed = health.map_or(&[][..], |event| event.list("agent.programs_missed"));
    missed
        .iter()
        .filter_map(|missed| missed["runs"].as_u64())
        .sum()
}

/// Segments that all hosts together have sent again.
fn again(outcome: &Outcome) -> u64 {
    outcome.hosts.iter().map(count("RetransSegs")).sum()
}

/// Those of them that, as the agent says, never left their host.
fn failed(outcome: &Outcome) -> u64 {
    let failed = |host: &Counted| totals::failed(outcome.ended.last(), host.inode);
    outcome.hosts.iter().map(failed).sum()
}

fn count(name: &'static str) -> impl Fn(&Counted) -> u64 {
    move |host| host.counters.get(name)
}

/// Sums of the recording's samples.
fn by_flow(recording: &[Event]) -> BTreeMap<Id, Told> {
    let mut flows: BTreeMap<Id, Told> = BTreeMap::new();
    for sample in recording
        .iter()
        .filter(|event| event.name() == "flow_sample")
    {
        let told = flows.entry(Id::told(sample)).or_default();
        told.figures += Figures::told(sample, "tcp");
        told.kinds += Kinds::told(sample);
        told.handshake += sample.count("tcp.handshake_retransmitted");
        let established = sample.get("tcp.established") == true;
        told.found |= established && sample.get("tcp.age_ms").is_null();
    }
    flows
}

fn expected(accounts: &[Account]) -> BTreeMap<Id, Expected> {
    let mut all: BTreeMap<Id, Expected> = BTreeMap::new();
    for account in accounts {
        let expected = all.entry(account.id).or_insert(Expected {
            figures: Figures::default(),
            whole: true,
            accepted: account.accepted,
            old: account.old,
            seen_last: account.seen_last,
        });
        expected.figures += account.expected;
        expected.whole &= account.whole;
    }
    all
}

/// Records of flows that did not come through, by whatever name.
fn lost(ended: &Ended) -> u64 {
    totals::lost_total(ended.last(), "flow")
}

fn check_flow(ended: &Ended, id: Id, expected: &Expected, told: &Told, lost: u64) {
    let figures = expected.figures;
    let says = format!("{id:?}: told {told:?}, expected {expected:?}, {lost} records lost");
    // Programs that come and go at the same tracepoint can hide a flow's birth: the recording then
    // says that it was found.
    let exact = lost == 0 && (expected.old || !told.found);
    let fits = match (expected.whole, exact) {
        (true, true) => told.figures == figures,
        (false, true) => figures.at_most(told.figures),
        // What was lost is named; more than there was is told in no case.
        (true, false) => told.figures.at_most(figures),
        (false, false) => true,
    };
    ended.assert(fits, &says);
    // Each that was sent has its kind. Those of a SYN are the client's own, those of a SYN-ACK were
    // the listener's, and only the socket's count has them.
    let inherited = if expected.accepted { told.handshake } else { 0 };
    ended.assert(
        told.kinds.sum() + inherited <= told.figures.retransmitted,
        &format!("more kinds than segments: {says}"),
    );
}

/// Segments that open flows have sent again since they last told of any.
fn untold(flows: &[(&Id, &Told)], expected: &BTreeMap<Id, Expected>) -> u64 {
    let of = |(id, told): &(&Id, &Told)| {
        let last = expected.get(id)?.seen_last?;
        last.checked_sub(told.figures.retransmitted)
    };
    flows.iter().filter_map(of).sum()
}

fn check_namespace(
    outcome: &Outcome,
    host: &Counted,
    flows: &[(&Id, &Told)],
    expected: &BTreeMap<Id, Expected>,
    untold: u64,
    lost: u64,
) {
    let ended = &outcome.ended;
    let inode = host.inode;
    let segs = host.counters.get("RetransSegs");
    let (netns, syn_acks) = totals::of_netns(ended.last(), inode);
    let says = format!(
        "{}: RetransSegs {segs}, agent_stop {netns:?} and {syn_acks} SYN-ACKs",
        host.name
    );
    ended.assert(netns.segments + syn_acks == segs, &says);

    let accepted = |id: &Id| expected.get(id).is_some_and(|expected| expected.accepted);
    let inherited: u64 = flows
        .iter()
        .filter(|(id, _)| accepted(id))
        .map(|(_, told)| told.handshake)
        .sum();
    let again: u64 = flows
        .iter()
        .map(|(_, told)| told.figures.retransmitted)
        .sum();
    let says = format!(
        "{says}; flows {again}, of which {inherited} were SYN-ACKs, {untold} of open flows not \
         yet told, {lost} records lost: {flows:#?}"
    );
    ended.assert(
        lost > 0 || again - inherited + untold == netns.segments,
        &says,
    );
    let kinds: Kinds = flows.iter().map(|(_, told)| told.kinds).sum();
    let failed = totals::failed(ended.last(), inode);
    ended.assert(
        lost > 0 || again - inherited == kinds.sum() + failed,
        &format!(
            "kinds {kinds:?}, {failed} said to have failed, TCPRetransFail {}: {says}",
            host.counters.get("TCPRetransFail")
        ),
    );
    if lost == 0 {
        kinds::check(ended, host, kinds, syn_acks, untold);
    }
}

/// The windows of each path add up to its flows.
fn check_paths(outcome: &Outcome, inode: u64, flows: &[(&Id, &Told)]) {
    let mut by_address: BTreeMap<IpAddr, Figures> = BTreeMap::new();
    for (id, told) in flows {
        *by_address.entry(id.local).or_default() += told.figures;
    }
    for (local, of_flows) in by_address {
        let mut of_windows = Figures::default();
        let windows = outcome.ended.named("path_window");
        for window in windows
            .filter(|event| event.is_about("path_window", local))
            .filter(|event| event.count("path.netns") == inode)
        {
            of_windows += Figures::told(window, "path");
        }
        outcome.ended.assert(
            of_windows == of_flows,
            &format!("{local}: windows {of_windows:?}, flows {of_flows:?}"),
        );
    }
}
