//! One scenario with one seed: samples through the agent's pipeline, and what came of it.
//!
//! The very calls that `edgeghost replay` makes with a recording, and nothing is judged but what
//! is told then.

use edgeghost::clock::Clock;
use edgeghost::config::Config;
use edgeghost::event::{Event, Time};
use edgeghost::flow::FlowSample;
use edgeghost::host::HostSample;
use edgeghost::pipeline::{Output, Pipeline};
use edgeghost::publish::Note;

use crate::judge::{Judge, Outcome};
use crate::naive::Naive;
use crate::sim::spread::Networks;
use crate::sim::{self, Traffic};
use crate::table::Scenario;

/// Who a simulated host is.
pub(crate) const HOST_NAME: &str = "simulated";

/// What a tick came to, for whoever wants to see each.
pub(crate) struct Tick<'a> {
    pub(crate) at: f64,
    pub(crate) now_ns: u64,
    /// No tick comes after this one.
    pub(crate) last: bool,
    pub(crate) heard: &'a [FlowSample],
    pub(crate) host: &'a HostSample,
    pub(crate) pipeline: &'a Pipeline,
    /// Verdicts, incidents and advice.
    pub(crate) told: &'a [Note],
}

/// Runs it.
pub(crate) fn run(
    scenario: &Scenario,
    (seed, networks): (u64, Networks),
    mut watch: impl FnMut(&Tick<'_>),
) -> Outcome {
    let Traffic { flows, host } = sim::samples(scenario, seed, networks);
    let mut pipeline = Pipeline::new(&Config::default(), networks.systems());
    pipeline.host_name(HOST_NAME);
    let mut naive = Naive::default();
    let mut judge = Judge::new(scenario, seed, flows.len());
    let mut out = Output::default();
    let mut rest = flows.as_slice();
    let mut at = 1.0;
    while at <= scenario.length {
        let now_ns = sim::nanos(at);
        let due = rest.partition_point(|sample| sample.time_ns <= now_ns);
        let (heard, later) = rest.split_at(due);
        rest = later;
        for sample in heard {
            pipeline.replay(*sample);
            naive.observe(sample);
        }
        let last = at + 1.0 > scenario.length;
        let host = host.at(at);
        tell(&mut pipeline, now_ns, &host, last, &mut out);
        out.notes.retain(|note| is_judgement(&note.event));
        for note in &out.notes {
            judge.note(at, &note.event);
        }
        judge.note_naive(at, naive.tick(now_ns));
        judge.pass(at);
        watch(&Tick {
            at,
            now_ns,
            last,
            heard,
            host: &host,
            pipeline: &pipeline,
            told: &out.notes,
        });
        out.notes.clear();
        at += 1.0;
    }
    judge.outcome()
}

fn tell(pipeline: &mut Pipeline, now_ns: u64, host: &HostSample, last: bool, out: &mut Output) {
    if last {
        pipeline.finish(now_ns, host, clock(), out);
    } else {
        pipeline.tick(now_ns, host, clock(), out);
    }
}

/// Scenarios happen on New Year's Day 2026.
pub(crate) fn clock() -> Clock {
    Clock::at(0, Time(1_767_225_600_000_000_000))
}

const fn is_judgement(event: &Event) -> bool {
    matches!(
        event,
        Event::Verdict(_) | Event::Incident(_) | Event::Recommendation(_)
    )
}
