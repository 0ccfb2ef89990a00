//! Verdicts, incidents and recommendations.

use std::collections::HashMap;
use std::net::IpAddr;

use super::{Note, percent, round};
use crate::clock::Clock;
use crate::detect::{Assessment, Change, Closing, Judged, Raw, Told};
use crate::event::{
    Event, Finding, Incident, IncidentInfo, IncidentRef, IncidentState, LocalOnly, Recommendation,
    RuledOut, Severity, Side, Target, Verdict, VerdictInfo, VerdictName, WorstPeer,
};
use crate::flow::PeerSums;
use crate::hash::fnv1a;
use crate::remedy::reassociate_elastic_ip;

/// Worst peers named in an incident.
const WORST_PEERS: usize = 5;

/// Turns the detector's findings into events, and remembers what an incident needs to be told
/// with.
pub struct Incidents {
    cooldown_s: u64,
    worst_peers: HashMap<IpAddr, Vec<WorstPeer>>,
}

impl Incidents {
    /// Nothing told yet.
    pub fn new(cooldown_s: u64) -> Self {
        Self {
            cooldown_s,
            worst_peers: HashMap::new(),
        }
    }

    /// Remembers the worst peers of the window that just closed, worst first.
    pub fn note_peers(&mut self, peers: &[PeerSums]) {
        self.worst_peers.clear();
        for peer in peers {
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
    pub fn note(&self, finding: &crate::detect::Finding, now_ns: u64, clock: Clock) -> Note {
        let crate::detect::Finding {
            local,
            assessment,
            change,
        } = finding;
        let time = clock.wall(now_ns);
        match *change {
            Change::Verdict { previous, now } => verdict(*local, assessment, previous, now, time),
            Change::Opened { onset_ns } => {
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
                let told = (
                    IncidentState::Closed,
                    VerdictName::Recovering,
                    Severity::Info,
                );
                let mut note = self.incident(*local, assessment, told, onset_ns, now_ns, clock);
                note.message.push_str(match closing {
                    Closing::AfterAdvice => "; advice had been given",
                    Closing::ByItself => "; it passed before anything was advised",
                });
                note
            }
            Change::Advise { onset_ns } => self.advice(*local, assessment, onset_ns, now_ns, clock),
        }
    }

    fn incident(
        &self,
        local: IpAddr,
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
            "incident {did}: public path of {local} {}, {duration:.0} s since its onset",
            sides(assessment)
        );
        let event = Event::Incident(Box::new(Incident {
            network: LocalOnly::new(local),
            incident: IncidentInfo {
                id: id(local, onset_ns),
                state,
                verdict,
                onset: clock.wall(onset_ns),
                duration_seconds: round(duration),
                confidence: round(assessment.confidence()),
                public: side(&assessment.public),
                private: side(&assessment.private),
                evidence: evidence(assessment),
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

    fn advice(
        &self,
        local: IpAddr,
        assessment: &Assessment,
        onset_ns: u64,
        now_ns: u64,
        clock: Clock,
    ) -> Note {
        let target = Target {
            private_ip: Some(local),
            ..Target::default()
        };
        let confidence = round(assessment.confidence());
        let remediation = reassociate_elastic_ip(target, confidence, self.cooldown_s);
        let message = format!(
            "{} Public path of {local}: {}; confidence {}.",
            remediation.summary,
            sides(assessment),
            percent(confidence)
        );
        let event = Event::Recommendation(Box::new(Recommendation {
            network: LocalOnly::new(local),
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

fn verdict(
    local: IpAddr,
    assessment: &Assessment,
    previous: Option<Told>,
    now: Told,
    time: crate::event::Time,
) -> Note {
    let severity = match now {
        Told::Raw(Raw::PublicOnlyCollapse | Raw::HostWide) => Severity::Error,
        Told::Raw(
            Raw::PublicSuspect
            | Raw::PublicPartial
            | Raw::PublicDegradedNoControl
            | Raw::PrivateOnly,
        ) => Severity::Warn,
        _ => Severity::Info,
    };
    let name = told(now);
    let message = format!("{local} is {}: {}", name.as_str(), sides(assessment));
    let event = Event::Verdict(Box::new(Verdict {
        network: LocalOnly::new(local),
        verdict: VerdictInfo {
            name,
            previous: previous.map(told),
            confidence: round(assessment.confidence()),
            public: side(&assessment.public),
            private: side(&assessment.private),
            ruled_out: ruled_out(assessment),
        },
    }));
    Note {
        time,
        severity,
        message,
        event,
    }
}

const fn told(now: Told) -> VerdictName {
    match now {
        Told::Raw(raw) => name(raw),
        Told::Recovering => VerdictName::Recovering,
    }
}

const fn name(raw: Raw) -> VerdictName {
    match raw {
        Raw::InsufficientEvidence => VerdictName::InsufficientEvidence,
        Raw::Healthy => VerdictName::Healthy,
        Raw::ClientSide => VerdictName::ClientSide,
        Raw::PublicSuspect => VerdictName::PublicSuspect,
        Raw::PublicPartial => VerdictName::PublicPartial,
        Raw::PublicOnlyCollapse => VerdictName::PublicOnlyCollapse,
        Raw::PublicDegradedNoControl => VerdictName::PublicDegradedNoControl,
        Raw::HostWide => VerdictName::HostWide,
        Raw::PrivateOnly => VerdictName::PrivateOnly,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded counts >= 0"
)]
fn side(judged: &Judged) -> Side {
    Side {
        networks: judged.networks,
        networks_bad: judged.bad,
        networks_good: judged.good,
        segments_delivered: judged.delivered.round() as u64,
        segments_retransmitted: judged.retransmitted.round() as u64,
        retransmit_ratio: judged.ratio().map(round),
        snd_cwnd_p50: judged.cwnd_p50,
    }
}

/// Both sides in half a sentence.
fn sides(assessment: &Assessment) -> String {
    let one = |judged: &Judged| {
        let ratio = judged
            .ratio()
            .map_or_else(|| "no traffic".to_owned(), percent);
        let cwnd = judged
            .cwnd_p50
            .map_or_else(String::new, |cwnd| format!(", cwnd {cwnd}"));
        format!("{ratio}{cwnd}")
    };
    format!(
        "public {} on {} of {} network(s), private {}",
        one(&assessment.public),
        assessment.public.bad,
        assessment.public.networks,
        one(&assessment.private),
    )
}

fn evidence(assessment: &Assessment) -> Vec<Finding> {
    let Judged {
        networks,
        bad,
        good,
        retransmitted,
        delivered,
        cwnd_p50,
    } = assessment.public;
    let mut findings = vec![
        Finding {
            signal: "public_retransmit_ratio".to_owned(),
            finding: format!(
                "{retransmitted:.0} segments retransmitted for {delivered:.0} delivered"
            ),
        },
        Finding {
            signal: "public_networks".to_owned(),
            finding: format!("{bad} of {networks} independent networks bad, {good} good"),
        },
    ];
    if let Some(cwnd) = cwnd_p50 {
        findings.push(Finding {
            signal: "public_cwnd".to_owned(),
            finding: format!("median congestion window {cwnd} segments"),
        });
    }
    findings
}

fn ruled_out(assessment: &Assessment) -> Vec<RuledOut> {
    let mut ruled_out = Vec::new();
    if assessment.control {
        let Judged {
            retransmitted,
            delivered,
            ..
        } = assessment.private;
        ruled_out.push(RuledOut {
            cause: "host_and_vpc".to_owned(),
            check: format!(
                "private path in the same minutes: {retransmitted:.0} retransmitted for \
                 {delivered:.0} delivered; kernel, interface and VPC carry traffic well"
            ),
        });
    }
    if assessment.public.bad >= 3 {
        ruled_out.push(RuledOut {
            cause: "single_client_or_provider".to_owned(),
            check: format!(
                "{} independent networks are bad at once, {} are good",
                assessment.public.bad, assessment.public.good
            ),
        });
    }
    ruled_out
}

/// The same for the same address and onset, whoever computes it.
fn id(local: IpAddr, onset_ns: u64) -> String {
    let text = format!("{local}/{onset_ns}");
    format!("eg-{:016x}", fnv1a(text.bytes()))
}
