//! The simulator beside the real thing: the same groups under the same fault.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context as _, Result};
use edgeghost::flow::FlowSample;
use edgeghost::path::PathClass;

use super::judge::Judge;
use super::measure::{NAMES, figures, median};
use super::recording::Recording;
use super::{show, stage};
use crate::judge::Outcome;
use crate::run;
use crate::sim;
use crate::sim::spread::Networks;
use crate::table::Scenario;

/// Simulated runs that a real one is compared with.
const RUNS: u64 = 40;
/// The fault is given so long to show, seconds.
const SHOWN: f64 = 5.0;
/// The first sample comes about so long after the start, seconds: peers begin one by one, and a
/// sample takes a second.
const FIRST: f64 = 1.0;

/// What is compared of one side.
type Figures = [Option<f64>; NAMES.len()];

/// Has a recording judged anew and compares it, for the scenarios that were run.
pub(crate) fn again(file: &Path, seed: u64, scenarios: &[&'static Scenario]) -> Result<()> {
    let recording = Recording::read(file)?;
    let start = start(&recording, scenarios)?;
    let judge = |scenario: &&'static Scenario| Judge::new(scenario, stage::local(scenario).into());
    let mut judges: Vec<Judge> = scenarios.iter().map(judge).collect();
    recording.judge(file, start, &mut judges)?;
    crate::say(&format!(
        "{}\n",
        show::table("a recording, judged anew", &judges)
    ))?;
    compare(&recording, start, seed, scenarios)
}

/// Compares a recording, for the scenarios that were run.
pub(super) fn beside(file: &Path, seed: u64, scenarios: &[&Scenario]) -> Result<()> {
    let recording = Recording::read(file)?;
    let start = start(&recording, scenarios)?;
    compare(&recording, start, seed, scenarios)
}

/// Moment 0 of the scenarios on the clock of the samples, seconds.
fn start(recording: &Recording, scenarios: &[&Scenario]) -> Result<f64> {
    let hosts: Vec<IpAddr> = scenarios.iter().map(|s| stage::local(s).into()).collect();
    let mut ours = recording.samples.iter();
    let first = ours.find(|sample| hosts.contains(&sample.key.local));
    let first = first.context("the recording is of something else")?;
    Ok(first.time_ns as f64 / 1e9 - FIRST)
}

fn compare(recording: &Recording, start: f64, seed: u64, scenarios: &[&Scenario]) -> Result<()> {
    let mut text = String::from(
        "real TCP, and the simulator (median and range of 40 runs), during the fault;\n\
         * where the real figure is outside the range\n\n",
    );
    for scenario in scenarios {
        let local = IpAddr::from(stage::local(scenario));
        let mine: Vec<FlowSample> = recording
            .samples
            .iter()
            .filter(|sample| sample.key.local == local)
            .copied()
            .collect();
        let simulated: Vec<Vec<FlowSample>> = (seed..seed + RUNS)
            .map(|seed| sim::samples(scenario, seed, Networks::Blocks).flows)
            .collect();
        for class in [PathClass::Public, PathClass::Private] {
            let of = |samples: &[FlowSample], start| during(samples, class, scenario, start);
            let simulated: Vec<Figures> = simulated
                .iter()
                .map(|samples| of(samples, sim::nanos(0.0) as f64 / 1e9))
                .collect();
            text.push_str(&lines(scenario, class, &of(&mine, start), &simulated));
        }
        text.push_str(&judged(scenario, seed));
    }
    crate::say(&text)
}

/// The figures of one class while the fault is there; `start` is the start on the clock of the
/// samples.
fn during(samples: &[FlowSample], class: PathClass, scenario: &Scenario, start: f64) -> Figures {
    let (from, until) = (scenario.onset + SHOWN, scenario.end.min(scenario.length));
    let within: Vec<FlowSample> = samples
        .iter()
        .filter(|sample| sample.class == class)
        .filter(|sample| {
            let at = sample.time_ns as f64 / 1e9 - start;
            at >= from && at < until
        })
        .copied()
        .collect();
    figures(&within, until - from)
}

fn lines(scenario: &Scenario, class: PathClass, real: &Figures, simulated: &[Figures]) -> String {
    let mut text = format!("{} {} ({class})\n", scenario.id, scenario.text);
    for (index, name) in NAMES.iter().enumerate() {
        let mut values: Vec<f64> = simulated.iter().filter_map(|run| run[index]).collect();
        let middle = median(&mut values);
        // Sorted by now.
        let range = values.first().zip(values.last());
        let Some(((least, most), middle)) = range.zip(middle) else {
            continue;
        };
        let outside = real[index].is_some_and(|real| real < *least || real > *most);
        let shown = real[index].map_or_else(|| "-".to_owned(), |real| format!("{real:.3}"));
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "    {name:9} {shown:>8}{} {middle:>8.3} ({least:.3} to {most:.3})",
            if outside { '*' } else { ' ' },
        );
    }
    text
}

/// What the detector makes of the simulated runs: the times of the real one are to be within
/// these.
fn judged(scenario: &Scenario, seed: u64) -> String {
    let outcomes: Vec<Outcome> = (seed..seed + RUNS)
        .map(|seed| run::run(scenario, (seed, Networks::Blocks), |_| ()))
        .collect();
    let right = outcomes.iter().filter(|outcome| outcome.right).count();
    let times = |of: fn(&Outcome) -> Option<f64>| {
        let mut times: Vec<f64> = outcomes.iter().filter_map(of).collect();
        let Some(middle) = median(&mut times) else {
            return "-".to_owned();
        };
        let (least, most) = (times[0], times[times.len() - 1]);
        format!("{middle:.0} ({least:.0} to {most:.0}, {})", times.len())
    };
    format!(
        "    simulated verdict right in {right} of {RUNS}; suspected {}, verdict {}, advice {}, \
         well {}\n\n",
        times(|outcome| outcome.suspected),
        times(|outcome| outcome.judged),
        times(|outcome| outcome.advised),
        times(|outcome| outcome.recovering),
    )
}
