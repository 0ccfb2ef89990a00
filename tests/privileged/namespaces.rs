//! Several namespaces at once.

use std::time::Duration;

use edgeghost_tests::agent::Launch;
use edgeghost_tests::pair::{Addresses, Kind, Pair};
use edgeghost_tests::{traffic, witness};
use rustix::process::Signal;

use crate::totals;

const LIMIT: Duration = Duration::from_mins(1);
const PORT: u16 = 7000;
const FAR_PORT: u16 = 45_000;

/// As of containers with equal address plans: everything the same except the namespace.
#[test]
fn equal_addresses_and_ports_are_told_apart() {
    crate::require_root();
    let addresses = Addresses::unique();
    let pairs = [0, 1].map(|_| Pair::with_addresses(addresses).unwrap());
    let inodes = pairs
        .each_ref()
        .map(|pair| pair.near.netns.inode().unwrap());
    assert_ne!(inodes[0], inodes[1]);
    let mut agent = Launch::new().start().unwrap();
    let streams = pairs
        .each_ref()
        .map(|pair| pair.connect_between(Kind::V4, PORT, FAR_PORT).unwrap());
    let losses = pairs.each_ref().map(|pair| pair.lose_outbound(15).unwrap());
    // Different amounts, so that one cannot be taken for the other.
    for ((pair, (server, client)), least) in pairs.iter().zip(&streams).zip([10, 100]) {
        witness::until_retransmitted(&pair.near.netns, least, LIMIT, || {
            traffic::bulk(server, client, 200_000, LIMIT)
        })
        .unwrap();
    }
    for loss in losses {
        loss.lift().unwrap();
    }
    let local = pairs[0].near.v4.into();
    for inode in inodes {
        let event = agent
            .wait_for("a retransmission of each namespace", LIMIT, |event| {
                event.is_about("tcp_retransmit", local) && event.count("tcp.netns") == inode
            })
            .unwrap();
        assert_eq!(
            event.count("network.local.port"),
            u64::from(PORT),
            "{}",
            event.line
        );
        assert_eq!(
            event.count("network.peer.port"),
            u64::from(FAR_PORT),
            "{}",
            event.line
        );
    }
    let mut expected = Vec::new();
    for (pair, (server, _)) in pairs.iter().zip(&streams) {
        let socket = witness::socket(&pair.near.netns, server).unwrap();
        expected.push(socket.retrans_total);
    }
    for (server, client) in streams {
        traffic::close_in_order(server, client, LIMIT).unwrap();
    }
    let segs = pairs
        .each_ref()
        .map(|pair| witness::retrans_segs(&pair.near.netns).unwrap());
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    for (inode, segs) in inodes.into_iter().zip(segs) {
        let (told, syn_acks) = totals::of_netns(ended.last(), inode);
        let sum = told.segments + syn_acks;
        ended.assert(
            sum == segs,
            &format!("netns {inode}: RetransSegs {segs}, told {sum}"),
        );
    }
    for (pair, expected) in pairs.iter().zip(expected) {
        let far = pair.far.v4.into();
        let told = totals::by_windows(&ended, &pair.near.netns, local, far).segments;
        ended.assert(
            told == expected,
            &format!("peer_window {told}, `ss` {expected}"),
        );
    }
}
