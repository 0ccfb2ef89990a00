//! The figures that the detector is to reach, beside those that it reaches.

use crate::judge::Outcome;
use crate::score::{Result, Times, Totals};
use crate::sim::link::{Fault, Shape};
use crate::table::{Advice, Local, Scenario, Side, Verdict};

/// Fewer negative runs than this prove nothing.
const NEGATIVES: usize = 600;
/// Networks from which on there is enough to go by.
const SOME: u32 = 4;
const MANY: u32 = 8;
/// Loss of a plain collapse.
const PLAIN: f64 = 0.14;

/// A figure to reach.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// What it is to be.
    pub(crate) wanted: String,
    /// What it is.
    pub(crate) found: String,
    /// `None` if the runs do not tell.
    pub(crate) reached: Option<bool>,
}

/// All of them.
pub(crate) fn targets(results: &[Result]) -> Vec<Target> {
    let totals = Totals::of(&results.iter());
    let of_dense = |time: fn(&Outcome) -> Option<f64>| {
        let dense = results.iter().filter(|result| is_dense(result.scenario));
        gather(dense, time)
    };
    let one = |id| {
        results
            .iter()
            .filter(move |r: &&Result| r.scenario.id == id)
    };
    let known = Totals::of(&results.iter().filter(|r| networks(r.scenario) >= SOME));
    vec![
        no_false_advice(&totals),
        at_least("right verdicts", 0.99, totals.accuracy(), totals.runs),
        at_least(
            "advice on time, 4 networks or more",
            0.99,
            known.recall_on_time(),
            known.due,
        ),
        median(
            "verdict of collapse, 8 networks or more, 14 % or more",
            20.0,
            &of_dense(|o| o.collapsed),
        ),
        median("advice, the same", 60.0, &of_dense(|o| o.advised)),
        within(
            "advice, the same, p95",
            100.0,
            &of_dense(|o| o.advised),
            0.95,
        ),
        within(
            "advice, X13 (sparse), longest",
            180.0,
            &gather(one("X13"), |o| o.advised),
            1.0,
        ),
        within(
            "suspicion, P24 (one terminal), longest",
            15.0,
            &gather(one("P24"), |o| o.suspected),
            1.0,
        ),
        within(
            "advice, X14 (the incident), longest",
            100.0,
            &gather(one("X14"), |o| o.advised),
            1.0,
        ),
        median("well again, after the end", 120.0, &recovery(results)),
        inbound(&one("X01"), &totals),
    ]
}

/// Public networks of the judged address that something is wrong with.
fn networks(scenario: &Scenario) -> u32 {
    let prey = |local: Local, side| local == scenario.local && side == Side::Public;
    let groups = scenario.groups.iter();
    let hit = groups.filter(|group| prey(group.local, group.side) && group.is_faulty());
    hit.map(|group| u32::from(group.networks)).sum()
}

/// A collapse on many networks that is there in full, from the onset to the end, on the way out or
/// both ways: what is lost only on the way in has a target of its own. Nothing else is the matter
/// meanwhile.
fn is_dense(scenario: &Scenario) -> bool {
    let full = |fault: &Fault| {
        fault.shape == Shape::Step
            && fault.loss.outbound >= PLAIN
            && scenario
                .groups
                .iter()
                .all(|group| group.faults[1].is_none())
    };
    let mut faults = scenario.groups.iter().filter_map(|group| group.faults[0]);
    matches!(scenario.advice, Advice::Within(_))
        && scenario.verdicts.contains(&Verdict::Collapse)
        && networks(scenario) >= MANY
        && faults.all(|fault| full(&fault))
}

/// The scenarios that count as dense.
pub(crate) fn dense(results: &[Result]) -> Vec<&'static str> {
    let scenarios = results.iter().map(|result| result.scenario);
    let dense = scenarios.filter(|scenario| is_dense(scenario));
    dense.map(|scenario| scenario.id).collect()
}

/// Times until recovery was told, where a collapse had been; endless if it never was.
fn recovery(results: &[Result]) -> Times {
    let due = results
        .iter()
        .filter(|result| matches!(result.scenario.advice, Advice::Within(_)));
    let outcomes = due.flat_map(|result| &result.outcomes);
    let seen = outcomes.filter(|outcome| outcome.collapsed.is_some());
    Times::of(seen.map(|outcome| outcome.recovering.unwrap_or(f64::INFINITY)))
}

/// Times of all runs; of those in which it never came, endless.
fn gather<'a>(
    results: impl Iterator<Item = &'a Result>,
    of: impl Fn(&Outcome) -> Option<f64>,
) -> Times {
    let outcomes = results.flat_map(|result| &result.outcomes);
    Times::of(outcomes.map(|outcome| of(outcome).unwrap_or(f64::INFINITY)))
}

fn no_false_advice(totals: &Totals) -> Target {
    let enough = totals.negatives >= NEGATIVES;
    Target {
        name: "false advice on negatives",
        wanted: format!("0 of {NEGATIVES} or more"),
        found: format!("{} of {}", totals.false_on_negatives, totals.negatives),
        reached: (enough || totals.false_on_negatives > 0)
            .then_some(totals.false_on_negatives == 0),
    }
}

fn inbound<'a>(results: &(impl Iterator<Item = &'a Result> + Clone), totals: &Totals) -> Target {
    let runs = Totals::of(results);
    let found = runs.given == runs.due && totals.false_advice == 0;
    Target {
        name: "X01 (inbound only) found, and nothing false anywhere",
        wanted: "all, and 0".to_owned(),
        found: format!(
            "{} of {}, and {}",
            runs.given, runs.due, totals.false_advice
        ),
        reached: (runs.due > 0).then_some(found),
    }
}

fn at_least(name: &'static str, least: f64, share: f64, of: usize) -> Target {
    Target {
        name,
        wanted: format!("{least:.2} or more"),
        found: format!("{share:.3} of {of}"),
        reached: (of > 0).then_some(share >= least),
    }
}

fn median(name: &'static str, limit: f64, times: &Times) -> Target {
    within(name, limit, times, 0.5)
}

fn within(name: &'static str, limit: f64, times: &Times, share: f64) -> Target {
    let time = times.quantile(share);
    Target {
        name,
        wanted: format!("{limit:.0} s or less"),
        found: match time {
            None => "-".to_owned(),
            Some(time) if time.is_finite() => format!("{time:.0} s"),
            Some(_) => "never".to_owned(),
        },
        reached: time.map(|time| time <= limit),
    }
}
