//! What a recording tells of the host that the agent runs on.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use edgeghost_tests::event::Event;
use edgeghost_tests::pair::{Kind, Pair};
use edgeghost_tests::{traffic, witness};
use serde_json::Value;

use crate::recording::recorded;

const LIMIT: Duration = Duration::from_mins(1);

/// Some ticks: the counters have been read.
const TICKS: Duration = Duration::from_millis(2_500);

/// What the ticks tell of a counter in all; nothing if none tells.
fn sum(events: &[Event], counter: &str) -> Option<u64> {
    let path = format!("host_sample.{counter}");
    events
        .iter()
        .filter_map(|event| event.get(&path).as_u64())
        .reduce(|sum, news| sum + news)
}

#[test]
fn its_counters_are_those_of_the_namespace() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let mut expected = 0;
    let (ended, events) = recorded(Some(&pair.near.netns), || {
        let (near, far) = pair.connect(Kind::V4, 7000).unwrap();
        traffic::echo(&far, &near, 1, 100, LIMIT).unwrap();
        std::thread::sleep(TICKS);
        let loss = pair.lose_outbound(20).unwrap();
        witness::until_retransmitted(&pair.near.netns, 20, LIMIT, || {
            traffic::bulk(&near, &far, 100_000, LIMIT)
        })
        .unwrap();
        loss.lift().unwrap();
        let nowhere = SocketAddr::from(([203, 0, 113, 9], 7000));
        let attempt = pair
            .near
            .netns
            .enter(|| traffic::connect(None, nowhere, LIMIT));
        assert!(attempt.unwrap().is_err(), "there is a route");
        traffic::close_in_order(near, far, LIMIT).unwrap();
        expected = witness::retrans_segs(&pair.near.netns).unwrap();
    });
    let told = sum(&events, "segments_retransmitted");
    let faults = format!("told {told:?}, RetransSegs {expected}");
    ended.assert(told == Some(expected), &faults);
    assert!(
        sum(&events, "segments_sent") >= Some(50),
        "one round is more"
    );
    assert_eq!(sum(&events, "no_route"), Some(1));
    assert_eq!(sum(&events, "retransmissions_failed"), Some(0));
    assert_eq!(sum(&events, "local_drops"), Some(0));
    assert_eq!(sum(&events, "allowance_exceeded"), None, "not read yet");
}

#[test]
fn its_addresses_head_the_recording() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let (_, events) = recorded(Some(&pair.near.netns), || {});
    let names: Vec<&str> = events.iter().map(Event::name).collect();
    assert_eq!(names[..2], ["agent_start", "context"], "{names:?}");
    let netns = pair.near.netns.inode().unwrap();
    let addresses: BTreeSet<IpAddr> = events[1]
        .list("context.addresses")
        .iter()
        .inspect(|known| assert_eq!(known["netns"], netns, "{known}"))
        .filter_map(|known| Value::as_str(&known["address"])?.parse().ok())
        .collect();
    let own = [IpAddr::from(pair.near.v4), IpAddr::from(pair.near.v6)];
    assert_eq!(addresses, BTreeSet::from(own), "{}", events[1].line);
}
