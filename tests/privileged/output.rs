//! Events in a file.

use std::path::Path;
use std::time::{Duration, Instant};

use edgeghost_tests::agent::Launch;
use edgeghost_tests::event::Event;
use edgeghost_tests::temp::TempDir;
use edgeghost_tests::{expect, wait};
use rustix::process::Signal;

const LIMIT: Duration = Duration::from_mins(1);

/// The events in a file so far.
fn events(path: &Path) -> Vec<Event> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| Event::new(line.to_owned(), Instant::now()))
        .collect()
}

#[test]
fn events_go_to_a_file_and_a_second_run_appends() {
    crate::require_root();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("events.ndjson");
    let mut before = 0;
    for _ in 0..2 {
        let agent = Launch::new().output(&path).start_unwatched().unwrap();
        wait::until_true("agent_start in the file", LIMIT, || {
            Ok(events(&path).len() > before)
        })
        .unwrap();
        let ended = agent.stop(Signal::TERM).unwrap();
        ended.assert(
            ended.status.success(),
            &format!("it ended with {}", ended.status),
        );
        ended.assert(ended.events.is_empty(), "events on standard output, too");
        let all = events(&path);
        let faults = expect::stream_faults(&all[before..]);
        ended.assert(faults.is_empty(), &faults.join("\n"));
        before = all.len();
    }
    let runs: Vec<Event> = events(&path)
        .into_iter()
        .filter(|event| event.name() == "agent_start")
        .collect();
    assert_eq!(runs.len(), 2);
}

#[test]
fn a_file_in_no_folder_is_named_and_nothing_is_started() {
    crate::require_root();
    let path = "/no/such/folder/events.ndjson";
    let ended = Launch::new()
        .output(path)
        .start_unwatched()
        .unwrap()
        .wait_end()
        .unwrap();
    ended.assert(
        ended.status.code() == Some(2),
        &format!("it ended with {}", ended.status),
    );
    ended.assert(ended.stderr.contains(path), "the file is not named");
    ended.assert(
        ended.stderr.contains("No such file"),
        "the reason is not told",
    );
    ended.assert(!ended.stderr.contains("panicked"), "it panicked");
}
