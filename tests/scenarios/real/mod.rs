//! Scenarios with real TCP between network namespaces, the real agent, and a wire that loses as
//! the simulator's does.
//!
//! The agent judges each address of each namespace by itself, so all scenarios run at once, each
//! with a host and its peers in namespaces of their own, and one agent watches them all.

mod beside;
mod judge;
mod measure;
mod recording;
mod show;
mod stage;
mod traffic;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use edgeghost_tests::agent::{Agent, Ended, Launch};
use edgeghost_tests::temp::TempDir;
use edgeghost_tests::{binary, expect, interrupt, tool, turn};
use rustix::process::Signal;

use crate::options::Options;
use crate::table::Scenario;
use judge::Judge;
use stage::Stage;

use beside::beside;

pub(crate) use beside::again;

/// The agent is given so long to say its last before it is stopped.
const REST: Duration = Duration::from_millis(500);
/// How often what the agent says is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What stands against running anything.
pub(crate) fn obstacle() -> Option<String> {
    if !tool::is_root() {
        return Some(
            "--real makes network namespaces and loads eBPF programs, which takes root: run \
             `cargo xtask scenarios --real`, or this program with sudo"
                .to_owned(),
        );
    }
    let missing = tool::missing();
    if !missing.is_empty() {
        return Some(format!("missing: {}", missing.join(", ")));
    }
    if !Path::new("/dev/net/tun").exists() {
        return Some("this kernel has no TUN devices (/dev/net/tun)".to_owned());
    }
    binary::agent().err().map(|error| format!("{error:#}"))
}

/// Runs them, and prints what came of it. Whether every one came out right.
pub(crate) fn run(options: &Options, scenarios: &[&'static Scenario]) -> Result<bool> {
    interrupt::catch()?;
    let _turn = turn::take(|text| crate::complain(&format!("{text}\n")))?;
    let (able, unable): (Vec<&Scenario>, Vec<&Scenario>) = scenarios
        .iter()
        .partition(|scenario| traffic::lacks(scenario).is_none());
    if able.is_empty() {
        bail!("no scenario is left that this kernel can run");
    }
    let folder = TempDir::new()?;
    let record = match &options.record {
        Some(file) => std::path::absolute(file)?,
        None => folder.path().join("real.gz"),
    };
    let judges = play(&able, options.first, record.clone())?;
    crate::say(&show::table("real TCP, the real agent", &judges))?;
    for scenario in unable {
        let lack = traffic::lacks(scenario).unwrap_or_default();
        crate::say(&format!("{:4} skipped: {lack}\n", scenario.id))?;
    }
    crate::say("\n")?;
    beside(&record, options.first, &able)?;
    Ok(judges.iter().all(Judge::passed))
}

/// All of them at once.
fn play(scenarios: &[&'static Scenario], seed: u64, record: PathBuf) -> Result<Vec<Judge>> {
    let mut stages: Vec<Stage> = Vec::new();
    for scenario in scenarios {
        interrupt::check()?;
        let stage = Stage::build(scenario, seed);
        stages.push(stage.with_context(|| format!("cannot build the network of {}", scenario.id))?);
    }
    let mut agent = Launch::new().record(Some(record)).start()?;
    let start = Instant::now();
    for stage in &mut stages {
        stage.begin(start)?;
    }
    let mut judges: Vec<Judge> = stages
        .iter()
        .map(|stage| Judge::new(stage.scenario(), stage.local().into()))
        .collect();
    let length = scenarios.iter().map(|s| s.length).fold(0.0, f64::max);
    let mut taken = 0;
    while start.elapsed().as_secs_f64() < length {
        watch(&mut agent, &mut taken, &mut judges, start)?;
        crate::seconds(start.elapsed().as_secs(), length);
    }
    std::thread::sleep(REST);
    watch(&mut agent, &mut taken, &mut judges, start)?;
    sound(&agent.stop(Signal::TERM)?)?;
    for stage in stages {
        stage.end()?;
    }
    Ok(judges)
}

/// Takes in what the agent has said.
fn watch(agent: &mut Agent, taken: &mut usize, judges: &mut [Judge], start: Instant) -> Result<()> {
    interrupt::check()?;
    agent.check_alive()?;
    let events = agent.events_from(*taken);
    *taken += events.len();
    for event in &events {
        let at = event.at.saturating_duration_since(start).as_secs_f64();
        for judge in &mut *judges {
            judge.take(event, at);
        }
    }
    std::thread::sleep(LOOK);
    Ok(())
}

/// An error if the agent's stream or its end is not as it should be.
fn sound(ended: &Ended) -> Result<()> {
    let mut faults = ended.invalid.clone();
    faults.extend(expect::stream_faults(&ended.events));
    if !ended.status.success() {
        let log = ended.stderr.trim();
        faults.push(format!("the agent ended with {}: {log}", ended.status));
    }
    if faults.is_empty() {
        return Ok(());
    }
    bail!("{}", faults.join("\n"));
}
