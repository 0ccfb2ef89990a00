//! The wire of the real scenarios: what it lets through takes its time, what it loses is lost.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use edgeghost_tests::netns::{Netns, Network};
use edgeghost_tests::relay::{Fate, Relay, Way};
use edgeghost_tests::tun::Tun;
use edgeghost_tests::{traffic, witness};

const LIMIT: Duration = Duration::from_secs(30);
const ONE_WAY: Duration = Duration::from_millis(30);

const HOST: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 99);
/// One whose packets arrive, and one who loses every fourth that is sent to it.
const SOUND: Ipv4Addr = Ipv4Addr::new(240, 0, 0, 1);
const LOSING: Ipv4Addr = Ipv4Addr::new(240, 1, 0, 1);

fn end(network: &mut Network, role: &str, addresses: &[Ipv4Addr]) -> (Netns, Tun) {
    let netns = network.namespace(role).unwrap();
    let device = Tun::new(&netns, "tun0").unwrap();
    for address in addresses {
        netns.address("lo", IpAddr::from(*address), 32).unwrap();
    }
    netns.ip("route add default dev tun0").unwrap();
    (netns, device)
}

fn fate() -> Fate {
    let mut sent = 0_u32;
    Box::new(move |now, way, peer| {
        if peer == LOSING && way == Way::Out {
            sent += 1;
            if sent.is_multiple_of(4) {
                return None;
            }
        }
        Some(now + ONE_WAY)
    })
}

#[test]
fn packets_take_their_time_and_only_those_of_one_peer_are_lost() {
    crate::require_root();
    let mut network = Network::new();
    let (host, near) = end(&mut network, "host", &[HOST]);
    let (peers, far) = end(&mut network, "peers", &[SOUND, LOSING]);
    let relay = Relay::start(near, far, fate());
    let talk = |peer: Ipv4Addr, port: u16| {
        let (at, from) = (SocketAddr::from((HOST, port)), SocketAddr::from((peer, 0)));
        let listener = host.enter(|| traffic::listen(at)).unwrap().unwrap();
        let connect = || traffic::connect(Some(from), at, LIMIT);
        let client = peers.enter(connect).unwrap().unwrap();
        let server = traffic::accept(&listener, LIMIT).unwrap();
        let begin = Instant::now();
        traffic::echo(&client, &server, 1, 100, LIMIT).unwrap();
        let took = begin.elapsed();
        traffic::bulk(&server, &client, 100_000, LIMIT).unwrap();
        let socket = witness::socket(&host, &server).unwrap();
        (took, socket.retrans_total, socket.data_segs_out)
    };
    let (took, again, segments) = talk(SOUND, 7000);
    assert!(took >= 2 * ONE_WAY && took < 4 * ONE_WAY, "{took:?}");
    assert_eq!(again, 0);
    // Without offloads every packet is one segment, as on a wire.
    assert!(segments >= 70, "{segments}");
    let (_, again, _) = talk(LOSING, 7001);
    assert!(again >= 10, "{again}");
    let passed = relay.end().unwrap();
    assert!(passed.lost >= 20 && passed.packets >= 150, "{passed:?}");
    assert_eq!(passed.refused, 0);
    assert_eq!(network.remove(), Vec::<String>::new());
}
