//! Incidents and recommendations.

use std::collections::HashMap;

use super::origin;
use super::sides::{evidence, ruled_out, side, sides};
use super::verdict::{name, verdict};
use super::{Note, percent, round};
use crate::clock::Clock;
use crate::detect::{Assessment, Change, Closing};
use crate::ec2::Context;
use crate::event::{
    Event, Incident, IncidentInfo, IncidentRef, IncidentState, LocalOnly, Recommendation, Severity,
    Target, Time, VerdictName, WorstPeer,
};
use crate::flow::{Local, PeerSums};
use crate::hash::fnv1a;
use crate::path::PathClass;
use crate::remedy::reassociate_elastic_ip;

const WORST_PEERS: usize = 5;

/// Metadata older than this could not be read again before advice, seconds.
const STALE_S: u64 = 10;

/// Turns the detector's findings into events, and remembers what an incident needs to be told
/// with.
pub struct Incidents {
    cooldown_s: u64,
    context: Context,
    worst_peers: HashMap<Local, Vec<WorstPeer>>,
    /// Onsets of the open incidents on the wall clock: told once, the same ever after, whatever
    /// the clock does meanwhile.
    onsets: HashMap<Local, Time>,
}

impl Incidents {
    /// Nothing told yet.
    pub fn new(cooldown_s: u64) -> Self {
        Self {
            cooldown_s,
            context: Context::default(),
            worst_peers: HashMap::new(),
            onsets: HashMap::new(),
        }
    }

    /// Remembers what is known of the host's addresses: advice names it.
    pub fn note_context(&mut self, context: &Context) {
        self.context = context.clone();
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

    /// The event of one finding.
    pub fn note(&mut self, finding: &crate::detect::Finding, now_ns: u64, clock: Clock) -> Note {
        let crate::detect::Finding {
            local,
            assessment,
            change,
        } = finding;
        let time = clock.wall(now_ns);
        match *change {
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
            Change::Closed { onset_ns, closing } => {
                let verdict = match closing {
                    Closing::Silence => VerdictName::InsufficientEvidence,
                    Closing::AfterAdvice | Closing::ByItself => VerdictName::Recovering,
                    Closing::OtherCause => name(assessment.raw),
                };
                let told = (IncidentState::Closed, verdict, Severity::Info);
                let mut note = self.incident(*local, assessment, told, onset_ns, now_ns, clock);
                self.onsets.remove(local);
                note.message.push_str(match closing {
                    Closing::Silence => "; nothing public moves any more to judge by",
                    Closing::AfterAdvice => "; advice had been given",
                    Closing::ByItself => "; it passed before anything was advised",
                    Closing::OtherCause => "; the host itself is at fault, not the address",
                });
                note
            }
            Change::Advise { onset_ns } => self.advice(*local, assessment, onset_ns, now_ns, clock),
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
            IncidentState::Updated => "goes on",
            IncidentState::Closed => "closed",
        };
        let message = format!(
            "incident {did} on {local}: {}; {duration:.0} s since its onset{}",
            sides(assessment),
            self.elsewhere(local),
        );
        let mut evidence = evidence(assessment);
        evidence.extend(origin::finding(&self.context, local));
        let event = Event::Incident(Box::new(Incident {
            network: LocalOnly::new(local.address),
            incident: IncidentInfo {
                netns: local.netns,
                id: id(local, onset_ns),
                state,
                verdict,
                onset: self
                    .onsets
                    .get(&local)
                    .copied()
                    .unwrap_or_else(|| clock.wall(onset_ns)),
                duration_seconds: round(duration),
                confidence: round(self.doubt(local) * assessment.confidence()),
                public: side(&assessment.public),
                private: side(&assessment.private),
                evidence,
                ruled_out: ruled_out(assessment),
                worst_peers: self.worst_peers.get(&local).cloned().unwrap_or_default(),
            },
        }));
        Note {
            time: clock.wall(now_ns),
            severity,
            message,
            event,
        }
    }

    /// What a confidence is multiplied by.
    fn doubt(&self, local: Local) -> f64 {
        origin::doubt(&self.context, local)
    }

    /// For the end of a sentence: that the address is on no interface, if it is not.
    fn elsewhere(&self, local: Local) -> &'static str {
        origin::words(&self.context, local)
    }

    /// Age of what the metadata said, seconds.
    fn context_age_s(&self, now_ns: u64) -> Option<u64> {
        let read_ns = self.context.read_ns?;
        Some(now_ns.saturating_sub(read_ns) / 1_000_000_000)
    }

    /// What to check first if the metadata could not be read again.
    fn stale(&self, now_ns: u64) -> Option<String> {
        let age = self.context_age_s(now_ns).filter(|age| *age > STALE_S)?;
        Some(format!(
            "The ids and addresses named here are still right: the instance metadata does not \
             answer, and they were read {age} s ago."
        ))
    }

    fn target(&self, local: Local, now_ns: u64) -> Target {
        let mapping = self.context.mapping(local);
        Target {
            private_ip: Some(local.address),
            public_ip: mapping.public_ip,
            allocation_id: mapping.allocation_id,
            association_id: mapping.association_id,
            network_interface_id: mapping.network_interface_id,
            instance_id: self.context.instance.id.clone(),
            region: self.context.instance.region.clone(),
            read_seconds_ago: self.context_age_s(now_ns),
        }
    }

    fn advice(
        &self,
        local: Local,
        assessment: &Assessment,
        onset_ns: u64,
        now_ns: u64,
        clock: Clock,
    ) -> Note {
        let target = self.target(local, now_ns);
        let confidence = round(self.doubt(local) * assessment.confidence());
        let mut remediation = reassociate_elastic_ip(target, confidence, self.cooldown_s);
        remediation.preconditions.extend(self.stale(now_ns));
        let message = format!(
            "{} Now its {}; confidence {}{}.",
            remediation.summary,
            sides(assessment),
            percent(confidence),
            self.elsewhere(local),
        );
        let event = Event::Recommendation(Box::new(Recommendation {
            network: LocalOnly::new(local.address),
            incident: IncidentRef {
                id: id(local, onset_ns),
            },
            remediation,
        }));
        Note {
            time: clock.wall(now_ns),
            severity: Severity::Error,
            message,
            event,
        }
    }
}

/// The same for the same address and onset, whoever computes it.
fn id(local: Local, onset_ns: u64) -> String {
    let text = format!("{local}/{}/{onset_ns}", local.netns);
    format!("eg-{:016x}", fnv1a(text.bytes()))
}

/// Whether a peer has something to do with a collapse of the public path.
fn is_worse(peer: &PeerSums) -> bool {
    peer.class != PathClass::Private && peer.sums.retransmitted > 0
}
