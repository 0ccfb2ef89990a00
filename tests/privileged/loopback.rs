//! What never leaves the host is not told.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use edgeghost_tests::agent::Launch;
use edgeghost_tests::config::Config;
use edgeghost_tests::nft::{Loss, Where};
use edgeghost_tests::pair::{Kind, Pair};
use edgeghost_tests::{traffic, witness};
use rustix::process::Signal;

const LIMIT: Duration = Duration::from_mins(1);

#[test]
fn loopback_is_left_out_even_when_it_retransmits() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let config = Config::new()
        .set("health", "seconds", "1.0")
        .set("window", "seconds", "1.0");
    let mut agent = Launch::new().config(config).start().unwrap();
    let loss = Loss::new(&pair.near.netns, Where::Arrival("lo"), 20).unwrap();
    let (server, client) = pair.connect_loopback(7000).unwrap();
    witness::until_retransmitted(&pair.near.netns, 3, LIMIT, || {
        traffic::echo(&client, &server, 5, 100, LIMIT)
    })
    .unwrap();
    loss.lift().unwrap();
    let segs = witness::retrans_segs(&pair.near.netns).unwrap();
    assert!(segs > 0, "20 % loss on the loopback and nothing sent again");

    // What comes after it is told, so that the silence is not that of an agent gone deaf.
    let loss = pair.lose_outbound(20).unwrap();
    let (near, far) = pair.connect(Kind::V4, 7000).unwrap();
    witness::until_retransmitted(&pair.near.netns, 3, LIMIT, || {
        traffic::echo(&far, &near, 5, 100, LIMIT)
    })
    .unwrap();
    loss.lift().unwrap();
    let local = pair.near.v4.into();
    agent
        .wait_for("the cable's retransmissions", LIMIT, |event| {
            event.is_about("tcp_retransmit", local)
        })
        .unwrap();
    agent
        .wait_for("the loopback flows in the count", LIMIT, |event| {
            event.name() == "agent_health" && event.count("agent.flows_loopback") >= 2
        })
        .unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    let loopback = [
        IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::from(Ipv6Addr::LOCALHOST),
    ];
    for event in &ended.events {
        for path in ["network.local.address", "network.peer.address"] {
            let address = event.text(path).parse::<IpAddr>();
            let told = address.is_ok_and(|address| loopback.contains(&address));
            ended.assert(!told, &format!("the loopback is told: {}", event.line));
        }
    }
}
