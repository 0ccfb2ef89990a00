//! What the kernel drops on the host itself, by its own reasons.

use std::net::IpAddr;
use std::time::Duration;

use edgeghost_tests::event::Event;
use edgeghost_tests::netns::Netns;
use edgeghost_tests::nft::nft;
use edgeghost_tests::offload;
use edgeghost_tests::pair::{DEVICE, Kind, Pair};
use edgeghost_tests::{traffic, wait};

use crate::recording::recorded;
use crate::unseen;

const LIMIT: Duration = Duration::from_mins(1);
const PORT: u16 = 7000;

/// Enough for chance not to matter, few enough to be over soon.
const ENOUGH: u64 = 20;

/// Some ticks: the counters have been read.
const TICKS: Duration = Duration::from_millis(2_500);

/// 27 % of what `hook` sees of TCP is dropped in a namespace.
fn drop_some(netns: &Netns, hook: &str) {
    for command in [
        "add table inet own".to_owned(),
        format!("add chain inet own own {{ type filter hook {hook} priority 0 ; }}"),
        "add rule inet own own meta l4proto tcp numgen random mod 100 < 27 counter drop".to_owned(),
    ] {
        nft(netns, &command).unwrap();
    }
}

/// Packets dropped so far, by the rule's own counter.
fn dropped(netns: &Netns) -> anyhow::Result<u64> {
    let rules = nft(netns, "list table inet own")?;
    let count = rules.split("counter packets ").nth(1);
    let count = count.and_then(|rest| rest.split(' ').next());
    Ok(count.unwrap_or_default().parse()?)
}

/// What the recording tells of a count in all.
fn sum(events: &[Event], count: &str) -> u64 {
    let path = format!("host_sample.drops.{count}");
    let told = events.iter().filter_map(|event| event.get(&path).as_u64());
    told.sum()
}

/// What it tells of one address.
fn sum_of(events: &[Event], address: IpAddr, way: &str) -> u64 {
    let listed = events
        .iter()
        .filter_map(|event| event.get("host_sample.drops.addresses").as_array())
        .flatten();
    listed
        .filter(|known| known["address"] == address.to_string())
        .filter_map(|known| known[way].as_u64())
        .sum()
}

/// Records while small messages go to and fro between two hosts, and some are dropped at `hook` of
/// the near or the far one; gives what the rule counted, too. The agent is on the near one.
fn recorded_with_rule(kind: Kind, hook: &str, far_side: bool) -> (Pair, Vec<Event>, u64) {
    let pair = Pair::new().unwrap();
    for host in [&pair.near, &pair.far] {
        offload::cut_on_the_wire(&host.netns, DEVICE).unwrap();
    }
    let place = if far_side { &pair.far } else { &pair.near };
    let place = place.netns.clone();
    let mut counted = 0;
    let (_, events) = recorded(Some(&pair.near.netns), || {
        let (near, far) = pair.connect(kind, PORT).unwrap();
        traffic::echo(&far, &near, 3, 100, LIMIT).unwrap();
        std::thread::sleep(TICKS);
        drop_some(&place, hook);
        wait::until_true("enough drops", LIMIT, || {
            traffic::echo(&far, &near, 5, 100, LIMIT)?;
            Ok(dropped(&place)? >= ENOUGH)
        })
        .unwrap();
        // When all is acknowledged nothing moves any more, and the rule counts no further.
        for end in [&near, &far] {
            traffic::wait_all_acked(end, LIMIT).unwrap();
        }
        counted = dropped(&place).unwrap();
        nft(&place, "delete table inet own").unwrap();
        traffic::close_in_order(near, far, LIMIT).unwrap();
    });
    (pair, events, counted)
}

#[test]
fn dropped_on_the_way_in_as_the_rule_itself_counts() {
    crate::require_root();
    for kind in [Kind::V4, Kind::V6, Kind::Mapped] {
        let (pair, events, counted) = recorded_with_rule(kind, "input", false);
        let told = (sum(&events, "filtered_in"), sum(&events, "filtered_out"));
        assert_eq!(told.1, 0, "{kind:?}");
        unseen::check(told.0, counted, &format!("{kind:?}"));
        let own = sum_of(&events, kind.address(&pair.near), "filtered_in");
        let all = told.0 + told.1;
        assert_eq!(own, all, "{kind:?}: all of the local address");
    }
}

#[test]
fn dropped_on_the_way_out_as_the_rule_itself_counts() {
    crate::require_root();
    for kind in [Kind::V4, Kind::V6] {
        let (pair, events, counted) = recorded_with_rule(kind, "output", false);
        let told = (sum(&events, "filtered_in"), sum(&events, "filtered_out"));
        assert_eq!(told.0, 0, "{kind:?}");
        unseen::check(told.1, counted, &format!("{kind:?}"));
        let own = sum_of(&events, kind.address(&pair.near), "filtered_out");
        let all = told.0 + told.1;
        assert_eq!(own, all, "{kind:?}: all of the local address");
    }
}

#[test]
fn what_another_namespace_drops_is_not_the_hosts() {
    crate::require_root();
    let (_, events, counted) = recorded_with_rule(Kind::V4, "input", true);
    let told = (sum(&events, "filtered_in"), sum(&events, "filtered_out"));
    assert_eq!(told, (0, 0), "{counted} dropped by the other host");
    let ticks = events
        .iter()
        .filter(|event| event.get("host_sample.drops").is_object());
    assert!(ticks.count() >= 3, "the reasons were read");
}
