//! Recordings made for a test.

use std::path::Path;
use std::time::Instant;

use edgeghost_tests::agent::{Ended, Launch};
use edgeghost_tests::event::Event;
use edgeghost_tests::netns::Netns;
use edgeghost_tests::schema::Schema;
use edgeghost_tests::temp::TempDir;
use edgeghost_tests::{binary, tool};
use rustix::process::Signal;

/// Does something while an agent records, in a namespace if one is given; returns how the agent
/// ended, and the recording.
pub(crate) fn recorded(inside: Option<&Netns>, work: impl FnOnce()) -> (Ended, Vec<Event>) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("recording.gz");
    let mut launch = Launch::new().record(Some(path.clone()));
    if let Some(netns) = inside {
        launch = launch.inside(netns);
    }
    let agent = launch.start().unwrap();
    work();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    (ended, read(&path))
}

/// Every line of a recording, held against the schema.
pub(crate) fn read(path: &Path) -> Vec<Event> {
    let schema = Schema::of(&binary::agent().unwrap()).unwrap();
    let text = tool::run("gzip", &["-dc", path.to_str().unwrap()]).unwrap();
    let events: Vec<Event> = text
        .lines()
        .map(|line| Event::new(line.to_owned(), Instant::now()))
        .collect();
    for event in &events {
        let complaints = schema.complaints(&event.value);
        assert!(complaints.is_empty(), "{complaints:?}: {}", event.line);
    }
    events
}
