//! One scenario with one seed: samples through the detector, and what came of it.

use std::net::IpAddr;

use edgeghost::detect::{Assessment, Change, Detector, Finding, Params, Raw, Told};
use edgeghost::flow::FlowSample;
use edgeghost::host::HostSample;

use crate::naive::{Naive, RULES};
use crate::sim::{self, spread::Networks};
use crate::table::{Advice, Scenario, Verdict};

const SECOND: u64 = 1_000_000_000;

/// What `edgeghost run` uses if nothing is configured.
pub(crate) const PARAMS: Params = Params {
    confirm_ns: 60 * SECOND,
    hold_ns: 20 * SECOND,
    recovered_ns: 120 * SECOND,
    cooldown_ns: 1_800 * SECOND,
    settle_ns: 2 * SECOND,
};

/// The verdict of a run is what stood longest from here on after the onset, seconds.
const SETTLED: f64 = 60.0;

/// A confidence as given, and whether the public path was at fault then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statement {
    pub(crate) confidence: f64,
    /// The verdict that it came with casts doubt on the public path.
    pub(crate) suspects: bool,
    pub(crate) right: bool,
}

/// What came of a run. Times are seconds after the onset, or after the end for what recovers.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    pub(crate) verdict: Verdict,
    pub(crate) right: bool,
    pub(crate) suspected: Option<f64>,
    pub(crate) judged: Option<f64>,
    pub(crate) advised: Option<f64>,
    /// Advice that was false: on nothing, too early, or for another address.
    pub(crate) false_advice: u32,
    /// Advice that came only after the fault had ended; told apart, for the fault was real.
    pub(crate) stale: bool,
    pub(crate) recovering: Option<f64>,
    pub(crate) closed: Option<f64>,
    /// Recovery was told while the fault was there.
    pub(crate) hasty: bool,
    pub(crate) statements: Vec<Statement>,
    pub(crate) naive: [Option<f64>; RULES.len()],
    pub(crate) naive_early: [bool; RULES.len()],
    pub(crate) samples: usize,
}

/// What is shown of a tick, for whoever wants to see each.
pub(crate) struct Tick<'a> {
    pub(crate) at: f64,
    pub(crate) heard: &'a [FlowSample],
    pub(crate) detector: &'a Detector,
    pub(crate) findings: &'a [Finding],
}

/// Runs it.
pub(crate) fn run(
    scenario: &Scenario,
    (seed, networks): (u64, Networks),
    mut watch: impl FnMut(&Tick<'_>),
) -> Outcome {
    let samples = sim::samples(scenario, seed, networks);
    let mut detector = Detector::new(PARAMS);
    let mut naive = Naive::default();
    let mut judge = Judge::new(scenario, seed, samples.len());
    let mut rest = samples.as_slice();
    let mut at = 1.0;
    while at <= scenario.length {
        let now_ns = sim::nanos(at);
        let due = rest.partition_point(|sample| sample.time_ns <= now_ns);
        let (heard, later) = rest.split_at(due);
        rest = later;
        for sample in heard {
            detector.observe(sample);
            naive.observe(sample);
        }
        let findings = detector.tick(now_ns, &HostSample::default());
        for finding in &findings {
            judge.note(at, finding);
        }
        judge.note_naive(at, naive.tick(now_ns));
        judge.pass(at);
        watch(&Tick {
            at,
            heard,
            detector: &detector,
            findings: &findings,
        });
        at += 1.0;
    }
    judge.outcome()
}

/// Compares what is said with what is so.
struct Judge<'a> {
    scenario: &'a Scenario,
    local: IpAddr,
    now: Verdict,
    seconds: Vec<(Verdict, u32)>,
    outcome: Outcome,
}

impl<'a> Judge<'a> {
    fn new(scenario: &'a Scenario, seed: u64, samples: usize) -> Self {
        Self {
            scenario,
            local: sim::local(scenario.local),
            now: Verdict::Insufficient,
            seconds: Vec::new(),
            outcome: Outcome {
                seed,
                verdict: Verdict::Insufficient,
                right: false,
                suspected: None,
                judged: None,
                advised: None,
                false_advice: 0,
                stale: false,
                recovering: None,
                closed: None,
                hasty: false,
                statements: Vec::new(),
                naive: [None; RULES.len()],
                naive_early: [false; RULES.len()],
                samples,
            },
        }
    }

