//! From single runs to figures.

use std::collections::BTreeMap;

use crate::judge::{Outcome, Statement, is_expected};
use crate::naive::RULES;
use crate::table::{Advice, Scenario, Verdict};

/// Times of many runs, seconds.
#[derive(Debug, Default, Clone)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    pub(crate) fn of(times: impl Iterator<Item = f64>) -> Self {
        let mut times: Vec<f64> = times.collect();
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    /// The time that this share of them does not exceed (nearest rank).
    pub(crate) fn quantile(&self, share: f64) -> Option<f64> {
        let rank = libm::ceil(share * self.0.len() as f64).max(1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least one, and at most the number of runs"
        )]
        let rank = rank as usize;
        self.0.get(rank - 1).copied()
    }

    pub(crate) fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }

    pub(crate) fn most(&self) -> Option<f64> {
        self.0.last().copied()
    }
}

/// A scenario and its runs.
#[derive(Debug)]
pub(crate) struct Result {
    pub(crate) scenario: &'static Scenario,
    pub(crate) outcomes: Vec<Outcome>,
}

impl Result {
    pub(crate) fn count(&self, wanted: impl Fn(&Outcome) -> bool) -> usize {
        self.outcomes.iter().filter(|o| wanted(o)).count()
    }

    pub(crate) fn times(&self, of: impl Fn(&Outcome) -> Option<f64>) -> Times {
        Times::of(self.outcomes.iter().filter_map(of))
    }

    /// Verdicts given, most often first.
    pub(crate) fn verdicts(&self) -> Vec<(Verdict, usize)> {
        let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
        for outcome in &self.outcomes {
            *counts.entry(outcome.verdict).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }

    /// Suspicions told with great confidence while the public path was well.
    pub(crate) fn overconfident(&self) -> usize {
        let statements = self.outcomes.iter().flat_map(|o| &o.statements);
        statements
            .filter(|s| s.suspects && !s.right && s.confidence >= 0.9)
            .count()
    }

    /// Verdict and advice are as they should be in every run.
    pub(crate) fn passed(&self) -> bool {
        self.outcomes
            .iter()
            .all(|o| o.right && o.false_advice == 0 && is_expected(self.scenario.advice, o))
    }
}

/// Figures of a detector over many scenarios.
#[derive(Debug, Default, Clone)]
pub(crate) struct Totals {
    pub(crate) runs: usize,
    /// Runs in which advice was due; of these, given, and given in time.
    pub(crate) due: usize,
    pub(crate) given: usize,
    pub(crate) on_time: usize,
    /// Runs with false advice.
    pub(crate) false_advice: usize,
    /// Runs in which any advice would be false; of these, with advice.
    pub(crate) negatives: usize,
    pub(crate) false_on_negatives: usize,
    /// Runs with the right verdict.
    pub(crate) right: usize,
    pub(crate) hasty: usize,
    pub(crate) stale: usize,
    pub(crate) suspected: Times,
    pub(crate) judged: Times,
    pub(crate) advised: Times,
    pub(crate) recovering: Times,
    pub(crate) closed: Times,
}

impl Totals {
    pub(crate) fn of<'a>(results: &(impl Iterator<Item = &'a Result> + Clone)) -> Self {
        let mut totals = Self::default();
        for result in results.clone() {
            let due = matches!(result.scenario.advice, Advice::Within(_));
            let negative = result.scenario.advice == Advice::Never;
            let n = result.outcomes.len();
            let advised = |o: &Outcome| due && o.advised.is_some();
            let in_time = |o: &Outcome| due && is_expected(result.scenario.advice, o);
            let wrongly = |o: &Outcome| o.false_advice > 0;
            totals.runs += n;
            totals.due += if due { n } else { 0 };
            totals.negatives += if negative { n } else { 0 };
            totals.given += result.count(advised);
            totals.on_time += result.count(in_time);
            totals.false_advice += result.count(wrongly);
            totals.false_on_negatives += if negative { result.count(wrongly) } else { 0 };
            totals.right += result.count(|o| o.right);
            totals.hasty += result.count(|o| o.hasty);
            totals.stale += result.count(|o| o.stale);
        }
        let of = |time: fn(&Outcome) -> Option<f64>| {
            let due = |r: &&Result| matches!(r.scenario.advice, Advice::Within(_));
            let outcomes = results.clone().filter(due).flat_map(|r| &r.outcomes);
            Times::of(outcomes.filter_map(time))
        };
        totals.suspected = of(|o| o.suspected);
        totals.judged = of(|o| o.judged);
        totals.advised = of(|o| o.advised);
        totals.recovering = of(|o| o.recovering);
        totals.closed = of(|o| o.closed);
        totals
    }

    pub(crate) fn precision(&self) -> f64 {
        share(self.given, self.given + self.false_advice)
    }

    pub(crate) fn recall(&self) -> f64 {
        share(self.given, self.due)
    }

    pub(crate) fn recall_on_time(&self) -> f64 {
        share(self.on_time, self.due)
    }

    pub(crate) fn accuracy(&self) -> f64 {
        share(self.right, self.runs)
    }
}

