//! What came of it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::case::Case;
use crate::diagnosis::Diagnosis;
use crate::options::Options;
use crate::phase::Phase;
use crate::watch::{Look, Side, Watch};

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Summary {
    case: Case,
    loss_percent: u32,
    quick: bool,
    /// Packets that the gateway dropped.
    pub(crate) packets_lost: u64,
    begin: Instant,
    end: Option<Instant>,
    entered: [Option<Instant>; 4],
    /// By phase and side.
    pub(crate) looks: [[Look; 2]; 4],
    /// What was seen when.
    pub(crate) times: Times,
    /// What the agent found on the host.
    pub(crate) diagnosis: Option<Diagnosis>,
    /// Verdicts given.
    verdicts: Vec<String>,
    failure: Option<String>,
}

/// How long things took. From the onset of the loss, and from the fix.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) suspect: Option<Duration>,
    pub(crate) collapse: Option<Duration>,
    pub(crate) incident: Option<Duration>,
    pub(crate) recommendation: Option<Duration>,
    pub(crate) recovering: Option<Duration>,
    pub(crate) recovered: Option<Duration>,
    pub(crate) closed: Option<Duration>,
}

impl Summary {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            case: options.case,
            loss_percent: options.loss,
            quick: options.quick,
            packets_lost: 0,
            begin: Instant::now(),
            end: None,
            entered: [None; 4],
            looks: [[Look::default(); 2]; 4],
            times: Times::default(),
            diagnosis: None,
            verdicts: Vec::new(),
            failure: None,
        }
    }

    pub(crate) fn since_start(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.begin)
    }

    pub(crate) fn enter(&mut self, phase: Phase, at: Instant) {
        self.entered[phase as usize] = Some(at);
    }

    pub(crate) fn end(&mut self) {
        self.end = Some(Instant::now());
    }

    /// Length of a phase that was reached.
    pub(crate) fn length(&self, phase: Phase) -> Option<Duration> {
        let begin = self.entered[phase as usize]?;
        let next = self
            .entered
            .iter()
            .skip(phase.number())
            .flatten()
            .next()
            .copied();
        Some(next.or(self.end)?.saturating_duration_since(begin))
    }

    /// Takes over what the agent has said.
    pub(crate) fn conclude(&mut self, watch: &Watch) {
        for phase in Phase::ALL {
            self.looks[phase as usize] = Side::ALL.map(|side| watch.sum(phase, side));
        }
        let since = |phase: Phase, at: Option<Instant>| {
            Some(at?.saturating_duration_since(self.entered[phase as usize]?))
        };
        self.verdicts = watch.verdicts.iter().cloned().collect();
        let marks = &watch.marks;
        self.times = Times {
            suspect: since(Phase::Collapse, marks.suspect),
            collapse: since(Phase::Collapse, marks.collapse),
            incident: since(Phase::Collapse, marks.incident),
            recommendation: since(Phase::Collapse, marks.recommendation),
            recovering: since(Phase::Recovery, marks.recovering),
            recovered: since(Phase::Recovery, marks.recovered),
            closed: since(Phase::Recovery, marks.closed),
        };
        if let Some(wrong) = &watch.wrong {
            self.fail_if(true, wrong);
        }
        let all_reached = self.entered.iter().all(Option::is_some);
        self.fail_if(
            all_reached && marks.recovering.is_none(),
            "the incident was closed without a verdict `recovering`",
        );
    }

    /// Remembers the first failure.
    pub(crate) fn fail_if(&mut self, condition: bool, reason: &str) {
        if condition && self.failure.is_none() {
            self.failure = Some(reason.to_owned());
        }
    }

    /// Why it failed.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Whether all was seen that should be, in that order, and nothing else.
    pub(crate) fn passed(&self) -> bool {
        let seen = match self.case {
            Case::Collapse => self.times.recommendation.is_some() && self.times.recovered.is_some(),
            lookalike => self.verdicts.iter().any(|name| name == lookalike.verdict()),
        };
        self.failure.is_none() && seen
    }

    /// What it is if it is well.
    pub(crate) const fn success(&self) -> &'static str {
        match self.case {
            Case::Collapse => "detected, advised, recovered",
            _ => "told apart from a collapse, and no advice that touches an address",
        }
    }

    /// For machines.
    pub(crate) fn to_json(&self) -> Value {
        let seconds = |time: Option<Duration>| time.map(|time| rounded(time.as_secs_f64()));
        let phases: Vec<Value> = Phase::ALL
            .into_iter()
            .filter(|phase| self.entered[*phase as usize].is_some())
            .map(|phase| {
                let [public, private] = self.looks[phase as usize];
                json!({
                    "phase": phase.name(),
                    "seconds": seconds(self.length(phase)),
                    "public": look(&public),
                    "private": look(&private),
                })
            })
            .collect();
        json!({ "lab": {
            "passed": self.passed(),
            "reason": self.failure().unwrap_or(self.success()),
            "case": format!("{:?}", self.case).to_lowercase(),
            "verdicts": self.verdicts,
            "diagnosis": self.diagnosis.as_ref().map(Diagnosis::to_json),
            "quick": self.quick,
            "loss_percent": self.loss_percent,
            "packets_lost": self.packets_lost,
            "seconds_from_onset": {
                "public_suspect": seconds(self.times.suspect),
                "public_only_collapse": seconds(self.times.collapse),
                "incident": seconds(self.times.incident),
                "recommendation": seconds(self.times.recommendation),
            },
            "seconds_from_fix": {
                "recovering": seconds(self.times.recovering),
                "recovered": seconds(self.times.recovered),
                "closed": seconds(self.times.closed),
            },
            "phases": phases,
        }})
    }
}

fn look(look: &Look) -> Value {
    json!({
        "segments_delivered": look.delivered,
        "segments_retransmitted": look.retransmitted,
        "retransmit_ratio": look.ratio(),
        "snd_cwnd_p50": look.cwnd_p50,
        "snd_cwnd_min": look.cwnd_min,
    })
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}
