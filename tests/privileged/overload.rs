//! More than the agent keeps up with: the ring overflows, which is counted by CPU, and flows report
//! less often from then on, which is told.

use std::time::Duration;

use edgeghost_common::limits::RING_BYTES;
use edgeghost_tests::agent::Launch;
use edgeghost_tests::config::Config;
use edgeghost_tests::event::Event;
use edgeghost_tests::pair::{Kind, Pair};
use edgeghost_tests::traffic;
use rustix::process::Signal;
use serde_json::Value;

const LIMIT: Duration = Duration::from_mins(2);

/// Each makes two records at least, when it has begun and when it has closed, of some 250 bytes.
const CONNECTIONS: u32 = 6_000;

/// Losses for want of room in the ring.
fn ring_full(health: &Event) -> Vec<&Value> {
    let lost = health.list("agent.lost").iter();
    lost.filter(|lost| {
        let reason = lost["reason"].as_str().unwrap_or_default();
        reason.ends_with(".ring_full")
    })
    .collect()
}

#[test]
fn a_ring_that_overflows_is_counted_and_reports_are_stretched() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let config = Config::new()
        .set("window", "seconds", "1.0")
        .set("health", "seconds", "1.0");
    let mut agent = Launch::new().config(config).start().unwrap();
    let calm = agent
        .wait_for("health", LIMIT, |event| event.name() == "agent_health")
        .unwrap();
    assert_eq!(calm.number("agent.report_interval_seconds"), Some(1.0));
    agent.signal(Signal::STOP).unwrap();
    for number in 0..CONNECTIONS {
        let port = 7_300 + u16::try_from(number % 100).unwrap();
        let (near, far) = pair.connect(Kind::V4, port).unwrap();
        traffic::echo(&far, &near, 1, 10, LIMIT).unwrap();
        traffic::close_in_order(near, far, LIMIT).unwrap();
    }
    agent.signal(Signal::CONT).unwrap();
    let health = agent
        .wait_for("an overflow in agent_health", LIMIT, |event| {
            event.name() == "agent_health" && !ring_full(event).is_empty()
        })
        .unwrap();
    for lost in ring_full(&health) {
        let by_cpu = lost["by_cpu"].as_array().expect(&health.line).iter();
        let sum: u64 = by_cpu.filter_map(Value::as_u64).sum();
        assert_eq!(lost["total"].as_u64(), Some(sum), "{}", health.line);
    }
    let full = agent
        .wait_until("a full ring", LIMIT, |events| {
            let fullest = events.iter().map(|e| e.count("agent.ring.fullest_bytes"));
            fullest
                .max()
                .filter(|bytes| *bytes > u64::from(RING_BYTES) * 9 / 10)
        })
        .unwrap();
    assert!(full <= u64::from(RING_BYTES), "{full}");
    let stretched = agent
        .wait_for("stretched reports", LIMIT, |event| {
            event.name() == "agent_health"
                && event.number("agent.report_interval_seconds") >= Some(2.0)
        })
        .unwrap();
    assert_eq!(
        stretched.count("agent.ring.capacity_bytes"),
        u64::from(RING_BYTES)
    );
    // What is left goes on: a flow that is told of after the overflow.
    let (near, far) = pair.connect(Kind::V4, 7_299).unwrap();
    let local = pair.near.v4.into();
    let from = agent.events().len();
    agent
        .wait_until("a window after the overflow", LIMIT, |events| {
            traffic::echo(&far, &near, 3, 10, LIMIT).ok()?;
            let mut new = events.iter().skip(from);
            new.find(|event| {
                event.is_about("path_window", local) && event.count("path.segments_sent") > 0
            })
            .map(drop)
        })
        .unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    ended.assert(
        ended.stderr.contains("flows now report every 2.0 s"),
        "its log does not say so",
    );
}