/// Figures of one naive rule, whose every alert is taken for advice.
#[derive(Debug, Clone)]
pub(crate) struct NaiveTotals {
    pub(crate) rule: &'static str,
    pub(crate) precision: f64,
    pub(crate) recall: f64,
    pub(crate) false_runs: usize,
    pub(crate) times: Times,
}

impl NaiveTotals {
    /// Of each rule, on runs where advice is due or would be false because nothing is wrong.
    pub(crate) fn of<'a>(results: &(impl Iterator<Item = &'a Result> + Clone)) -> Vec<Self> {
        let one = |(rule, name): (usize, &'static str)| {
            let (mut due, mut given, mut wrong) = (0, 0, 0);
            let mut times = Vec::new();
            for result in results.clone() {
                let scenario = result.scenario;
                for outcome in &result.outcomes {
                    let alert = outcome.naive.get(rule).copied().flatten();
                    let early = outcome.naive_early.get(rule).copied().unwrap_or_default();
                    if matches!(scenario.advice, Advice::Within(_)) {
                        due += 1;
                        given += usize::from(alert.is_some());
                        times.extend(alert);
                        wrong += usize::from(early);
                    } else if !scenario.public_fault {
                        wrong += usize::from(early || alert.is_some());
                    }
                }
            }
            Self {
                rule: name,
                precision: share(given, given + wrong),
                recall: share(given, due),
                false_runs: wrong,
                times: Times::of(times.into_iter()),
            }
        };
        RULES.into_iter().enumerate().map(one).collect()
    }
}

/// Verdicts given with a confidence in a bin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bin {
    pub(crate) from: f64,
    pub(crate) until: f64,
    pub(crate) verdicts: usize,
    /// Mean confidence.
    pub(crate) said: f64,
    /// Share with the public path at fault.
    pub(crate) so: f64,
}

/// Lower ends of the bins of confidence.
const BINS: [f64; 9] = [0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.995];

/// How often what is said with a confidence is so: of all verdicts, or of those that cast doubt on
/// the public path.
pub(crate) fn calibration<'a>(
    results: impl Iterator<Item = &'a Result>,
    suspicions_only: bool,
) -> Vec<Bin> {
    let statements: Vec<Statement> = results
        .flat_map(|result| &result.outcomes)
        .flat_map(|outcome| outcome.statements.iter().copied())
        .filter(|statement| statement.suspects || !suspicions_only)
        .collect();
    let ends = BINS.into_iter().skip(1).chain([f64::INFINITY]);
    BINS.into_iter()
        .zip(ends)
        .map(|(from, until)| {
            let within = |s: &&Statement| s.confidence >= from && s.confidence < until;
            let bin: Vec<&Statement> = statements.iter().filter(within).collect();
            let said: f64 = bin.iter().map(|statement| statement.confidence).sum();
            let so = bin.iter().filter(|statement| statement.right).count();
            Bin {
                from,
                until: until.min(1.0),
                verdicts: bin.len(),
                said: said / bin.len().max(1) as f64,
                so: share(so, bin.len()),
            }
        })
        .collect()
}

/// A share; of nothing, none.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
