//! What the host itself has to say of an incident.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::{Note, firewall};
use crate::detect::{self, Change};
use crate::ec2::Context;
use crate::event::{
    CheckState, Event, Finding, HostCheck, HostEvidence, HostEvidenceInfo, HostFinding,
    IncidentInfo, IncidentRef, LocalOnly, RuledOut, Severity,
};
use crate::flow::{Local, PeerSums};
use crate::host::{History, HostSample, Subject, Window, excludes_a_cause, findings};
use crate::path::PathClass;

const SECOND: u64 = 1_000_000_000;
/// The time of an incident that is looked at: its last minutes.
const DURING_NS: u64 = 10 * 60 * SECOND;
/// The time before the onset that it is compared with.
const BEFORE_NS: u64 = 5 * 60 * SECOND;

/// Ways that are looked up at a time, at most.
const MOST_SUFFERERS: usize = 4;
/// A peer is remembered as one that suffers for so long.
const SUFFERED_NS: u64 = 5 * 60 * SECOND;

/// Findings in an incident's evidence, at most.
const MOST_EVIDENCE: usize = 16;

/// Remembers the host's last minutes, and testifies when an incident opens, changes or closes.
#[derive(Default)]
pub struct HostWitness {
    history: History,
    /// Addresses in the network namespace that the counters are of; empty if not known.
    own: Vec<Local>,
    sufferers: BTreeMap<Local, (IpAddr, u64)>,
    open: HashMap<Local, Open>,
}

/// Of an open incident.
struct Open {
    /// The host before its onset.
    before: Window,
    /// What was told last.
    told: Vec<(HostCheck, CheckState)>,
}

impl HostWitness {
    /// Takes in a tick.
    pub fn note(&mut self, now_ns: u64, host: &HostSample) {
        self.history.note(now_ns, host);
        self.sufferers
            .retain(|_, (_, at)| at.saturating_add(SUFFERED_NS) >= now_ns);
    }

    /// Takes in which addresses are the host's own.
    pub fn note_context(&mut self, context: &Context) {
        self.own = context.addresses.keys().copied().collect();
    }

    /// Takes in the peers of the window that just closed, worst first.
    pub fn note_peers(&mut self, peers: &[PeerSums], now_ns: u64) {
        let suffer =
            |peer: &&PeerSums| peer.class != PathClass::Private && peer.sums.retransmitted > 0;
        // The worst comes first, and must stay.
        for peer in peers.iter().filter(suffer).rev() {
            if self.is_own(peer.local) {
                self.sufferers.insert(peer.local, (peer.peer, now_ns));
            }
        }
    }

    /// Local address and peer of those that suffer most.
    pub fn sufferers(&self) -> Vec<(IpAddr, IpAddr)> {
        let ends = self.sufferers.iter();
        ends.map(|(local, (peer, _))| (local.address, *peer))
            .take(MOST_SUFFERERS)
            .collect()
    }

    /// Adds what the host has to say to an incident's event, and tells of it at length when the
    /// incident opens or closes, or something changed.
    pub fn testify(
        &mut self,
        finding: &detect::Finding,
        note: &mut Note,
        now_ns: u64,
    ) -> Option<Note> {
        let (onset_ns, closed) = match finding.change {
            Change::Opened { onset_ns } | Change::Updated { onset_ns } => (onset_ns, false),
            Change::Closed { onset_ns, .. } => (onset_ns, true),
            Change::Verdict { .. } | Change::Advise { .. } => return None,
        };
        let Event::Incident(incident) = &mut note.event else {
            return None;
        };
        let local = finding.local;
        let own_namespace = self.is_own(local);
        let from_ns = onset_ns.max(now_ns.saturating_sub(DURING_NS));
        let during = self.history.window(from_ns, now_ns);
        let history = &self.history;
        let open = self.open.entry(local).or_insert_with(|| Open {
            before: history.window(onset_ns.saturating_sub(BEFORE_NS), onset_ns),
            told: Vec::new(),
        });
        let subject = Subject {
            address: local.address,
            own_namespace,
        };
        let mut found = findings(&during, &open.before, subject);
        found.push(firewall::diagnostic(&finding.assessment));
        enter(&mut incident.incident, &found);
        let told: Vec<_> = found.iter().map(|f| (f.check, f.state)).collect();
        let changed = told != open.told;
        open.told = told;
        let before_seconds = open.before.seconds;
        if closed {
            self.open.remove(&local);
        } else if !changed {
            return None;
        }
        let times = (during.seconds, before_seconds);
        let (severity, message, event) = evidence(local, &incident.incident, found, times);
        Some(Note {
            time: note.time,
            severity,
            message,
            event,
        })
    }

    fn is_own(&self, local: Local) -> bool {
        self.own.is_empty() || self.own.contains(&local)
    }
}

/// Enters findings into an incident: what is clean excludes a cause, what is not is evidence.
fn enter(incident: &mut IncidentInfo, found: &[HostFinding]) {
    let said = |finding: &HostFinding| format!("{}: {}", finding.value, finding.meaning);
    for finding in found {
        let cause = finding.check.as_str();
        let clean = finding.state == CheckState::Clean && excludes_a_cause(finding.check);
        if clean && !incident.ruled_out.iter().any(|known| known.cause == cause) {
            incident.ruled_out.push(RuledOut {
                cause: cause.to_owned(),
                check: said(finding),
            });
        }
    }
    for state in [CheckState::Fault, CheckState::Noteworthy] {
        for finding in found.iter().filter(|finding| finding.state == state) {
            let signal = finding.check.as_str();
            let known = incident.evidence.iter().any(|known| known.signal == signal);
            if !known && incident.evidence.len() < MOST_EVIDENCE {
                incident.evidence.push(Finding {
                    signal: signal.to_owned(),
                    finding: said(finding),
                });
            }
        }
    }
}

fn evidence(
    local: Local,
    incident: &IncidentInfo,
    findings: Vec<HostFinding>,
    (window_seconds, before_seconds): (f64, f64),
) -> (Severity, String, Event) {
    let count = |state| {
        let of = findings.iter().filter(|finding| finding.state == state);
        u32::try_from(of.count()).unwrap_or(u32::MAX)
    };
    let (clean, faults) = (count(CheckState::Clean), count(CheckState::Fault));
    let (noteworthy, unknown) = (count(CheckState::Noteworthy), count(CheckState::Unknown));
    let at_fault: Vec<String> = findings
        .iter()
        .filter(|finding| finding.state == CheckState::Fault)
        .map(|finding| format!("{} ({})", finding.check.as_str(), finding.value))
        .collect();
    let (severity, verdict) = if faults == 0 {
        (Severity::Info, "nothing of the host's own".to_owned())
    } else {
        let which = at_fault.join("; ");
        (Severity::Warn, format!("the host itself shows {which}"))
    };
    let message = format!(
        "host evidence on {local}: {verdict}; of {} diagnostics {clean} are clean, {faults} found a \
         fault, {noteworthy} are worth a look, {unknown} could not be made",
        findings.len()
    );
    let tenths = |seconds: f64| (seconds * 10.0).round() / 10.0;
    let event = Event::HostEvidence(Box::new(HostEvidence {
        network: LocalOnly::new(local.address),
        incident: IncidentRef {
            id: incident.id.clone(),
        },
        host_evidence: HostEvidenceInfo {
            netns: local.netns,
            state: incident.state,
            window_seconds: tenths(window_seconds),
            before_seconds: tenths(before_seconds),
            clean,
            faults,
            noteworthy,
            unknown,
            findings,
        },
    }));
    (severity, message, event)
}
