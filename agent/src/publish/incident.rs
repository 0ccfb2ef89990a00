//! Incidents and recommendations.

use std::collections::HashMap;
use std::net::IpAddr;

use super::origin;
use super::sides::{evidence, ruled_out, side, sides};
use super::verdict::{name, verdict};
use super::{Note, percent, round, sockets};
use crate::clock::Clock;
use crate::detect::{Assessment, Change, Closing, Detector, Repair};
use crate::ec2::Context;
use crate::event::{
    self, Event, Finding, Incident, IncidentInfo, IncidentState, LocalOnly, Outcome, Severity,
    SnapshotMoment, SocketSnapshot, Time, VerdictName, WorstPeer,
};
use crate::flow::{Local, PeerSums};
use crate::hash::fnv1a;
use crate::path::PathClass;

const WORST_PEERS: usize = 5;

/// Turns the detector's findings into events, and remembers what an incident needs to be told
/// with.
pub struct Incidents {
    pub(super) cooldown_s: u64,
    /// Who advises, as an operator knows the host.
    pub(super) host_name: Option<String>,
    pub(super) context: Context,
    worst_peers: HashMap<Local, Vec<WorstPeer>>,
    /// Onsets of the open incidents on the wall clock: told once, the same ever after, whatever
    /// the clock does meanwhile.
    onsets: HashMap<Local, Time>,
    /// What the sockets showed when the open incidents opened.
    sockets: HashMap<Local, Vec<Finding>>,
}

impl Incidents {
    /// Nothing told yet.
    pub fn new(cooldown_s: u64) -> Self {
        Self {
            cooldown_s,
            host_name: None,
            context: Context::default(),
            worst_peers: HashMap::new(),
            onsets: HashMap::new(),
            sockets: HashMap::new(),
        }
    }

    /// No second advice within this time from now on, seconds.
    pub const fn set_cooldown(&mut self, cooldown_s: u64) {
        self.cooldown_s = cooldown_s;
    }

    /// Remembers what is known of the host's addresses: advice names it.
    pub fn note_context(&mut self, context: &Context) {
        self.context = context.clone();
    }

    /// What is known of the host's addresses.
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// Remembers the host's name: advice that is read somewhere else says whose it is.
    pub fn note_host_name(&mut self, name: &str) {
        self.host_name = Some(name.to_owned());
    }

    /// Remembers the worst peers of the window that just closed, worst first.
    pub fn note_peers(&mut self, peers: &[PeerSums]) {
        self.worst_peers.clear();
        for peer in peers.iter().filter(|peer| is_worse(peer)) {
            let worst = self.worst_peers.entry(peer.local).or_default();
            if worst.len() < WORST_PEERS {
                worst.push(WorstPeer {
                    address: peer.peer,
                    class: peer.class,
                    segments_retransmitted: peer.sums.retransmitted,
                    segments_delivered: peer.sums.delivered,
                    snd_cwnd_min: peer.cwnd_min,
                });
            }
        }
    }

    /// Remembers what the sockets of an address showed when its incident opened.
    pub fn note_sockets(&mut self, snapshot: &SocketSnapshot) {
        let local = Local {
            address: snapshot.network.local.address,
            netns: snapshot.sockets.netns,
        };
        if snapshot.sockets.moment == SnapshotMoment::Opened && self.onsets.contains_key(&local) {
            self.sockets.insert(local, sockets::evidence(snapshot));
        }
    }

    /// The event of one finding, if there is something to say.
    pub fn note(
        &mut self,
        finding: &crate::detect::Finding,
        detector: &Detector,
        now_ns: u64,
        clock: Clock,
    ) -> Option<Note> {
        let crate::detect::Finding {
            local,
            assessment,
            change,
        } = finding;
        let time = clock.wall(now_ns);
        Some(match *change {
            Change::Verdict { previous, now } => {
                let mut note = verdict(*local, assessment, previous, now, time);
                origin::doubt_verdict(&self.context, *local, &mut note);
                note
            }
            Change::Opened { onset_ns } => {
                self.onsets.insert(*local, clock.wall(onset_ns));
                let severity = Severity::Error;
                let told = (
                    IncidentState::Opened,
                    VerdictName::PublicOnlyCollapse,
                    severity,
                );
                self.incident(*local, assessment, told, onset_ns, now_ns, clock)
            }
            Change::Updated { onset_ns } => {
                let told = (IncidentState::Updated, name(assessment.raw), Severity::Warn);
                self.incident(*local, assessment, told, onset_ns, now_ns, clock)
            }
            Change::NotRecovered { onset_ns, repair } => {
                let told = (
                    IncidentState::Updated,
                    name(assessment.raw),
                    Severity::Error,
                );
                let note = self.incident(*local, assessment, told, onset_ns, now_ns, clock);
                with_outcome(note, Outcome::NotRecovered, repair, now_ns)
            }
            Change::Closed {
                onset_ns,
                closing,
                repair,
            } => self.closed(finding, (onset_ns, closing, repair), now_ns, clock),
            Change::Advise { .. } | Change::Escalate { .. } | Change::Counsel { .. } => {
                return self.advice(finding, detector, now_ns, clock);
            }
        })
    }

