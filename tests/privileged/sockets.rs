//! Snapshots of sockets, held against `ss`.

use std::net::TcpStream;
use std::time::Duration;

use edgeghost::event::SocketFigures;
use edgeghost::flow::FlowKey;
use edgeghost::host::sockets::look;
use edgeghost::path::unmap;
use edgeghost_tests::netns::Netns;
use edgeghost_tests::pair::{Kind, Pair};
use edgeghost_tests::{traffic, witness};

const LIMIT: Duration = Duration::from_mins(1);
const PORT: u16 = 7000;

fn key(stream: &TcpStream) -> FlowKey {
    let (local, peer) = (stream.local_addr().unwrap(), stream.peer_addr().unwrap());
    FlowKey {
        local: unmap(local.ip()),
        local_port: local.port(),
        peer: unmap(peer.ip()),
        peer_port: peer.port(),
        netns: 0,
    }
}

/// What `ss` shows of an idle socket is what the snapshot shows.
fn assert_same(netns: &Netns, stream: &TcpStream, socket: &SocketFigures) {
    let shown = witness::socket(netns, stream).unwrap();
    let ours = witness::Socket {
        retrans_now: socket.retrans.into(),
        retrans_total: socket.total_retrans.into(),
        bytes_retrans: socket.bytes_retrans,
        bytes_sent: socket.bytes_sent,
        bytes_acked: socket.bytes_acked,
        delivered: socket.delivered.into(),
        cwnd: socket.snd_cwnd.into(),
        ssthresh: socket.snd_ssthresh.unwrap_or_default().into(),
        unacked: socket.unacked.into(),
        congestion: socket.congestion_control.clone().unwrap_or_default(),
        ..shown.clone()
    };
    assert_eq!(ours, shown);
}

#[test]
fn both_sides_show_what_ss_shows_and_whose_they_are() {
    crate::require_root();
    for kind in [Kind::V4, Kind::V6, Kind::Mapped] {
        let pair = Pair::new().unwrap();
        let lossy = pair.connect(kind, PORT).unwrap();
        let calm = pair.connect(kind, PORT + 1).unwrap();
        let loss = pair.lose_outbound(20).unwrap();
        witness::until_retransmitted(&pair.near.netns, 20, LIMIT, || {
            traffic::bulk(&lossy.0, &lossy.1, 100_000, LIMIT)
        })
        .unwrap();
        loss.lift().unwrap();
        traffic::bulk(&calm.0, &calm.1, 300_000, LIMIT).unwrap();
        let gone = FlowKey {
            peer_port: 1,
            ..key(&calm.0)
        };
        let (first, second) = ([key(&lossy.0)], [gone, key(&calm.0)]);
        let taken = pair.near.netns.enter(|| look(&first, &second)).unwrap();
        let sockets = [taken.first.as_slice(), taken.second.as_slice()];
        let [[bad], [good]] = sockets else {
            panic!("{kind:?}: one of each: {taken:#?}");
        };
        assert_same(&pair.near.netns, &lossy.0, bad);
        assert_same(&pair.near.netns, &calm.0, good);
        assert!(
            bad.total_retrans >= 20 && good.total_retrans == 0,
            "{taken:#?}"
        );
        for (socket, wanted) in [(bad, first[0]), (good, second[1])] {
            let ends = (socket.local.address, socket.local.port);
            assert_eq!(ends, (wanted.local, wanted.local_port), "{taken:#?}");
            let process = socket.process.as_ref().expect("whose it is");
            assert_eq!(process.pid, std::process::id(), "{taken:#?}");
            let name = std::fs::read_to_string("/proc/self/comm").unwrap();
            assert_eq!(process.name, name.trim(), "{taken:#?}");
        }
        println!("{kind:?}: looked at in {:?}", taken.took);
    }
}

/// The namespace of the caller is looked at, and no other.
#[test]
fn another_namespaces_socket_is_not_found() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let (near, _far) = pair.connect(Kind::V4, PORT).unwrap();
    let key = [key(&near)];
    let elsewhere = pair.far.netns.enter(|| look(&key, &[])).unwrap();
    assert!(elsewhere.first.is_empty(), "{elsewhere:#?}");
    let here = pair.near.netns.enter(|| look(&key, &[])).unwrap();
    assert_eq!(here.first.len(), 1, "{here:#?}");
}
