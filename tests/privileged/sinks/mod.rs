//! Outputs in trouble: a full disk, a reader that stops, a kill, a file that is moved away.

mod broken;
mod disk;
mod incident;
mod kill;
mod rotation;
mod stopped;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use edgeghost_tests::agent::Ended;
use edgeghost_tests::config::Config;
use edgeghost_tests::event::Event;
use serde_json::Value;

const LIMIT: Duration = Duration::from_mins(1);

/// Says something every second.
fn talkative() -> Config {
    Config::new()
        .set("window", "seconds", "1.0")
        .set("health", "seconds", "1.0")
}

fn file(path: &Path, more: &str) -> String {
    format!("kind = \"file\"\npath = \"{}\"\n{more}", path.display())
}

/// The whole lines in a file so far.
fn events(path: &Path) -> Vec<Event> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'))
        .map(|line| Event::new(line.to_owned(), Instant::now()))
        .collect()
}

fn sequences(events: &[Event]) -> Vec<u64> {
    events
        .iter()
        .map(|event| event.count("event.sequence"))
        .collect()
}

/// How sink number `at` fares by an `agent_health`.
fn sink(event: &Event, at: usize) -> &Value {
    event.list("agent.sinks").get(at).unwrap_or(&Value::Null)
}

/// Whether `event` says that sink number `at` is in this state.
fn is_told(event: &Event, at: usize, state: &str) -> bool {
    event.name() == "agent_health" && sink(event, at)["state"] == state
}

/// A file has just the lines that standard output had.
fn assert_same(ended: &Ended, path: &Path) {
    let lines = |events: &[Event]| -> BTreeSet<String> {
        events.iter().map(|event| event.line.clone()).collect()
    };
    let (file, all) = (events(path), &ended.events);
    let missing: Vec<_> = lines(all).difference(&lines(&file)).cloned().collect();
    ended.assert(
        missing.is_empty() && file.len() == all.len(),
        &format!(
            "{} has {} lines of {}; missing: {missing:#?}",
            path.display(),
            file.len(),
            all.len()
        ),
    );
    let order = sequences(&file);
    ended.assert(order.is_sorted(), &format!("out of order: {order:?}"));
}