    fn closed(
        &mut self,
        finding: &crate::detect::Finding,
        (onset_ns, closing, repair): (u64, Closing, Option<Repair>),
        now_ns: u64,
        clock: Clock,
    ) -> Note {
        let (local, assessment) = (finding.local, &finding.assessment);
        let verdict = match closing {
            Closing::Silence => VerdictName::InsufficientEvidence,
            Closing::AfterAdvice | Closing::ByItself => VerdictName::Recovering,
            Closing::OtherCause => name(assessment.raw),
        };
        let told = (IncidentState::Closed, verdict, Severity::Info);
        let mut note = self.incident(local, assessment, told, onset_ns, now_ns, clock);
        self.onsets.remove(&local);
        self.sockets.remove(&local);
        note.message.push_str(match closing {
            Closing::Silence => "; nothing public moves any more to judge by",
            Closing::AfterAdvice => "; advice had been given",
            Closing::ByItself => "; it passed before anything was advised",
            Closing::OtherCause => "; the host itself is at fault, not the address",
        });
        match repair {
            Some(repair) => with_outcome(note, Outcome::Recovered, repair, now_ns),
            None => note,
        }
    }

    fn incident(
        &self,
        local: Local,
        assessment: &Assessment,
        (state, verdict, severity): (IncidentState, VerdictName, Severity),
        onset_ns: u64,
        now_ns: u64,
        clock: Clock,
    ) -> Note {
        let duration = now_ns.saturating_sub(onset_ns) as f64 / 1e9;
        let did = match state {
            IncidentState::Opened => "opened",
            IncidentState::Updated => "continues",
            IncidentState::Closed => "closed",
        };
        let message = format!(
            "incident {did} on {local}: {}; {duration:.0} s since its onset{}",
            sides(assessment),
            self.elsewhere(local),
        );
        let mut evidence = evidence(assessment);
        evidence.extend(self.sockets.get(&local).into_iter().flatten().cloned());
        evidence.extend(origin::finding(&self.context, local));
        let event = Event::Incident(Box::new(Incident {
            network: LocalOnly::new(local.address),
            incident: IncidentInfo {
                netns: local.netns,
                id: id(local, onset_ns),
                state,
                verdict,
                onset: self.onset(local, onset_ns, clock),
                duration_seconds: round(duration),
                confidence: round(self.doubt(local) * assessment.confidence()),
                public: side(&assessment.public),
                private: side(&assessment.private),
                evidence,
                ruled_out: ruled_out(assessment),
                worst_peers: self.worst_peers.get(&local).cloned().unwrap_or_default(),
                outcome: None,
                repair: None,
            },
        }));
        Note {
            time: clock.wall(now_ns),
            severity,
            message,
            event,
        }
    }

    /// The onset of an open incident as it was first told.
    pub(super) fn onset(&self, local: Local, onset_ns: u64, clock: Clock) -> Time {
        let told = self.onsets.get(&local).copied();
        told.unwrap_or_else(|| clock.wall(onset_ns))
    }

    /// The public peer that suffers most.
    pub(super) fn worst_peer(&self, local: Local) -> Option<IpAddr> {
        let worst = self.worst_peers.get(&local)?.first()?;
        Some(worst.address)
    }

    /// What a confidence is multiplied by.
    pub(super) fn doubt(&self, local: Local) -> f64 {
        origin::doubt(&self.context, local)
    }

    /// For the end of a sentence: that the address is on no interface, if it is not.
    pub(super) fn elsewhere(&self, local: Local) -> &'static str {
        origin::words(&self.context, local)
    }

    /// Age of what the metadata said, seconds.
    pub(super) fn context_age_s(&self, now_ns: u64) -> Option<u64> {
        let read_ns = self.context.read_ns?;
        Some(now_ns.saturating_sub(read_ns) / 1_000_000_000)
    }
}

/// An incident's event with what came of it.
fn with_outcome(mut note: Note, outcome: Outcome, repair: Repair, now_ns: u64) -> Note {
    let Repair {
        changed_ns,
        before,
        after,
    } = repair;
    let since = changed_ns.map(|at| now_ns.saturating_sub(at) as f64 / 1e9);
    let share = |ratio: Option<f64>| ratio.map_or_else(|| "unknown".to_owned(), percent);
    let figures = format!(
        "{} sent again at worst, {} now",
        share(before),
        share(after)
    );
    let sentence = match (outcome, since) {
        (Outcome::Recovered, Some(since)) => {
            format!("; recovered: {figures}, {since:.0} s after the mapping of the address changed")
        }
        (Outcome::Recovered, None) => format!(
            "; recovered: {figures}; the mapping of the address was not seen to change, so what \
             helped is not known"
        ),
        (Outcome::NotRecovered, since) => format!(
            "; not recovered: {figures}, {:.0} s after the address was mapped anew",
            since.unwrap_or_default()
        ),
    };
    note.message.push_str(&sentence);
    if let Event::Incident(event) = &mut note.event {
        event.incident.outcome = Some(outcome);
        event.incident.repair = Some(event::Repair {
            mapping_changed: since.is_some(),
            seconds_since_change: since.map(round),
            retransmit_ratio_before: before.map(round),
            retransmit_ratio_after: after.map(round),
        });
    }
    note
}

/// The same for the same address and onset, whoever computes it.
pub(super) fn id(local: Local, onset_ns: u64) -> String {
    let text = format!("{local}/{}/{onset_ns}", local.netns);
    format!("eg-{:016x}", fnv1a(text.bytes()))
}

/// Whether a peer has something to do with a collapse of the public path.
fn is_worse(peer: &PeerSums) -> bool {
    peer.class != PathClass::Private && peer.sums.retransmitted > 0
}
