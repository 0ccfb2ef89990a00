//! `tcp_cwnd`: the fall of a congestion window, and its way back.

use std::net::Shutdown;
use std::time::{Duration, Instant};

use edgeghost_tests::agent::Launch;
use edgeghost_tests::pair::{Kind, Pair};
use edgeghost_tests::traffic;
use rustix::process::Signal;

const LIMIT: Duration = Duration::from_mins(1);

#[test]
fn a_window_falls_to_the_floor_and_recovers() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let mut agent = Launch::new().start().unwrap();
    let (server, client) = pair.connect(Kind::V4, 7000).unwrap();
    // Enough for a window of some dozen segments, and not for one that takes long to regain.
    traffic::bulk(&server, &client, 60_000, LIMIT).unwrap();
    let loss = pair.lose_outbound(50).unwrap();
    let local = Kind::V4.address(&pair.near);
    let (server, client) = (&server, &client);
    std::thread::scope(|scope| {
        let deadline = Instant::now() + 2 * LIMIT;
        scope.spawn(move || traffic::speak(server, u64::MAX, deadline));
        scope.spawn(move || traffic::hear(client, u64::MAX, deadline));
        let mut change = |which: &str, after: u64| {
            agent.wait_for(&format!("tcp_cwnd {which}"), LIMIT, |event| {
                event.is_about("tcp_cwnd", local)
                    && event.text("tcp.cwnd.change") == which
                    && event.count("event.sequence") > after
            })
        };
        let floor = change("floor", 0);
        loss.lift().unwrap();
        let recovered = floor.as_ref().ok().map(|floor| {
            // A smaller fall and its recovery may have come before.
            change("recovered", floor.count("event.sequence"))
        });
        // Ends the traffic before anything can fail: a panic would wait for it.
        server.shutdown(Shutdown::Both).unwrap();
        client.shutdown(Shutdown::Both).unwrap();
        let floor = floor.unwrap();
        assert!(floor.count("tcp.cwnd.after") <= 2, "{}", floor.line);
        assert!(floor.count("tcp.cwnd.before") >= 4, "{}", floor.line);
        assert_eq!(floor.text("path.class"), "private", "{}", floor.line);
        let recovered = recovered.unwrap().unwrap();
        assert!(recovered.count("tcp.cwnd.after") > 2, "{}", recovered.line);
    });
    agent.stop(Signal::TERM).unwrap().assert_clean();
}
