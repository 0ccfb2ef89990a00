//! What a recording tells of interfaces, drivers, queues and routes, beside what `ip` and `tc`
//! tell of the same.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use edgeghost_tests::event::Event;
use edgeghost_tests::netns::Netns;
use edgeghost_tests::pair::{DEVICE, Kind, Pair};
use edgeghost_tests::{tool, traffic, wait, witness};
use serde_json::Value;

use crate::recording::recorded;

const LIMIT: Duration = Duration::from_mins(1);

/// In so long, everything is read twice: it is read every ten seconds.
const TWO_READINGS: Duration = Duration::from_secs(22);

/// A program's answer in JSON, in a namespace.
fn ask(netns: &Netns, program: &str, line: &str) -> Value {
    let words: Vec<&str> = line.split_whitespace().collect();
    let answer = netns.enter(|| tool::run(program, &words)).unwrap().unwrap();
    serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{line}: {error}: {answer}"))
}

/// The interface's standard counters, as `ip` has them.
fn link(netns: &Netns) -> Value {
    ask(netns, "ip", &format!("-s -s -j link show dev {DEVICE}"))[0]["stats64"].clone()
}

/// Keeps a connection busy, as a host is: an idle one is not looked at.
fn talk(near: &TcpStream, far: &TcpStream, least: Duration) {
    let end = Instant::now() + least;
    while Instant::now() < end {
        traffic::echo(far, near, 1, 100, LIMIT).unwrap();
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What is read every ten seconds.
fn details(events: &[Event]) -> Vec<&Value> {
    let ticks = events.iter().filter(|event| event.name() == "host_sample");
    let details = ticks.map(|event| event.get("host_sample.detail"));
    details.filter(|detail| detail.is_object()).collect()
}

/// Sum of a counter of the interface over all readings.
fn sum(details: &[&Value], counter: &str) -> u64 {
    let of = details.iter().filter_map(|detail| {
        let interfaces = detail["interfaces"].as_array()?;
        let device = interfaces.iter().find(|known| known["name"] == DEVICE)?;
        device.pointer(counter)?.as_u64()
    });
    of.sum()
}

#[test]
fn queues_and_links_are_as_ip_and_tc_tell() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let netns = &pair.near.netns;
    let by_far = format!("route add default via {} dev {DEVICE}", pair.far.v4);
    netns.ip(&by_far).unwrap();
    let (mut before, mut after, mut dropped) = (Value::Null, Value::Null, 0);
    let (_, events) = recorded(Some(netns), || {
        let (near, far) = pair.connect(Kind::V4, 7000).unwrap();
        // The first reading is a baseline.
        talk(&near, &far, TWO_READINGS / 2);
        before = link(netns);
        let drops =
            || ask(netns, "tc", &format!("-s -j qdisc show dev {DEVICE}"))[0]["drops"].as_u64();
        let limit = format!("qdisc add dev {DEVICE} root tbf rate 1mbit burst 2000 limit 4000");
        let words: Vec<&str> = limit.split_whitespace().collect();
        netns.enter(|| tool::run("tc", &words)).unwrap().unwrap();
        wait::until_true("the queue drops packets", LIMIT, || {
            traffic::bulk(&near, &far, 60_000, LIMIT)?;
            Ok(drops() >= Some(5))
        })
        .unwrap();
        netns.ip(&format!("link set {DEVICE} down")).unwrap();
        netns.ip(&format!("link set {DEVICE} up")).unwrap();
        netns.ip(&by_far).unwrap();
        talk(&near, &far, TWO_READINGS);
        (after, dropped) = (link(netns), drops().unwrap());
        talk(&near, &far, TWO_READINGS / 2);
    });
    let details = details(&events);
    let shown = format!("{details:#?}");
    assert!(details.len() >= 3, "{shown}");
    assert!(
        sum(&details, "/queue_drops") >= dropped,
        "{dropped}: {shown}"
    );
    let of = |counts: &Value, path: &str| counts.pointer(path).and_then(Value::as_u64).unwrap();
    let changes = of(&after, "/tx/carrier_changes") - of(&before, "/tx/carrier_changes");
    assert!(changes >= 2, "{before} {after}");
    assert_eq!(sum(&details, "/carrier_changes"), changes, "{shown}");
    for (counter, witness) in [
        ("/rx_errors", "/rx/errors"),
        ("/tx_errors", "/tx/errors"),
        ("/tx_dropped", "/tx/dropped"),
    ] {
        let grown = of(&after, witness) - of(&before, witness);
        assert_eq!(sum(&details, counter), grown, "{counter}: {shown}");
    }
    let ticks = events
        .iter()
        .filter_map(|e| e.get("host_sample.local_drops").as_u64());
    assert!(ticks.sum::<u64>() >= dropped, "each second, too: {shown}");
    let last = &details.last().unwrap()["interfaces"][0];
    assert_eq!(last["driver"]["name"], "veth", "{shown}");
    assert_eq!(
        (&last["in_use"], &last["carrier"]),
        (&true.into(), &true.into()),
        "{shown}"
    );
    let routes = &details[0]["routes"][0];
    assert_eq!(
        (&routes["kind"], &routes["prefix"]),
        (&"unicast".into(), &0.into()),
        "{shown}"
    );
    assert_eq!(routes["gateway"], pair.far.v4.to_string(), "{shown}");
}

#[test]
fn a_blackhole_on_the_way_to_the_peer_that_suffers_is_seen() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let netns = &pair.near.netns;
    // A public peer, for those are the ones that suffer in an incident.
    let [_, second, third, _] = pair.far.v4.octets();
    let peer = Ipv4Addr::new(198, 18 + second % 2, third, 2);
    pair.far.netns.address(DEVICE, peer.into(), 32).unwrap();
    netns
        .ip(&format!(
            "route add default via {} dev {DEVICE}",
            pair.far.v4
        ))
        .unwrap();
    let (_, events) = recorded(Some(netns), || {
        let at = SocketAddr::new(IpAddr::from(pair.near.v4), 7000);
        let listener = netns.enter(|| traffic::listen(at)).unwrap().unwrap();
        let from = Some(SocketAddr::new(peer.into(), 0));
        let far = pair.far.netns.enter(|| traffic::connect(from, at, LIMIT));
        let far = far.unwrap().unwrap();
        let near = traffic::accept(&listener, LIMIT).unwrap();
        let loss = pair.lose_outbound(20).unwrap();
        witness::until_retransmitted(netns, 10, LIMIT, || {
            traffic::bulk(&near, &far, 100_000, LIMIT)
        })
        .unwrap();
        loss.lift().unwrap();
        talk(&near, &far, TWO_READINGS);
        netns.ip(&format!("route add blackhole {peer}/32")).unwrap();
        let own = pair.connect(Kind::V4, 7001).unwrap();
        talk(&own.0, &own.1, TWO_READINGS);
    });
    let details = details(&events);
    let shown = format!("{details:#?}");
    let kinds: Vec<&Value> = details
        .iter()
        .filter_map(|detail| detail["routes"].as_array())
        .flatten()
        .filter(|route| route["peer"] == peer.to_string())
        .map(|route| &route["kind"])
        .collect();
    assert_eq!(kinds.first(), Some(&&"unicast".into()), "{shown}");
    assert_eq!(kinds.last(), Some(&&"blackhole".into()), "{shown}");
}
