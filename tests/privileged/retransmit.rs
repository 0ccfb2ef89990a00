//! `tcp_retransmit` for every kind of socket and every kind of segment.

use std::net::SocketAddr;
use std::time::Duration;

use edgeghost_tests::agent::{Agent, Launch};
use edgeghost_tests::event::Event;
use edgeghost_tests::pair::{Host, Kind, Pair};
use edgeghost_tests::{traffic, witness};
use rustix::process::Signal;

use crate::totals;

const LIMIT: Duration = Duration::from_mins(1);
const PORT: u16 = 7000;

#[test]
fn ipv4() {
    seen_and_counted(Kind::V4);
}

#[test]
fn ipv6() {
    seen_and_counted(Kind::V6);
}

#[test]
fn ipv4_on_an_ipv6_socket_is_ipv4() {
    seen_and_counted(Kind::Mapped);
}

fn seen_and_counted(kind: Kind) {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let mut agent = Launch::new().start().unwrap();
    let (server, client) = pair.connect(kind, PORT).unwrap();
    let loss = pair.lose_outbound(20).unwrap();
    witness::until_retransmitted(&pair.near.netns, 10, LIMIT, || {
        traffic::echo(&client, &server, 5, 100, LIMIT)?;
        traffic::bulk(&server, &client, 100_000, LIMIT)
    })
    .unwrap();
    loss.lift().unwrap();
    let seen = witness::socket(&pair.near.netns, &server).unwrap();
    assert!(
        seen.retrans_total > 0,
        "20 % loss and nothing sent again: {seen:?}"
    );
    let (local, peer) = (kind.address(&pair.near), kind.address(&pair.far));
    let event = agent
        .wait_for("its tcp_retransmit", LIMIT, |event| {
            event.is_about("tcp_retransmit", local)
        })
        .unwrap();
    check_event(&event, kind, &pair, &client.local_addr().unwrap());
    traffic::close_in_order(server, client, LIMIT).unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    totals::check_windows(&ended, &pair.near.netns, (local, peer), &seen);
}

fn check_event(event: &Event, kind: Kind, pair: &Pair, client: &SocketAddr) {
    let line = &event.line;
    assert!(event.has_peer(kind.address(&pair.far)), "{line}");
    assert_eq!(event.count("network.local.port"), u64::from(PORT), "{line}");
    assert_eq!(
        event.count("network.peer.port"),
        u64::from(client.port()),
        "{line}"
    );
    assert_eq!(event.text("network.type"), kind.network_type(), "{line}");
    assert_eq!(event.text("network.transport"), "tcp", "{line}");
    assert_eq!(event.text("path.class"), "private", "{line}");
    assert_eq!(
        event.count("tcp.netns"),
        pair.near.netns.inode().unwrap(),
        "{line}"
    );
    let reasons = ["fast", "timeout", "tail_loss_probe"];
    assert!(
        reasons.contains(&event.text("tcp.retransmit.type")),
        "{line}"
    );
    for count in [
        "tcp.retransmit.segments",
        "tcp.retransmit.bytes",
        "tcp.total_retrans",
    ] {
        assert!(event.count(count) >= 1, "{count}: {line}");
    }
    assert!(event.count("tcp.snd_cwnd") >= 1, "{line}");
    assert!(event.count("tcp.srtt_us") >= 1, "{line}");
}

/// A connection that this host opens, and whose first packet is lost.
#[test]
fn a_syn() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    handshake_is_told(&pair, "syn", &pair.near, &pair.far);
}

/// A connection that a peer opens, and whose answer is lost.
#[test]
fn a_syn_ack() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    handshake_is_told(&pair, "syn_ack", &pair.far, &pair.near);
}

fn handshake_is_told(pair: &Pair, kind: &str, opens: &Host, listens: &Host) {
    let mut agent = Launch::new().start().unwrap();
    let at = SocketAddr::new(listens.v4.into(), PORT);
    let listener = listens
        .netns
        .enter(|| traffic::listen(at))
        .unwrap()
        .unwrap();
    let loss = pair.lose_outbound(100).unwrap();
    let client = opens.netns.spawn(move || traffic::connect(None, at, LIMIT));
    let event = wait_for_type(&mut agent, pair, kind);
    assert!(event.has_peer(pair.far.v4.into()), "{}", event.line);
    loss.lift().unwrap();
    let client = client.join().unwrap().unwrap();
    let server = traffic::accept(&listener, LIMIT).unwrap();
    traffic::close_in_order(client, server, LIMIT).unwrap();
    ends_with_equal_totals(agent, pair);
}

fn wait_for_type(agent: &mut Agent, pair: &Pair, kind: &str) -> Event {
    let local = pair.near.v4.into();
    agent
        .wait_for(&format!("a retransmitted {kind}"), LIMIT, |event| {
            event.is_about("tcp_retransmit", local) && event.text("tcp.retransmit.type") == kind
        })
        .unwrap()
}

/// Holds the namespaces' totals against the kernel's.
fn ends_with_equal_totals(agent: Agent, pair: &Pair) {
    let expected = [&pair.near, &pair.far].map(|host| witness::retrans_segs(&host.netns).unwrap());
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    assert!(expected[0] > 0, "nothing was sent again");
    for (host, expected) in [&pair.near, &pair.far].into_iter().zip(expected) {
        let (told, syn_acks) = totals::of_netns(ended.last(), host.netns.inode().unwrap());
        let sum = told.segments + syn_acks;
        ended.assert(
            sum == expected,
            &format!("RetransSegs {expected}, agent_stop {sum}"),
        );
    }
}
