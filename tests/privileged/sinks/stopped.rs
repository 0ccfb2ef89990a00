//! A reader that stops reading, and goes on.

use std::fs::File;
use std::process::Child;
use std::time::{Duration, Instant};

use edgeghost_tests::agent::{Agent, Launch};
use edgeghost_tests::pair::{Kind, Pair};
use edgeghost_tests::temp::TempDir;
use edgeghost_tests::{tool, traffic, wait};
use rustix::process::{Pid, Signal, kill_process};

use super::{LIMIT, assert_same, events, file, is_told, sequences, sink, talkative};

/// The reader takes nothing for so long at least, seconds.
const STOPPED: f64 = 30.0;

/// A program that copies a pipe to a file; ended with the test.
struct Reader(Child);

impl Reader {
    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // It may be stopped, or have ended.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_reader_stopped_for_half_a_minute_holds_up_nobody_and_finds_the_gap_counted() {
    crate::require_root();
    let folder = TempDir::new().unwrap();
    let [pipe, copy, other] = ["pipe", "copy", "other"].map(|name| folder.path().join(name));
    tool::run("mkfifo", &[pipe.to_str().unwrap()]).unwrap();
    let mut command = tool::command("cat");
    command.arg(&pipe).stdout(File::create(&copy).unwrap());
    let mut reader = Reader(command.spawn().unwrap());
    let config = talkative()
        .sink(file(&pipe, "queue_lines = 64"))
        .sink(file(&other, ""))
        .sink("kind = \"stdout\"");
    let mut agent = Launch::new().config(config).start().unwrap();
    wait::until_true(
        "lines past the pipe",
        LIMIT,
        || Ok(events(&copy).len() >= 3),
    )
    .unwrap();
    reader.signal(Signal::STOP);
    overwhelm(&mut agent);
    agent
        .wait_for("half a minute of it", LIMIT, |event| {
            let seconds = sink(event, 0)["failing_seconds"].as_f64();
            seconds.is_some_and(|seconds| seconds >= STOPPED)
        })
        .unwrap();
    reader.signal(Signal::CONT);
    agent
        .wait_until("the reader to be told well", LIMIT, |events| {
            let stuck = events
                .iter()
                .rposition(|event| is_told(event, 0, "failing"))?;
            let well = events
                .iter()
                .rposition(|event| is_told(event, 0, "working"))?;
            (well > stuck).then_some(())
        })
        .unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    assert_same(&ended, &other);
    wait::until_true("the reader's end", LIMIT, || {
        Ok(reader.0.try_wait()?.is_some())
    })
    .unwrap();
    let read = events(&copy);
    let order = sequences(&read);
    ended.assert(
        order.is_sorted_by(|before, after| before < after),
        &format!("not in order, or not once: {order:?}"),
    );
    let lost = ended.events.len() - read.len();
    let counted: u64 = ended
        .last()
        .list("agent.lost")
        .iter()
        .filter(|lost| {
            lost["reason"]
                .as_str()
                .is_some_and(|why| why.ends_with(".not_written"))
        })
        .map(|lost| lost["total"].as_u64().unwrap())
        .sum();
    ended.assert(
        lost > 0 && lost as u64 == counted,
        &format!("the reader lacks {lost} lines, and {counted} are counted"),
    );
    // What matters is there.
    let has = |name: &str| read.iter().any(|event| event.name() == name);
    ended.assert(
        has("agent_start") && has("agent_stop"),
        "first or last line lost",
    );
}

/// Retransmissions until the first output sheds them and is told to be stuck.
fn overwhelm(agent: &mut Agent) {
    let pair = Pair::new().unwrap();
    let (server, client) = pair.connect(Kind::V4, 7000).unwrap();
    let _loss = pair.lose_outbound(30).unwrap();
    let (server, client) = (&server, &client);
    std::thread::scope(|scope| {
        let deadline = Instant::now() + Duration::from_mins(2);
        scope.spawn(move || traffic::speak(server, u64::MAX, deadline));
        scope.spawn(move || traffic::hear(client, u64::MAX, deadline));
        let told = agent.wait_for("the stuck reader and what it misses", LIMIT * 2, |event| {
            let lost = sink(event, 0)["lost"].as_array();
            is_told(event, 0, "failing") && lost.is_some_and(|lost| !lost.is_empty())
        });
        // Ends the traffic, too.
        server.shutdown(std::net::Shutdown::Both).unwrap();
        client.shutdown(std::net::Shutdown::Both).unwrap();
        let told = told.unwrap();
        assert_eq!(
            sink(&told, 0)["error"],
            "its reader does not read",
            "{}",
            told.line
        );
        for other in [1, 2] {
            assert_eq!(sink(&told, other)["lost"].as_array().map(Vec::len), Some(0));
        }
    });
}
