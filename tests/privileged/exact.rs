//! To the segment and to the byte: what the agent counts is what the kernel counts, where one
//! retransmission can be many segments.

use std::net::TcpStream;
use std::time::Duration;

use anyhow::Result;
use edgeghost_tests::agent::{Ended, Launch};
use edgeghost_tests::config::Config;
use edgeghost_tests::pair::{Host, Kind, Pair};
use edgeghost_tests::traffic;
use edgeghost_tests::witness::{self, Socket};
use rustix::process::Signal;

use crate::totals::{self, Retransmitted};

const LIMIT: Duration = Duration::from_mins(2);

/// Sent in one go.
const BYTES: u64 = 3_000_000;

/// Segments that each host has sent again when the counts are compared.
const SEGMENTS: u64 = 200;

#[test]
fn counts_equal_those_of_the_kernel() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    // Every single retransmission is told, so that those can be added up as well.
    let config = Config::new()
        .set("report", "detail_records_per_second", "1000000")
        .set("report", "detail_burst", "1000000");
    let agent = Launch::new().config(config).start().unwrap();
    let (near_down, far_down) = pair.connect(Kind::V4, 7000).unwrap();
    let (near_up, far_up) = pair.connect(Kind::V4, 7001).unwrap();
    let outbound = pair.lose_outbound(10).unwrap();
    let inbound = pair.lose_inbound(10).unwrap();
    std::thread::scope(|scope| {
        let down = scope.spawn(|| lossy_bulk(&pair.near, &near_down, &far_down));
        let up = scope.spawn(|| lossy_bulk(&pair.far, &far_up, &near_up));
        down.join().unwrap().unwrap();
        up.join().unwrap().unwrap();
    });
    // Everything is acknowledged, and no closing packet will be lost: these counts are final.
    outbound.lift().unwrap();
    inbound.lift().unwrap();
    let of = |host: &Host, stream| witness::socket(&host.netns, stream).unwrap();
    let near = [of(&pair.near, &near_down), of(&pair.near, &near_up)];
    let far = [of(&pair.far, &far_down), of(&pair.far, &far_up)];
    traffic::close_in_order(near_down, far_down, LIMIT).unwrap();
    traffic::close_in_order(far_up, near_up, LIMIT).unwrap();
    let segs = [&pair.near, &pair.far].map(|host| witness::retrans_segs(&host.netns).unwrap());
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    check_host(&ended, &pair.near, &pair.far, &near, segs[0]);
    check_host(&ended, &pair.far, &pair.near, &far, segs[1]);
}

/// Sends until enough has been lost.
fn lossy_bulk(host: &Host, from: &TcpStream, to: &TcpStream) -> Result<()> {
    witness::until_retransmitted(&host.netns, SEGMENTS, LIMIT, || {
        traffic::bulk(from, to, BYTES, LIMIT)
    })
}

/// Compares everything that is told of one host with `ss` on its sockets and with its
/// namespace's `RetransSegs`.
fn check_host(ended: &Ended, host: &Host, peer: &Host, sockets: &[Socket; 2], segs: u64) {
    let expected = Retransmitted {
        segments: sockets.iter().map(|socket| socket.retrans_total).sum(),
        bytes: sockets.iter().map(|socket| socket.bytes_retrans).sum(),
    };
    let (local, remote) = (host.v4.into(), peer.v4.into());
    ended.assert(
        expected.segments >= SEGMENTS,
        &format!("too few to prove anything: {sockets:?}"),
    );
    ended.assert(
        expected.segments == segs,
        "`ss` and RetransSegs differ: the test is at fault",
    );

    let windows = totals::by_windows(ended, &host.netns, local, remote);
    let of_windows = format!("{local}: peer_window {windows:?}, `ss` {expected:?}");
    ended.assert(windows == expected, &of_windows);

    let (netns, syn_acks) = totals::of_netns(ended.last(), host.netns.inode().unwrap());
    let of_netns = format!("{local}: agent_stop {netns:?}, `ss` {expected:?}");
    ended.assert(netns == expected && syn_acks == 0, &of_netns);

    let (events, number) = totals::by_events(ended, local, remote);
    let lost = totals::lost_total(ended.last(), "tcp_retransmit");
    let of_events = format!("{local}: {number} events {events:?}, {lost} lost, `ss` {expected:?}");
    ended.assert(lost > 0 || events == expected, &of_events);
    ended.assert(
        events.segments > number,
        &format!("no retransmission of many: {of_events}"),
    );
}
