//! What the host tells of itself in a recording, and what becomes of it. No machine of the tests
//! has an ENA interface: its counters come out of recordings.

use std::io::Write as _;

use edgeghost_tests::binary;
use edgeghost_tests::schema::Schema;
use edgeghost_tests::temp::TempDir;
use serde_json::{Value, json};

use crate::call::{Outcome, agent};

const WEB3: &str = "10.1.0.207";

/// Seconds of a recording that are well, and that are not.
const WELL: u64 = 120;
const BAD: u64 = 150;

/// What the host tells every ten seconds.
fn detail(at: u64, of_driver: &dyn Fn(u64) -> Value) -> Value {
    let bad = at > WELL;
    json!({
        "period_ms": 10_000,
        "protocol": {
            "RetransSegs": if bad { 180 } else { 1 },
            "TCPTimeouts": if bad { 40 } else { 0 },
            "TCPLostRetransmit": if bad { 25 } else { 0 },
        },
        "interfaces": [{
            "name": "ens5", "in_use": true, "set_up": true, "carrier": true, "operstate": "up",
            "carrier_changes": 0, "rx_errors": 0, "tx_errors": 0, "rx_dropped": 0,
            "tx_dropped": 0, "queue_drops": 0, "driver": of_driver(at),
        }],
        "routes": [
            { "ip_version": 4, "kind": "unicast", "prefix": 0, "device": "ens5",
              "gateway": "10.1.0.1" },
            { "peer": "198.0.2.7", "local": WEB3, "kind": "unicast", "prefix": 0,
              "device": "ens5", "gateway": "10.1.0.1" },
        ],
    })
}

/// An ENA device that has so many packets beyond an allowance, and so many resets.
fn ena(exceeded: u64, resets: u64) -> Value {
    json!({
        "name": "ena", "version": "2.13.0g", "conntrack_left": 136_812, "resets": resets,
        "error_counters": 41,
        "allowances": { "bw_out_allowance_exceeded": exceeded, "pps_allowance_exceeded": 0 },
    })
}

/// Ten networks whose peers lose every sixth segment from a moment on, and a private one that
/// does not.
fn recording(of_driver: &dyn Fn(u64) -> Value) -> String {
    let mut lines = String::new();
    let mut line = |at: u64, event: &Value| {
        let mut event = event.clone();
        event["timestamp"] = json!(format!("2026-11-21T09:{:02}:{:02}Z", at / 60, at % 60));
        lines.push_str(&event.to_string());
        lines.push('\n');
    };
    for at in 1..=WELL + BAD {
        for peer in 0..=10_u64 {
            let private = peer == 10;
            let again = u64::from(at > WELL && !private) * 2;
            let address = if private {
                "10.1.1.21".to_owned()
            } else {
                format!("198.{peer}.2.7")
            };
            line(at, &flow(at, &address, again));
        }
        let mut host = json!({
            "monotonic_ns": at * 1_000_000_000, "local_drops": 0, "segments_sent": 110,
            "segments_retransmitted": if at > WELL { 20 } else { 0 },
            "retransmissions_failed": 0, "no_route": 0,
        });
        if at.is_multiple_of(10) {
            host["detail"] = detail(at, of_driver);
            let exceeded = &host["detail"]["interfaces"][0]["driver"]["allowances"];
            host["allowance_exceeded"] = exceeded["bw_out_allowance_exceeded"].clone();
        }
        line(
            at,
            &json!({ "event": { "name": "host_sample" }, "host_sample": host }),
        );
    }
    lines
}

fn flow(at: u64, peer: &str, again: u64) -> Value {
    json!({
        "event": { "name": "flow_sample" },
        "network": {
            "local": { "address": WEB3, "port": 443 },
            "peer": { "address": peer, "port": 40_112 },
        },
        "tcp": {
            "monotonic_ns": at * 1_000_000_000 - 500_000_000, "netns": 1,
            "segments_sent": 10 + again, "segments_delivered": 10, "segments_retransmitted": again,
            "bytes_sent": 14_480, "bytes_acked": 14_480, "bytes_retransmitted": again * 1_448,
            "snd_cwnd": 10, "snd_cwnd_min": 2, "snd_ssthresh": 7, "srtt_us": 31_000,
            "min_rtt_us": 30_000, "packets_out": 0, "snd_wnd": 64_256, "mss": 1_448, "state": 1,
            "ca_state": 0,
        },
    })
}

