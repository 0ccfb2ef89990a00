//! From a verdict to advice: which row of the decision table fits, and what it says.

mod cause;
mod commands;
mod elsewhere;
mod escalate;
mod local;
mod moves;
mod plan;
mod reassociate;
pub mod runbook;
mod situation;
mod table;
#[cfg(test)]
mod tests;

pub use cause::LocalCause;
pub use moves::moves;
pub use situation::{Others, Place, Situation};

use crate::ec2::Id;
use crate::event::{Finding, Remediation, RuledOut};
use commands::Values;

/// What goes along with an advice.
#[derive(Debug, Clone, Default)]
pub struct Particulars {
    /// The open incident.
    pub incident: Option<String>,
    /// Probability that the public path is at fault.
    pub confidence: f64,
    /// No second advice of this kind within this time, seconds.
    pub cooldown_s: u64,
    /// What speaks for it.
    pub evidence: Vec<Finding>,
    /// What speaks against other causes.
    pub ruled_out: Vec<RuledOut>,
}

/// What to do in a situation; nothing if it asks for nothing.
pub fn advise(situation: &Situation, particulars: Particulars) -> Option<Remediation> {
    let row = table::find(situation)?;
    let mut values = Values::new(&situation.target);
    let plan = (row.plan)(situation, &mut values);
    let touches = row.action.touches_address();
    // The script goes by the private address, which has to be the host's own.
    let scripted = touches && situation.place != Place::Elsewhere;
    let runbook = particulars
        .incident
        .filter(|id| scripted && Id::Incident.fits(id))
        .map(|id| format!("edgeghost runbook {id}"));
    Some(Remediation {
        action: row.action,
        touches_address: touches,
        situation: row.name.to_owned(),
        summary: plan.summary,
        hypothesis: plan.hypothesis,
        confidence: particulars.confidence,
        evidence: particulars.evidence,
        ruled_out: particulars.ruled_out,
        not_seen: plan.not_seen,
        blast_radius: plan.blast_radius,
        cost_if_wrong: plan.cost_if_wrong,
        target: situation.target.clone(),
        placeholders: values.into_missing(),
        run_from: plan.run_from,
        preconditions: plan.preconditions,
        commands: plan.commands,
        risks: plan.risks,
        rollback: plan.rollback,
        verification: plan.verification,
        runbook,
        automatic: false,
        cooldown_seconds: particulars.cooldown_s,
    })
}
