//! `edgeghost-scenarios`: how good the detector is, in figures.
//!
//! ```text
//! table ── scenario ── sim ── samples ┬─ pipeline ─ judge ── score ── print, json
//!                                     └─ naive rules ┘
//!       └─ real ── TCP between namespaces ── agent ── judge, and its recording beside the sim
//!                                                      a recording ── pipeline ── picture
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
mod picture;
mod pool;
mod print;
mod random;
mod real;
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
use sim::spread::Networks;
use table::Scenario;

/// Real scenarios are not possible here. (2 is clap's, for a wrong command line.)
const UNABLE: u8 = 3;

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(obstacle) = (options.real && !options.list)
        .then(real::obstacle)
        .flatten()
    {
        complain(&format!("edgeghost-scenarios: {obstacle}\n"));
        return ExitCode::from(UNABLE);
    }
    match work(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(&format!("edgeghost-scenarios: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

/// Whether everything came out as it must.
fn work(options: &Options) -> Result<bool> {
    if options.list {
        let list = if options.real {
            print::list(table::real().iter())
        } else {
            print::list(table::all())
        };
        return say(&list).map(|()| true);
    }
    if options.real || options.beside.is_some() {
        let scenarios = chosen(&options.only, || table::real().iter())?;
        return match &options.beside {
            Some(file) => real::again(file, options.first, &scenarios).map(|()| true),
            None => real::run(options, &scenarios),
        };
    }
    if let (Some(recording), Some(address)) = (&options.picture, options.address) {
        let picture = picture::draw(recording, address, &options.fault)?;
        return say(&picture).map(|()| true);
    }
    simulate(options).map(|()| true)
}

fn simulate(options: &Options) -> Result<()> {
    if options.model {
        return say(&model::report());
    }
    if let Some(years) = options.years {
        let report = years::report(years, options.journal.as_deref(), progress)?;
        return say(&report);
    }
    if let [id, seed] = options.trace.as_slice() {
        let seed = seed.parse().context("SEED is a number")?;
        return show(
            find(id, table::all())?,
            (seed, options.networks),
            options.record.as_deref(),
        );
    }
    let scenarios = chosen(&options.only, table::all)?;
    let results = all(&scenarios, options);
    let report = || format!("{}{}", options.networks.heading(), print::report(&results));
    match options.json.as_deref() {
        Some(file) if file == Path::new("-") => say(&format!("{:#}\n", json::report(&results))),
        Some(file) => {
            std::fs::write(file, format!("{:#}\n", json::report(&results)))
                .with_context(|| format!("cannot write {}", file.display()))?;
            say(&report())
        }
        None => say(&report()),
    }
}

/// Every scenario with every seed.
fn all(scenarios: &[&'static Scenario], options: &Options) -> Vec<score::Result> {
    let seeds = || options.first..options.first.saturating_add(options.seeds);
    let jobs: Vec<(&Scenario, u64)> = scenarios
        .iter()
        .flat_map(|scenario| seeds().map(|seed| (*scenario, seed)))
        .collect();
    let networks = options.networks;
    let work = |(scenario, seed): &(&Scenario, u64)| run::run(scenario, (*seed, networks), |_| ());
    let mut outcomes = pool::map(&jobs, work, |done| progress(done, jobs.len())).into_iter();
    scenarios
        .iter()
        .map(|scenario| score::Result {
            scenario,
            outcomes: outcomes.by_ref().take(seeds().count()).collect(),
        })
        .collect()
}

fn show(scenario: &Scenario, seed: (u64, Networks), record: Option<&Path>) -> Result<()> {
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

fn chosen<T>(only: &[String], table: impl Fn() -> T) -> Result<Vec<&'static Scenario>>
where
    T: Iterator<Item = &'static Scenario>,
{
    if only.is_empty() {
        return Ok(table().collect());
    }
    only.iter().map(|id| find(id, table())).collect()
}

fn find(id: &str, mut table: impl Iterator<Item = &'static Scenario>) -> Result<&'static Scenario> {
    match table.find(|scenario| scenario.id.eq_ignore_ascii_case(id)) {
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

/// How much of something that lasts `of` seconds is over, where lines can change.
fn seconds(over: u64, of: f64) {
    if io::stderr().is_terminal() {
        complain(&format!("\r{over} of {of:.0} s "));
    }
}

/// Progress and complaints; that nobody reads them is no reason to stop.
fn complain(text: &str) {
    let mut stderr = io::stderr();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}
