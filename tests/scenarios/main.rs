//! `edgeghost-scenarios`: how good the detector is, in figures.
//!
//! ```text
//! table ── scenario ── sim ── samples ┬─ pipeline ─ judge ── score ── print, json
//!                                     └─ naive rules ┘
//! ```
//!
//! The simulator knows TCP and loss and nothing of who judges; the table says what would be
//! right; the pipeline is the one that `edgeghost run` and `edgeghost replay` use, fed with the
//! samples that the kernel half would make, and what it tells is judged.

mod json;
mod judge;
mod model;
mod naive;
mod options;
mod pool;
mod print;
mod random;
mod record;
mod run;
mod score;
mod sim;
mod table;
mod target;
mod trace;
mod years;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Parser as _;

use options::Options;
use record::Recording;
use table::Scenario;

fn main() -> ExitCode {
    match work(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("edgeghost-scenarios: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

fn work(options: &Options) -> Result<()> {
    if options.list {
        return say(&print::list());
    }
    if options.model {
        return say(&model::report());
    }
    if let Some(years) = options.years {
        let report = years::report(years, options.journal.as_deref(), progress)?;
        return say(&report);
    }
    if let [id, seed] = options.trace.as_slice() {
        let seed = seed.parse().context("SEED is a number")?;
        return show(find(id)?, seed, options.record.as_deref());
    }
    let scenarios = chosen(&options.only)?;
    let results = all(&scenarios, options);
    match options.json.as_deref() {
        Some(file) if file == Path::new("-") => say(&format!("{:#}\n", json::report(&results))),
        Some(file) => {
            std::fs::write(file, format!("{:#}\n", json::report(&results)))
                .with_context(|| format!("cannot write {}", file.display()))?;
            say(&print::report(&results))
        }
        None => say(&print::report(&results)),
    }
}

/// Every scenario with every seed.
fn all(scenarios: &[&'static Scenario], options: &Options) -> Vec<score::Result> {
    let seeds = || options.first..options.first.saturating_add(options.seeds);
    let jobs: Vec<(&Scenario, u64)> = scenarios
        .iter()
        .flat_map(|scenario| seeds().map(|seed| (*scenario, seed)))
        .collect();
    let work = |(scenario, seed): &(&Scenario, u64)| run::run(scenario, *seed, |_| ());
    let mut outcomes = pool::map(&jobs, work, |done| progress(done, jobs.len())).into_iter();
    scenarios
        .iter()
        .map(|scenario| score::Result {
            scenario,
            outcomes: outcomes.by_ref().take(seeds().count()).collect(),
        })
        .collect()
}

fn show(scenario: &Scenario, seed: u64, record: Option<&Path>) -> Result<()> {
    let mut recording = record.map(Recording::create).transpose()?;
    let mut written = Ok(());
    let mut text = format!("{} {}\n", scenario.id, scenario.text);
    let outcome = run::run(scenario, seed, |tick| {
        text.push_str(&trace::lines(tick));
        if let Some(recording) = recording.as_mut().filter(|_| written.is_ok()) {
            written = recording.add(tick);
        }
    });
    written?;
    recording.map_or(Ok(()), Recording::finish)?;
    say(&text)?;
    say(&format!("{outcome:#?}\n"))
}

fn chosen(only: &[String]) -> Result<Vec<&'static Scenario>> {
    if only.is_empty() {
        return Ok(table::all().collect());
    }
    only.iter().map(|id| find(id)).collect()
}

fn find(id: &str) -> Result<&'static Scenario> {
    let found = table::all().find(|scenario| scenario.id.eq_ignore_ascii_case(id));
    match found {
        Some(scenario) => Ok(scenario),
        None => bail!("there is no scenario {id}; --list shows them"),
    }
}

fn say(text: &str) -> Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever reads has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}

/// How many runs are done: one line that changes, or one for each tenth where lines stay.
fn progress(done: usize, of: usize) {
    if io::stderr().is_terminal() {
        let end = if done == of { "\r\x1b[K" } else { "" };
        complain(&format!("\r{done} of {of} runs{end}"));
    } else if of >= 10 && done.is_multiple_of(of / 10) {
        complain(&format!("{done} of {of} runs\n"));
    }
}

/// Progress and complaints; that nobody reads them is no reason to stop.
fn complain(text: &str) {
    let mut stderr = io::stderr();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}
