//! What a recording tells of a flow's way in, and of how it came about, against `ss`.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use edgeghost_tests::event::Event;
use edgeghost_tests::netns::Netns;
use edgeghost_tests::pair::{Host, Kind, Pair};
use edgeghost_tests::witness::Socket;
use edgeghost_tests::{traffic, wait, witness};

use crate::recording::recorded;

const LIMIT: Duration = Duration::from_mins(2);

/// Until nothing is on its way any more, a report of a duplicate included.
const CALM: Duration = Duration::from_millis(700);

/// The samples of the flow at a local port of a host.
fn samples<'a>(events: &'a [Event], host: &Host, port: u16) -> Vec<&'a Event> {
    let (local, netns) = (host.v4.into(), host.netns.inode().unwrap());
    events
        .iter()
        .filter(|event| event.is_about("flow_sample", local))
        .filter(|event| event.count("network.local.port") == u64::from(port))
        .filter(|event| event.count("tcp.netns") == netns)
        .collect()
}

/// What the samples tell in all, in the words of `ss`.
fn sum(samples: &[&Event]) -> Socket {
    let all = |name: &str| -> u64 {
        let path = format!("tcp.{name}");
        samples.iter().map(|event| event.count(&path)).sum()
    };
    Socket {
        data_segs_in: all("segments_received"),
        rcv_ooopack: all("segments_out_of_order"),
        dsack_dups: all("segments_duplicated"),
        reord_seen: all("reordered"),
        rwnd_limited_ms: all("rwnd_limited_ms"),
        ..Socket::default()
    }
}

/// Of what `ss` says, the part that [`sum`] tells.
fn part(socket: &Socket) -> Socket {
    Socket {
        data_segs_in: socket.data_segs_in,
        rcv_ooopack: socket.rcv_ooopack,
        dsack_dups: socket.dsack_dups,
        reord_seen: socket.reord_seen,
        rwnd_limited_ms: socket.rwnd_limited_ms,
        ..Socket::default()
    }
}

/// Repeats `round` until `ss` says of `near`'s end what `enough` asks for.
fn until(
    netns: &Netns,
    near: &TcpStream,
    enough: impl Fn(&Socket) -> bool,
    mut round: impl FnMut() -> anyhow::Result<()>,
) {
    wait::until_true("enough of the loss to show", LIMIT, || {
        round()?;
        Ok(enough(&witness::socket(netns, near)?))
    })
    .unwrap();
}

#[test]
fn loss_on_the_way_in_shows_as_ss_shows_it() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let mut expected = Vec::new();
    let (ended, events) = recorded(None, || {
        let (near_talk, far_talk) = pair.connect(Kind::V4, 7000).unwrap();
        let (near_upload, far_upload) = pair.connect(Kind::V4, 7001).unwrap();
        let loss = pair.lose_inbound(20).unwrap();
        let netns = &pair.near.netns;
        std::thread::scope(|scope| {
            // What is answered is sent again when its acknowledgement is lost: a duplicate.
            scope.spawn(|| {
                let enough = |socket: &Socket| socket.dsack_dups >= 3;
                until(netns, &near_talk, enough, || {
                    traffic::echo(&far_talk, &near_talk, 5, 100, LIMIT)
                });
            });
            scope.spawn(|| {
                let enough = |socket: &Socket| socket.rcv_ooopack >= 20;
                until(netns, &near_upload, enough, || {
                    traffic::bulk(&far_upload, &near_upload, 300_000, LIMIT)
                });
            });
        });
        loss.lift().unwrap();
        for stream in [&near_talk, &far_talk] {
            traffic::wait_all_acked(stream, LIMIT).unwrap();
        }
        std::thread::sleep(CALM);
        for stream in [&near_talk, &near_upload] {
            expected.push(witness::socket(&pair.near.netns, stream).unwrap());
        }
        traffic::close_in_order(near_talk, far_talk, LIMIT).unwrap();
        traffic::close_in_order(far_upload, near_upload, LIMIT).unwrap();
    });
    for (port, socket) in [7000, 7001].into_iter().zip(&expected) {
        let samples = samples(&events, &pair.near, port);
        let told = sum(&samples);
        let faults = format!("port {port}: told {told:?}, `ss` {socket:?}");
        ended.assert(told == part(socket), &faults);
        ended.assert(samples.len() >= 2, &format!("too few samples: {faults}"));
        for (number, sample) in samples.iter().enumerate() {
            assert_eq!(sample.text("network.type"), "ipv4", "{}", sample.line);
            assert_eq!(sample.get("tcp.established"), true, "{}", sample.line);
            assert_eq!(sample.get("tcp.known"), number > 0, "{}", sample.line);
        }
        let ages: Vec<u64> = samples.iter().map(|s| s.count("tcp.age_ms")).collect();
        assert!(ages.is_sorted() && ages.last() > Some(&500), "{ages:?}");
    }
    assert!(expected[1].data_segs_in >= 100, "{expected:?}");
}

/// A receiver that does not read holds the sender back.
#[test]
fn time_held_back_by_the_peer_is_what_ss_shows() {
    const BYTES: u64 = 3_000_000;
    crate::require_root();
    let pair = Pair::new().unwrap();
    let mut expected = Socket::default();
    let (ended, events) = recorded(None, || {
        let (near, far) = pair.connect(Kind::V4, 7000).unwrap();
        let deadline = Instant::now() + LIMIT;
        std::thread::scope(|scope| {
            scope.spawn(|| traffic::speak(&near, BYTES, deadline).unwrap());
            std::thread::sleep(Duration::from_millis(1_500));
            traffic::hear(&far, BYTES, deadline).unwrap();
        });
        traffic::wait_all_acked(&near, LIMIT).unwrap();
        expected = witness::socket(&pair.near.netns, &near).unwrap();
        traffic::close_in_order(near, far, LIMIT).unwrap();
    });
    let told = sum(&samples(&events, &pair.near, 7000));
    let faults = format!("told {told:?}, `ss` {expected:?}");
    ended.assert(told == part(&expected), &faults);
    ended.assert((1_000..5_000).contains(&told.rwnd_limited_ms), &faults);
}

#[test]
fn an_attempt_that_fails_was_never_established() {
    const PORT: u16 = 7009;
    crate::require_root();
    let pair = Pair::new().unwrap();
    let (_, events) = recorded(None, || {
        let loss = pair.lose_inbound(100).unwrap();
        let from = SocketAddr::new(pair.near.v4.into(), PORT);
        let to = SocketAddr::new(pair.far.v4.into(), 7000);
        let _listener = pair.far.netns.enter(|| traffic::listen(to)).unwrap();
        // Long enough for a SYN to be sent again, which is how the agent hears of it.
        let patience = Duration::from_millis(3_500);
        let attempt = pair
            .near
            .netns
            .enter(|| traffic::connect(Some(from), to, patience))
            .unwrap();
        assert!(attempt.is_err(), "it came through");
        loss.lift().unwrap();
    });
    let samples = samples(&events, &pair.near, PORT);
    let last = samples.last().unwrap();
    assert_eq!(last.get("tcp.closed"), true, "{}", last.line);
    for sample in samples {
        assert_eq!(sample.get("tcp.established"), false, "{}", sample.line);
        assert!(sample.get("tcp.age_ms").is_null(), "{}", sample.line);
    }
}
