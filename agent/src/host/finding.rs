//! What the host's own counters say of an incident: one finding per diagnostic, as somebody would
//! make it by hand. Pure: what was counted goes in, findings come out.

mod interface;
mod protocol;
mod route;

use std::net::IpAddr;

use super::history::Window;
use crate::event::{CheckState, HostCheck, HostFinding};

/// Fewer packets lost on the host than this explain nothing; the detector's measure, as the next.
pub const EXPLAINING_LEAST: u64 = 3;
/// The host's losses must be at least this share of the retransmissions to explain them.
pub const EXPLAINING_SHARE: f64 = 0.2;

/// Whose incident it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// The local address.
    pub address: IpAddr,
    /// It is in the network namespace that the counters are of.
    pub own_namespace: bool,
}

/// Every diagnostic, over the incident (`during`) and in comparison with the time before it.
pub fn findings(during: &Window, before: &Window, subject: Subject) -> Vec<HostFinding> {
    let mut findings = interface::findings(during);
    findings.extend(route::findings(during, subject));
    findings.extend(protocol::findings(during, before));
    if !subject.own_namespace {
        for finding in &mut findings {
            if is_of_namespace(finding.check) {
                let reason = "the agent reads another network namespace than this address's";
                *finding = unknown(finding.check, reason);
            }
        }
    }
    findings
}

/// Whether a clean finding excludes a cause. The others are symptoms, of whatever cause.
pub fn excludes_a_cause(check: HostCheck) -> bool {
    !matches!(
        check,
        HostCheck::TcpRetransmissions
            | HostCheck::TcpTimeouts
            | HostCheck::LostRetransmits
            | HostCheck::FastRetransmits
            | HostCheck::SackRecoveryFailures
            | HostCheck::SpuriousTimeouts
            | HostCheck::HandshakeRetransmits
            | HostCheck::ConnectionsGivenUp
    )
}

/// Whether it is about one network namespace; devices serve all of them.
const fn is_of_namespace(check: HostCheck) -> bool {
    !matches!(
        check,
        HostCheck::NicDriverCounters
            | HostCheck::Allowances
            | HostCheck::ConntrackAllowance
            | HostCheck::DriverResets
            | HostCheck::InterfaceErrors
            | HostCheck::InterfaceDrops
            | HostCheck::Carrier
            | HostCheck::QueueDrops
            | HostCheck::Firewall
    )
}

/// A finding without a number of its own.
fn finding(
    check: HostCheck,
    state: CheckState,
    seconds: f64,
    value: String,
    meaning: &str,
) -> HostFinding {
    HostFinding {
        check,
        state,
        value,
        meaning: meaning.to_owned(),
        window_seconds: tenths(seconds),
        count: None,
        per_second: None,
        per_second_before: None,
    }
}

fn unknown(check: HostCheck, reason: &str) -> HostFinding {
    let meaning = "cannot be told";
    finding(check, CheckState::Unknown, 0.0, reason.to_owned(), meaning)
}

/// Whether so many packets are a fault: enough to explain the retransmissions.
fn weigh(packets: u64, during: &Window) -> CheckState {
    let retransmitted = during.sums.segments_retransmitted.unwrap_or_default() as f64;
    if packets == 0 {
        CheckState::Clean
    } else if packets >= EXPLAINING_LEAST && packets as f64 >= EXPLAINING_SHARE * retransmitted {
        CheckState::Fault
    } else {
        CheckState::Noteworthy
    }
}

/// Sum of what is known; nothing if nothing is.
fn sum(counts: impl IntoIterator<Item = Option<u64>>) -> Option<u64> {
    let known = counts.into_iter().flatten();
    known.reduce(u64::saturating_add)
}

/// A rate for sentences.
fn rate(per_second: f64) -> String {
    match per_second {
        rate if rate >= 10.0 => format!("{rate:.0}/s"),
        rate if rate >= 0.1 || rate == 0.0 => format!("{rate:.1}/s"),
        rate => format!("{rate:.3}/s"),
    }
}

/// Per second; nothing over no time.
fn per_second(count: u64, seconds: f64) -> Option<f64> {
    (seconds > 0.0).then(|| (count as f64 / seconds * 1e3).round() / 1e3)
}

fn tenths(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests;