    fn note(&mut self, at: f64, finding: &Finding) {
        let here = finding.local.address == self.local;
        match finding.change {
            Change::Verdict { now, .. } if here => self.told(at, named(now), &finding.assessment),
            Change::Advise { .. } => self.advised(at, finding.local.address),
            Change::Closed { .. } if here && at >= self.scenario.end => {
                let closed = &mut self.outcome.closed;
                closed.get_or_insert(at - self.scenario.end);
            }
            _ => {}
        }
    }

    fn told(&mut self, at: f64, now: Verdict, assessment: &Assessment) {
        self.now = now;
        self.outcome.statements.push(Statement {
            confidence: assessment.confidence(),
            suspects: now.suspects(),
            right: self.scenario.is_at_fault(at),
        });
        if now == Verdict::Recovering {
            if at >= self.scenario.end {
                let recovering = &mut self.outcome.recovering;
                recovering.get_or_insert(at - self.scenario.end);
            } else {
                self.outcome.hasty = true;
            }
        }
    }

    fn advised(&mut self, at: f64, local: IpAddr) {
        let scenario = self.scenario;
        let other_is_bad = scenario.groups.iter().any(|group| {
            sim::local(group.local) == local && local != self.local && group.fault.is_some()
        });
        if local != self.local {
            self.outcome.false_advice += u32::from(!other_is_bad);
            return;
        }
        if scenario.advice == Advice::Never || at < scenario.onset {
            self.outcome.false_advice += 1;
        } else if at >= scenario.end {
            self.outcome.stale = true;
        } else {
            self.outcome.advised.get_or_insert(at - scenario.onset);
        }
    }

    fn note_naive(&mut self, at: f64, fired: [bool; RULES.len()]) {
        let since = at - self.scenario.onset;
        for (rule, fired) in fired.into_iter().enumerate() {
            if !fired {
                continue;
            }
            if since < 0.0 {
                self.outcome.naive_early[rule] = true;
            } else if at < self.scenario.end {
                self.outcome.naive[rule].get_or_insert(since);
            }
        }
    }

    /// A second is over.
    fn pass(&mut self, at: f64) {
        let scenario = self.scenario;
        let since = at - scenario.onset;
        if since < 0.0 || at >= scenario.end {
            return;
        }
        if self.now.suspects() {
            self.outcome.suspected.get_or_insert(since);
        }
        if scenario.verdicts.contains(&self.now) {
            self.outcome.judged.get_or_insert(since);
        }
        // What lasts less than a minute is judged from its beginning on.
        if since >= SETTLED.min((scenario.end - scenario.onset) / 2.0) {
            match self.seconds.iter_mut().find(|(v, _)| *v == self.now) {
                Some((_, seconds)) => *seconds += 1,
                None => self.seconds.push((self.now, 1)),
            }
        }
    }

    fn outcome(mut self) -> Outcome {
        let longest = self.seconds.iter().max_by_key(|(_, seconds)| *seconds);
        if let Some((verdict, _)) = longest {
            self.outcome.verdict = *verdict;
        }
        self.outcome.right = self.scenario.verdicts.contains(&self.outcome.verdict);
        self.outcome
    }
}

/// The detector's verdict by its name here.
pub(crate) fn named(told: Told) -> Verdict {
    match told {
        Told::Recovering => Verdict::Recovering,
        Told::Raw(raw) => match raw {
            Raw::InsufficientEvidence => Verdict::Insufficient,
            Raw::Healthy => Verdict::Healthy,
            Raw::ClientSide => Verdict::Client,
            Raw::PublicSuspect => Verdict::Suspect,
            Raw::PublicPartial => Verdict::Partial,
            Raw::PublicOnlyCollapse => Verdict::Collapse,
            Raw::PublicDegradedNoControl => Verdict::NoControl,
            Raw::HostWide => Verdict::Host,
            Raw::PublicSilent => Verdict::Silent,
            Raw::PrivateOnly => Verdict::Private,
            Raw::LocalCongestion => Verdict::Congestion,
        },
    }
}

/// Whether the advice of a run is as it should be.
pub(crate) fn is_expected(advice: Advice, outcome: &Outcome) -> bool {
    match advice {
        Advice::Within(limit) => outcome.advised.is_some_and(|at| at <= limit),
        Advice::Never => outcome.false_advice == 0,
        Advice::Either => true,
    }
}
