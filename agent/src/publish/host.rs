//! What the host itself has to say of an incident.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::{Note, firewall};
use crate::detect::{self, Change};
use crate::ec2::Context;
use crate::event::{
    CheckState, Event, Finding, HostCheck, HostEvidence, HostEvidenceInfo, HostFinding,
    IncidentInfo, IncidentRef, IncidentState, LocalOnly, RuledOut, Severity, Time,
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
    id: String,
    onset_ns: u64,
    /// The host before its onset.
    before: Window,
    /// What the packet filter did, when that was last judged.
    firewall: HostFinding,
    /// Interfaces and drivers have been read since the onset.
    read: bool,
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
            Change::Opened { onset_ns }
            | Change::Updated { onset_ns }
            | Change::NotRecovered { onset_ns, .. } => (onset_ns, false),
            Change::Closed { onset_ns, .. } => (onset_ns, true),
            Change::Verdict { .. }
            | Change::Advise { .. }
            | Change::Escalate { .. }
            | Change::Counsel { .. } => return None,
        };
        let Event::Incident(incident) = &mut note.event else {
            return None;
        };
        let (local, id) = (finding.local, incident.incident.id.clone());
        let mut open = self.open.remove(&local).unwrap_or_else(|| Open {
            before: self
                .history
                .window(onset_ns.saturating_sub(BEFORE_NS), onset_ns),
            firewall: firewall::diagnostic(&finding.assessment),
            id,
            onset_ns,
            read: false,
            told: Vec::new(),
        });
        open.firewall = firewall::diagnostic(&finding.assessment);
        let (found, seconds) = self.look(local, &mut open, now_ns);
        enter(&mut incident.incident, &found);
        let changed = open.hears(&found);
        let state = incident.incident.state;
        let told = (changed || closed).then(|| open.tell(local, state, found, seconds, note.time));
        if !closed {
            self.open.insert(local, open);
        }
        told
    }

    /// Tells of open incidents whose host could not be looked at yet when they opened.
    pub fn catch_up(&mut self, now_ns: u64, time: Time) -> Vec<Note> {
        let late = self.open.iter().filter(|(_, open)| !open.read);
        let mut late: Vec<Local> = late.map(|(local, _)| *local).collect();
        late.sort();
        let mut notes = Vec::new();
        for local in late {
            let Some(mut open) = self.open.remove(&local) else {
                continue;
            };
            let (found, seconds) = self.look(local, &mut open, now_ns);
            if open.read && open.hears(&found) {
                notes.push(open.tell(local, IncidentState::Updated, found, seconds, time));
            }
            self.open.insert(local, open);
        }
        notes
    }

    /// Makes every diagnostic over the incident so far; with the time looked at, seconds.
    fn look(&self, local: Local, open: &mut Open, now_ns: u64) -> (Vec<HostFinding>, f64) {
        let from_ns = open.onset_ns.max(now_ns.saturating_sub(DURING_NS));
        let during = self.history.window(from_ns, now_ns);
        let subject = Subject {
            address: local.address,
            own_namespace: self.is_own(local),
        };
        let mut found = findings(&during, &open.before, subject);
        found.push(open.firewall.clone());
        open.read |= during.detail_seconds > 0.0;
        (found, during.seconds)
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

impl Open {
    /// Whether any diagnostic comes to another conclusion than before.
    fn hears(&mut self, found: &[HostFinding]) -> bool {
        let told: Vec<_> = found.iter().map(|f| (f.check, f.state)).collect();
        let changed = told != self.told;
        self.told = told;
        changed
    }

    /// The event.
    fn tell(
        &self,
        local: Local,
        state: IncidentState,
        findings: Vec<HostFinding>,
        seconds: f64,
        time: Time,
    ) -> Note {
        let count = |state| {
            let of = findings.iter().filter(|finding| finding.state == state);
            u32::try_from(of.count()).unwrap_or(u32::MAX)
        };
        let tenths = |seconds: f64| (seconds * 10.0).round() / 10.0;
        let info = HostEvidenceInfo {
            netns: local.netns,
            state,
            window_seconds: tenths(seconds),
            before_seconds: tenths(self.before.seconds),
            clean: count(CheckState::Clean),
            faults: count(CheckState::Fault),
            noteworthy: count(CheckState::Noteworthy),
            unknown: count(CheckState::Unknown),
            findings,
        };
        let severity = match info.faults {
            0 => Severity::Info,
            _ => Severity::Warn,
        };
        Note {
            time,
            severity,
            message: in_words(local, &info),
            event: Event::HostEvidence(Box::new(HostEvidence {
                network: LocalOnly::new(local.address),
                incident: IncidentRef {
                    id: self.id.clone(),
                },
                host_evidence: info,
            })),
        }
    }
}

fn in_words(local: Local, info: &HostEvidenceInfo) -> String {
    let at_fault = info
        .findings
        .iter()
        .filter(|finding| finding.state == CheckState::Fault)
        .map(|finding| format!("{} ({})", finding.check.as_str(), finding.value));
    let at_fault: Vec<String> = at_fault.collect();
    let found = if at_fault.is_empty() {
        "no fault of its own".to_owned()
    } else {
        format!("at fault itself: {}", at_fault.join("; "))
    };
    format!(
        "host of {local}: {found}; of {} diagnostics {} are clean, {} found a fault, {} are worth \
         a look, {} could not be made",
        info.findings.len(),
        info.clean,
        info.faults,
        info.noteworthy,
        info.unknown
    )
}
