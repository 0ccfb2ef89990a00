//! What is told beside what is so.

use std::net::IpAddr;

use edgeghost::event::{Action, Event, IncidentState, Recommendation, VerdictName};

use crate::naive::RULES;
use crate::sim;
use crate::table::{Advice, Scenario, Verdict};

/// The verdict of a run is what stood longest from here on after the onset, seconds.
pub(crate) const SETTLED: f64 = 60.0;

/// A confidence as given, and whether the public path was at fault then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statement {
    pub(crate) confidence: f64,
    /// The verdict that it came with casts doubt on the public path.
    pub(crate) suspects: bool,
    /// What the verdict says was so.
    pub(crate) right: bool,
}

/// What came of a run. Times are seconds after the onset, or after the end for what recovers.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    pub(crate) verdict: Verdict,
    pub(crate) right: bool,
    pub(crate) suspected: Option<f64>,
    /// Any of the right verdicts was given; and that of a collapse.
    pub(crate) judged: Option<f64>,
    pub(crate) collapsed: Option<f64>,
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

/// Whether what a verdict says is so at that moment.
fn is_so(scenario: &Scenario, at: f64, now: Verdict) -> bool {
    let on = at >= scenario.onset && at < scenario.end;
    match now {
        Verdict::Suspect
        | Verdict::Partial
        | Verdict::Collapse
        | Verdict::NoControl
        | Verdict::Silent => scenario.is_at_fault(at),
        Verdict::Host | Verdict::Private | Verdict::Congestion => {
            on && scenario.verdicts.contains(&now)
        }
        // Nothing is wrong with the address, or with anything that all its peers share.
        Verdict::Insufficient | Verdict::Healthy | Verdict::Client | Verdict::Recovering => {
            let other = [Verdict::Host, Verdict::Private];
            let elsewhere = on && scenario.verdicts.iter().all(|v| other.contains(v));
            !scenario.is_at_fault(at) && !elsewhere
        }
    }
}

/// Compares what is told with what is so.
pub(crate) struct Judge<'a> {
    scenario: &'a Scenario,
    local: IpAddr,
    now: Verdict,
    seconds: Vec<(Verdict, u32)>,
    outcome: Outcome,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(scenario: &'a Scenario, seed: u64, samples: usize) -> Self {
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
                collapsed: None,
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

    /// An event as an operator would read it.
    pub(crate) fn note(&mut self, at: f64, event: &Event) {
        match event {
            Event::Verdict(event) if event.network.local.address == self.local => {
                self.told(at, named(event.verdict.name), event.verdict.confidence);
            }
            Event::Recommendation(event) if is_advice(event) => {
                self.advised(at, event.network.local.address);
            }
            Event::Incident(event)
                if event.network.local.address == self.local
                    && event.incident.state == IncidentState::Closed
                    && at >= self.scenario.end =>
            {
                let closed = &mut self.outcome.closed;
                closed.get_or_insert(at - self.scenario.end);
            }
            _ => {}
        }
    }

    fn told(&mut self, at: f64, now: Verdict, confidence: f64) {
        self.now = now;
        self.outcome.statements.push(Statement {
            confidence,
            suspects: now.suspects(),
            right: is_so(self.scenario, at, now),
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
            sim::local(group.local) == local && local != self.local && group.is_faulty()
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

    /// Which of the naive rules fired.
    pub(crate) fn note_naive(&mut self, at: f64, fired: [bool; RULES.len()]) {
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
    pub(crate) fn pass(&mut self, at: f64) {
        let scenario = self.scenario;
        let since = at - scenario.onset;
        if since < 0.0 || at >= scenario.end {
            return;
        }
        if self.now.suspects() {
            self.outcome.suspected.get_or_insert(since);
        }
        if self.now == Verdict::Collapse {
            self.outcome.collapsed.get_or_insert(since);
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

    pub(crate) fn outcome(mut self) -> Outcome {
        let longest = self.seconds.iter().max_by_key(|(_, seconds)| *seconds);
        if let Some((verdict, _)) = longest {
            self.outcome.verdict = *verdict;
        }
        self.outcome.right = self.scenario.verdicts.contains(&self.outcome.verdict);
        self.outcome
    }
}

/// Whether a recommendation is one that a collapse was waited for with: one that touches an
/// address, or would if it were not an IPv6 one. What else there is to say of a verdict counts for
/// nothing here.
pub(crate) fn is_advice(recommendation: &Recommendation) -> bool {
    let remediation = &recommendation.remediation;
    remediation.touches_address || remediation.action == Action::ReportIpv6Path
}

/// A published verdict by its name here.
pub(crate) const fn named(name: VerdictName) -> Verdict {
    match name {
        VerdictName::InsufficientEvidence => Verdict::Insufficient,
        VerdictName::Healthy => Verdict::Healthy,
        VerdictName::ClientSide => Verdict::Client,
        VerdictName::PublicSuspect => Verdict::Suspect,
        VerdictName::PublicPartial => Verdict::Partial,
        VerdictName::PublicSilent => Verdict::Silent,
        VerdictName::PublicOnlyCollapse => Verdict::Collapse,
        VerdictName::PublicDegradedNoControl => Verdict::NoControl,
        VerdictName::HostWide => Verdict::Host,
        VerdictName::PrivateOnly => Verdict::Private,
        VerdictName::LocalCongestion => Verdict::Congestion,
        VerdictName::Recovering => Verdict::Recovering,
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