/// Judges a recording; what is told, held against the schema.
fn judged(of_driver: &dyn Fn(u64) -> Value) -> Vec<Value> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("recording.ndjson");
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(recording(of_driver).as_bytes()).unwrap();
    let outcome: Outcome = agent(&["replay", path.to_str().unwrap()]);
    outcome.expect_code(0);
    let schema = Schema::of(&binary::agent().unwrap()).unwrap();
    let events = outcome.stdout.lines().map(|line| {
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(schema.complaints(&event), Vec::<String>::new(), "{line}");
        event
    });
    events.collect()
}

fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    let all = events.iter();
    all.filter(|event| event["event"]["name"] == name).collect()
}

/// Recommendations that touch an address; on other verdicts that stand there may be others.
fn advice(events: &[Value]) -> Vec<&Value> {
    let mut advice = named(events, "recommendation");
    advice.retain(|event| event["remediation"]["touches_address"] == true);
    advice
}

fn verdicts(events: &[Value]) -> Vec<&str> {
    let verdicts = named(events, "verdict").into_iter();
    verdicts
        .filter_map(|event| event["verdict"]["name"].as_str())
        .collect()
}

fn finding<'a>(event: &'a Value, check: &str) -> &'a Value {
    let findings = event["host_evidence"]["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["check"] == check);
    found.unwrap_or_else(|| panic!("no {check}: {event:#}"))
}

#[test]
fn a_sound_host_rules_itself_out_and_advice_is_given() {
    let events = judged(&|_| ena(0, 0));
    let shown = format!("{events:#?}");
    assert_eq!(advice(&events).len(), 1, "{shown}");
    let evidence = named(&events, "host_evidence");
    assert_eq!(evidence[0]["host_evidence"]["state"], "opened", "{shown}");
    // The incident opens before the driver is read again, which is told when it was.
    let looked = evidence[1];
    assert_eq!(looked["host_evidence"]["faults"], 0, "{looked:#}");
    for check in [
        "nic_driver_counters",
        "allowances",
        "driver_resets",
        "interface_errors",
        "interface_drops",
        "carrier",
        "queue_drops",
        "default_route",
        "peer_route",
        "local_drops",
        "retransmissions_failed",
        "no_route",
    ] {
        assert_eq!(finding(looked, check)["state"], "clean", "{looked:#}");
    }
    let incident = named(&events, "incident")[1];
    assert_eq!(incident["incident"]["state"], "updated", "{incident:#}");
    let ruled_out = incident["incident"]["ruled_out"].to_string();
    for cause in ["\"allowances\"", "\"driver_resets\"", "\"peer_route\""] {
        assert!(ruled_out.contains(cause), "{cause}: {ruled_out}");
    }
    let timeouts = finding(looked, "tcp_timeouts");
    assert_eq!(timeouts["state"], "noteworthy", "{timeouts}");
    assert_eq!(timeouts["per_second_before"], 0.0, "{timeouts}");
    let evidence = incident["incident"]["evidence"].to_string();
    assert!(evidence.contains("tcp_timeouts"), "{evidence}");
}

#[test]
fn an_allowance_exceeded_is_local_congestion_and_no_address_is_touched() {
    let events = judged(&|at| ena(if at > WELL { 150 } else { 0 }, 0));
    let shown = format!("{events:#?}");
    assert_eq!(
        verdicts(&events).last(),
        Some(&"local_congestion"),
        "{shown}"
    );
    assert!(advice(&events).is_empty(), "{shown}");
    for incident in named(&events, "incident") {
        // Should one have opened before the driver was read, it says so when it closes.
        assert_ne!(incident["incident"]["state"], "updated", "{shown}");
    }
}

#[test]
fn a_device_that_is_reset_again_and_again_is_local_congestion() {
    let events = judged(&|at| ena(0, u64::from(at > WELL)));
    let shown = format!("{events:#?}");
    assert_eq!(
        verdicts(&events).last(),
        Some(&"local_congestion"),
        "{shown}"
    );
    assert!(advice(&events).is_empty(), "{shown}");
}
