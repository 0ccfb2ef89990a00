//! The ways to an end.

use std::time::{Duration, Instant};

use edgeghost_tests::agent::Launch;
use edgeghost_tests::config::Config;
use edgeghost_tests::pair::{Kind, Pair};
use edgeghost_tests::traffic;
use rustix::process::Signal;

/// How long the end may take.
const LIMIT: Duration = Duration::from_secs(2);

#[test]
fn sigterm_stops_it_in_the_midst_of_traffic() {
    stops(Signal::TERM, "SIGTERM");
}

#[test]
fn sigint_stops_it_in_the_midst_of_traffic() {
    stops(Signal::INT, "SIGINT");
}

fn stops(signal: Signal, name: &str) {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let mut agent = Launch::new().start().unwrap();
    let (server, client) = pair.connect(Kind::V4, 7000).unwrap();
    let _loss = pair.lose_outbound(10).unwrap();
    let (server, client) = (&server, &client);
    let ended = std::thread::scope(|scope| {
        let deadline = Instant::now() + Duration::from_mins(1);
        scope.spawn(move || traffic::speak(server, u64::MAX, deadline));
        scope.spawn(move || traffic::hear(client, u64::MAX, deadline));
        let local = Kind::V4.address(&pair.near);
        agent
            .wait_for("a retransmission", Duration::from_secs(30), |event| {
                event.is_about("tcp_retransmit", local)
            })
            .unwrap();
        let ended = agent.stop(signal).unwrap();
        // Ends the traffic, too.
        server.shutdown(std::net::Shutdown::Both).unwrap();
        client.shutdown(std::net::Shutdown::Both).unwrap();
        ended
    });
    ended.assert_clean();
    ended.assert(
        ended.took <= LIMIT,
        &format!("the end took {:?}", ended.took),
    );
    ended.assert(
        ended.last().text("agent.reason") == name,
        "the reason is not the signal",
    );
    ended.assert(
        ended.last().number("agent.uptime_seconds").is_some(),
        "no uptime",
    );
}

/// As of `edgeghost run | head`: the reader has seen enough, and that is no failure.
#[test]
fn a_closed_standard_output_ends_it_quietly() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let config = Config::new()
        .set("window", "seconds", "1.0")
        .set("health", "seconds", "1.0");
    let agent = Launch::new().config(config).start().unwrap();
    let (server, client) = pair.connect(Kind::V4, 7000).unwrap();
    traffic::echo(&client, &server, 100, 100, Duration::from_secs(10)).unwrap();
    agent.close_stdout();
    let ended = agent.wait_end().unwrap();
    ended.assert(
        ended.status.success(),
        &format!("it ended with {}", ended.status),
    );
    ended.assert(!ended.stderr.contains("panicked"), "it panicked");
    ended.assert(!ended.stderr.contains("ERROR"), "it complained");
}
