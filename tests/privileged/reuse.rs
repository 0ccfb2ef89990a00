//! A socket that is connected again: totals from zero, other ends, the same `struct sock`.

use std::net::{Ipv4Addr, SocketAddrV4};

use edgeghost_tests::agent::Launch;
use edgeghost_tests::event::Event;
use edgeghost_tests::pair::Pair;
use edgeghost_tests::witness;
use rustix::net::sockopt::{set_socket_reuseaddr, set_tcp_user_timeout};
use rustix::net::{AddressFamily, SocketType, connect, socket};
use rustix::process::Signal;

use crate::totals;

/// `TCP_USER_TIMEOUT` of each attempt, milliseconds: time for two SYNs sent again.
const ATTEMPT_MS: u32 = 4_000;

/// A failed connection attempt ends in `tcp_disconnect`, and the next one on the same socket
/// begins from zero: nothing may be counted twice, and nothing backwards.
#[test]
fn attempts_on_one_socket_are_counted_each() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let agent = Launch::new().start().unwrap();
    // Nobody answers, not even with a reset.
    let silence = pair.lose_outbound(100).unwrap();
    let far = pair.far.v4;
    let attempts = pair.near.netns.enter(move || {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
        set_socket_reuseaddr(&socket, true)?;
        set_tcp_user_timeout(&socket, ATTEMPT_MS)?;
        let answers = [9_u16, 10, 9].map(|port| connect(&socket, &to(far, port)).is_err());
        rustix::io::Result::Ok(answers)
    });
    assert_eq!(attempts.unwrap(), Ok([true; 3]), "somebody answered");
    silence.lift().unwrap();
    let segs = witness::retrans_segs(&pair.near.netns).unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    let (told, _) = totals::of_netns(ended.last(), pair.near.netns.inode().unwrap());
    ended.assert(segs > 0, "no SYN was sent again");
    ended.assert(
        told.segments == segs,
        &format!("RetransSegs {segs}, told {}", told.segments),
    );
    let inode = pair.near.netns.inode().unwrap();
    let events: Vec<_> = ended
        .named("tcp_retransmit")
        .filter(|event| event.count("tcp.netns") == inode)
        .collect();
    for event in &events {
        let port = event.count("network.peer.port");
        ended.assert(
            event.count("tcp.retransmit.segments") == 1 && (port == 9 || port == 10),
            &format!("not a SYN to 9 or 10: {}", event.line),
        );
    }
    let second = |event: &&Event| event.count("network.peer.port") == 10;
    ended.assert(
        events.iter().copied().any(|event| second(&event)),
        "the second attempt is told with the first one's port",
    );
}

fn to(address: Ipv4Addr, port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(address, port)
}
