//! Compares what the agent says of a host with what is so.

use std::net::IpAddr;

use edgeghost_tests::event::Event;

use crate::judge::SETTLED;
use crate::table::{Advice, Scenario, Verdict, recovers};

/// What was said of one host, seconds after the start.
pub(super) struct Judge {
    pub(super) scenario: &'static Scenario,
    local: IpAddr,
    verdicts: Vec<(f64, Verdict)>,
    advice: Vec<f64>,
}

impl Judge {
    pub(super) const fn new(scenario: &'static Scenario, local: IpAddr) -> Self {
        Self {
            scenario,
            local,
            verdicts: Vec::new(),
            advice: Vec::new(),
        }
    }

    /// Takes in a line of the agent's.
    pub(super) fn take(&mut self, event: &Event, at: f64) {
        if event.is_about("verdict", self.local) {
            let verdict = Verdict::named(event.text("verdict.name"));
            self.verdicts.extend(verdict.map(|verdict| (at, verdict)));
        } else if event.is_advice() && event.is_about("recommendation", self.local) {
            self.advice.push(at);
        }
    }

    /// The verdict that stood longest, a minute into the fault and later.
    pub(super) fn verdict(&self) -> Verdict {
        let scenario = self.scenario;
        let (from, until) = (scenario.onset + SETTLED, scenario.end.min(scenario.length));
        let mut sums: Vec<(Verdict, f64)> = Vec::new();
        for (verdict, began, ended) in self.stretches() {
            let lasted = ended.min(until) - began.max(from);
            match sums.iter_mut().find(|(known, _)| *known == verdict) {
                _ if lasted <= 0.0 => {}
                Some((_, sum)) => *sum += lasted,
                None => sums.push((verdict, lasted)),
            }
        }
        let longest = sums.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        longest.map_or(Verdict::Insufficient, |(verdict, _)| *verdict)
    }

    /// Each verdict, when it began and when it ended.
    fn stretches(&self) -> impl Iterator<Item = (Verdict, f64, f64)> {
        let ends = self.verdicts.iter().skip(1).map(|(at, _)| *at);
        let ends = ends.chain([f64::INFINITY]);
        let pairs = self.verdicts.iter().zip(ends);
        pairs.map(|((began, verdict), ended)| (*verdict, *began, ended))
    }

    /// Seconds from the onset to the first moment in which a verdict like this stood, before the
    /// end.
    fn first(&self, wanted: impl Fn(Verdict) -> bool) -> Option<f64> {
        let scenario = self.scenario;
        let mut stretches = self.stretches().filter(|(verdict, ..)| wanted(*verdict));
        let found = stretches.find(|(_, _, ended)| *ended > scenario.onset);
        let at = found.map(|(_, began, _)| began.max(scenario.onset));
        at.filter(|at| *at < scenario.end)
            .map(|at| at - scenario.onset)
    }

    /// When doubt was first cast on the public path.
    pub(super) fn suspected(&self) -> Option<f64> {
        self.first(Verdict::suspects)
    }

    /// When the verdict was first right.
    pub(super) fn judged(&self) -> Option<f64> {
        self.first(|verdict| self.scenario.verdicts.contains(&verdict))
    }

    /// When advice was given, after the onset; less than 0 if before.
    pub(super) fn advised(&self) -> Option<f64> {
        self.advice.first().map(|at| at - self.scenario.onset)
    }

    /// When recovery was told, after the end; less than 0 if before.
    pub(super) fn recovering(&self) -> Option<f64> {
        let mut told = self.verdicts.iter();
        let (at, _) = told.find(|(_, verdict)| *verdict == Verdict::Recovering)?;
        Some(at - self.scenario.end)
    }

    /// What is not as it should be.
    pub(super) fn faults(&self) -> Vec<&'static str> {
        let scenario = self.scenario;
        let advised = self.advised();
        let due = match scenario.advice {
            Advice::Within(limit) => Some(limit),
            Advice::Never | Advice::Either => None,
        };
        let late = |limit| advised.is_none_or(|at| at > limit);
        let early = advised.is_some_and(|at| at < 0.0);
        let faults = [
            ("verdict", !scenario.verdicts.contains(&self.verdict())),
            (
                "FALSE ADVICE",
                early || scenario.advice == Advice::Never && advised.is_some(),
            ),
            ("no advice in time", due.is_some_and(late)),
            (
                "no recovery",
                recovers(scenario) && self.recovering().is_none(),
            ),
            (
                "recovery too soon",
                self.recovering().is_some_and(|at| at < 0.0),
            ),
        ];
        let faults = faults.into_iter().filter(|(_, is_so)| *is_so);
        faults.map(|(what, _)| what).collect()
    }

    pub(super) fn passed(&self) -> bool {
        self.faults().is_empty()
    }
}
