//! Recommendations.

use super::incident::{Incidents, id};
use super::sides::{evidence, ruled_out, sides};
use super::verdict::name;
use super::{Note, percent, round};
use crate::clock::Clock;
use crate::detect::{Assessment, Change, Detector, Finding, Raw};
use crate::event::{
    Event, IncidentRef, LocalOnly, Recommendation, Remediation, Severity, Target, Time,
};
use crate::flow::Local;
use crate::remedy::{Particulars, Situation, advise};

/// Metadata older than this could not be read again before advice, seconds.
const STALE_S: u64 = 10;

impl Incidents {
    /// Advice, the next step after it, or counsel on a verdict that is no collapse; nothing if the
    /// situation asks for nothing.
    pub(super) fn advice(
        &self,
        finding: &Finding,
        detector: &Detector,
        now_ns: u64,
        clock: Clock,
    ) -> Option<Note> {
        let Finding {
            local,
            ref assessment,
            change,
        } = *finding;
        let (verdict, escalation, onset_ns, since_ns) = match change {
            Change::Advise { onset_ns } => {
                (Raw::PublicOnlyCollapse, None, Some(onset_ns), onset_ns)
            }
            Change::Escalate { onset_ns, reason } => {
                let collapse = Raw::PublicOnlyCollapse;
                (collapse, Some(reason), Some(onset_ns), onset_ns)
            }
            Change::Counsel {
                verdict,
                since_ns,
                onset_ns,
            } => (verdict, None, onset_ns, since_ns),
            _ => return None,
        };
        let situation = Situation::of(
            local,
            (verdict, escalation),
            assessment,
            &self.context,
            detector.assessments(),
        )
        .with_worst(self.worst_peer(local));
        let incident = onset_ns.map(|onset_ns| id(local, onset_ns));
        let mut remediation = advise(
            &situation,
            Particulars {
                incident: incident.clone(),
                confidence: round(self.doubt(local) * assessment.confidence()),
                cooldown_s: self.cooldown_s,
                evidence: evidence(assessment),
                ruled_out: ruled_out(assessment),
            },
        )?;
        remediation.target.read_seconds_ago = self.context_age_s(now_ns);
        remediation.preconditions.extend(self.stale(now_ns));
        let since = match onset_ns {
            Some(onset_ns) => self.onset(local, onset_ns, clock),
            None => clock.wall(since_ns),
        };
        let lasted_s = now_ns.saturating_sub(since_ns) as f64 / 1e9;
        Some(Note {
            time: clock.wall(now_ns),
            severity: severity(verdict),
            message: self.message(local, assessment, verdict, (since, lasted_s), &remediation),
            event: Event::Recommendation(Box::new(Recommendation {
                network: LocalOnly::new(local.address),
                incident: incident.map(|id| IncidentRef { id }),
                remediation,
            })),
        })
    }

    /// For somebody who sees nothing but this line: who, what, since when, how sure, what first.
    fn message(
        &self,
        local: Local,
        assessment: &Assessment,
        verdict: Raw,
        (since, lasted_s): (Time, f64),
        remediation: &Remediation,
    ) -> String {
        let first = match &remediation.runbook {
            Some(runbook) => format!(
                " That it helps is a hypothesis. First step, not on this host: `{runbook}` prints \
                 the guarded steps; check, then run them."
            ),
            None if remediation.touches_address => {
                " That it helps is a hypothesis. First check the preconditions.".to_owned()
            }
            None => String::new(),
        };
        format!(
            "{}: {} on {} since {} ({lasted_s:.0} s): {}; the public path is at fault with a \
             probability of {}{}. {}{first}",
            self.who(&remediation.target),
            name(verdict).as_str(),
            whose(local, &remediation.target),
            second(since),
            sides(assessment),
            percent(remediation.confidence),
            self.elsewhere(local),
            remediation.summary,
        )
    }

    /// What to check first if the metadata could not be read again.
    fn stale(&self, now_ns: u64) -> Option<String> {
        let age = self.context_age_s(now_ns).filter(|age| *age > STALE_S)?;
        Some(format!(
            "The ids and addresses named here are still right: the instance metadata does not \
             answer, and they were read {age} s ago."
        ))
    }

    fn who(&self, target: &Target) -> String {
        match (&self.host_name, &target.instance_id) {
            (Some(name), Some(instance)) => format!("{name} ({instance})"),
            (Some(name), None) => name.clone(),
            (None, Some(instance)) => instance.clone(),
            (None, None) => "this host".to_owned(),
        }
    }
}

fn whose(local: Local, target: &Target) -> String {
    match target.public_ip {
        Some(public) => format!("{local} (public address {public})"),
        None => local.to_string(),
    }
}

/// To the second: nobody reads nanoseconds.
fn second(time: Time) -> String {
    let text = time.to_string();
    match text.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => text,
    }
}

/// A collapse wakes somebody up; a client's own trouble does not.
const fn severity(verdict: Raw) -> Severity {
    match verdict {
        Raw::PublicOnlyCollapse => Severity::Error,
        Raw::ClientSide | Raw::Healthy | Raw::InsufficientEvidence => Severity::Info,
        _ => Severity::Warn,
    }
}
