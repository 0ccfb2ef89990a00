//! kill -9, again and again, in the midst of writing.

use std::time::{Duration, Instant};

use edgeghost_tests::agent::Launch;
use edgeghost_tests::pair::{Kind, Pair};
use edgeghost_tests::temp::TempDir;
use edgeghost_tests::{traffic, wait};
use rustix::process::Signal;

use super::{LIMIT, events, file, talkative};

const KILLS: usize = 5;

#[test]
fn a_kill_at_any_moment_leaves_at_worst_one_torn_line() {
    crate::require_root();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("events.ndjson");
    let pair = Pair::new().unwrap();
    let (server, client) = pair.connect(Kind::V4, 7000).unwrap();
    let _loss = pair.lose_outbound(20).unwrap();
    let (server, client) = (&server, &client);
    std::thread::scope(|scope| {
        let deadline = Instant::now() + Duration::from_mins(3);
        scope.spawn(move || traffic::speak(server, u64::MAX, deadline));
        scope.spawn(move || traffic::hear(client, u64::MAX, deadline));
        for round in 0..=KILLS {
            let before = events(&path).len();
            let config = talkative().sink(file(&path, ""));
            let agent = Launch::new().config(config).start_unwatched().unwrap();
            // Another number of lines each time: another moment.
            let enough = before + 2 + 3 * round;
            let written = wait::until_true("lines of this run", LIMIT, || {
                Ok(events(&path).len() >= enough)
            });
            let last = round == KILLS;
            let ended = agent
                .stop(if last { Signal::TERM } else { Signal::KILL })
                .unwrap();
            ended.assert(written.is_ok(), "it does not write");
            ended.assert(ended.status.success() == last, "it ended otherwise");
        }
        // Ends the traffic, too.
        server.shutdown(std::net::Shutdown::Both).unwrap();
        client.shutdown(std::net::Shutdown::Both).unwrap();
    });
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.ends_with('\n'), "the last line has no end");
    let all = events(&path);
    let (good, torn): (Vec<_>, Vec<_>) = all.iter().partition(|event| event.value.is_object());
    assert!(torn.len() <= KILLS, "{torn:#?}");
    let runs: Vec<_> = good
        .chunk_by(|a, b| a.text("event.run_id") == b.text("event.run_id"))
        .collect();
    assert_eq!(runs.len(), KILLS + 1);
    for run in runs {
        assert_eq!(run[0].name(), "agent_start");
        for (event, number) in run.iter().zip(1..) {
            assert_eq!(event.count("event.sequence"), number, "{}", event.line);
        }
    }
}
