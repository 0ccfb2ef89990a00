//! `edgeghost status` against whatever may answer, or not: a daemon made up, a dead one, a deaf one.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use edgeghost_tests::temp::TempDir;
use serde_json::{Value, json};

use crate::call::{Outcome, agent};
use crate::privilege::as_nobody;

fn ask(socket: &Path, more: &[&str]) -> Outcome {
    let socket = socket.to_str().unwrap();
    agent(&[&["status", "--socket", socket], more].concat())
}

/// A daemon that gives this answer, once.
fn daemon(folder: &TempDir, answer: &'static str) -> (PathBuf, std::thread::JoinHandle<()>) {
    let path = folder.path().join("status.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let thread = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        client.write_all(answer.as_bytes()).unwrap();
    });
    (path, thread)
}

fn told(document: &Value, more: &[&str]) -> Outcome {
    let folder = TempDir::new().unwrap();
    let answer = Box::leak(format!("{document}\n").into_boxed_str());
    let (path, thread) = daemon(&folder, answer);
    let outcome = ask(&path, more);
    thread.join().unwrap();
    outcome
}

/// As of now, so that it is not stale.
fn now() -> String {
    let now = std::time::SystemTime::now();
    edgeghost::event::Time::from(now).to_string()
}

fn incident() -> Value {
    json!({
        "timestamp": now(),
        "state": "incident",
        "agent": {
            "version": "0.1.0",
            "pid": 812,
            "host_name": "web3",
            "started": now(),
            "probes": [
                { "name": "tcp_probe", "state": "attached" },
                { "name": "kfree_skb", "state": "unsupported", "reason": "no reasons here" },
            ],
        },
        "context": {
            "instance_id": "i-0123456789abcdef0",
            "region": "us-east-1",
            "addresses": [
                { "address": "10.1.0.207", "netns": 1, "public_ip": "203.0.113.25" },
                { "address": "10.1.0.208", "netns": 1, "public_ip": "203.0.113.26" },
            ],
        },
        "incidents": [{
            "id": "eg-816aea4ee5b4b192",
            "address": "10.1.0.207",
            "verdict": "public_only_collapse",
            "onset": now(),
            "confidence": 0.846,
            "message": "incident on 10.1.0.207: 30 % sent again",
            "advice": {
                "action": "reassociate_elastic_ip",
                "summary": "Disassociate Elastic IP 203.0.113.25 and associate it again.",
                "runbook": "edgeghost runbook eg-816aea4ee5b4b192",
            },
        }],
        "addresses": [{
            "address": "10.1.0.207",
            "public_ip": "203.0.113.25",
            "verdict": {
                "name": "public_only_collapse",
                "confidence": 0.93,
                "since": now(),
            },
            "paths": [{
                "class": "public",
                "window_seconds": 10.0,
                "flows": 6,
                "peers": 6,
                "segments_retransmitted": 180,
                "retransmit_ratio": 0.3,
                "snd_cwnd": { "min": 1, "p50": 2, "p90": 4, "max": 9 },
            }],
        }],
        "health": { "uptime_seconds": 60.0, "lost": [{ "reason": "x.y", "total": 7 }] },
        "sinks": [{ "name": "stdout", "queued": 3, "capacity": 8192, "lost": { "verdict": 2 },
                    "works": false, "error": "No space left on device", "failing_seconds": 90.0 }],
        "of_a_later_version": [1, 2, 3],
    })
}

#[test]
fn an_open_incident_shows_with_what_to_do_and_in_the_exit_code() {
    let outcome = told(&incident(), &[]);
    outcome.expect_code(4);
    for words in [
        "INCIDENT eg-816aea4ee5b4b192 on 10.1.0.207",
        "at fault with 84.6 %",
        "Disassociate Elastic IP 203.0.113.25",
        "edgeghost runbook eg-816aea4ee5b4b192",
        "instance i-0123456789abcdef0, region us-east-1",
        "180 (30.0 %)",
        "203.0.113.26     no traffic was seen on it",
        "1 of 2 attached",
        "no reasons here",
        "7 x.y",
        "stdout: 3 of 8192 lines wait, 2 lost; FAILS for 1 min 30 s: No space left on device",
    ] {
        assert!(
            outcome.stdout.contains(words),
            "`{words}` is missing: {}",
            outcome.stdout
        );
    }
    assert_eq!(outcome.stderr, "", "all is said in the table");
}

#[test]
fn as_json_it_is_what_the_daemon_said() {
    let document = incident();
    let outcome = told(&document, &["--json"]);
    outcome.expect_code(4);
    let shown: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(shown, document);
}

#[test]
fn without_an_incident_the_code_is_0() {
    let outcome = told(&json!({ "timestamp": now() }), &[]);
    outcome.expect_code(0);
    assert!(outcome.stdout.contains("no incident is open"));
}

/// What a daemon that hangs said last must not pass for news.
#[test]
fn an_old_status_is_no_good_news() {
    let outcome = told(
        &json!({ "timestamp": "2026-01-01T00:00:00.000000000Z" }),
        &[],
    );
    outcome.expect_code(1);
    outcome.expect_stderr(&["hangs"]);
}

#[test]
fn nobody_there_is_not_running() {
    let folder = TempDir::new().unwrap();
    let missing = ask(&folder.path().join("no.sock"), &[]);
    missing.expect_code(5);
    missing.expect_stderr(&["not running", "no.sock", "--socket"]);
    // As a run that was killed leaves it.
    let dead = folder.path().join("dead.sock");
    drop(UnixListener::bind(&dead).unwrap());
    ask(&dead, &["--json"]).expect_code(5);
}

#[test]
fn who_does_not_answer_is_given_up() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("status.sock");
    let _deaf = UnixListener::bind(&path).unwrap();
    let outcome = ask(&path, &[]);
    outcome.expect_code(1);
    outcome.expect_stderr(&["does not answer", "status.sock"]);
}

#[test]
fn half_an_answer_is_none() {
    let folder = TempDir::new().unwrap();
    let (path, thread) = daemon(&folder, "{\"timestamp\": \"2026");
    let outcome = ask(&path, &[]);
    thread.join().unwrap();
    outcome.expect_code(1);
    outcome.expect_stderr(&["does not answer", "19 bytes"]);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn who_may_not_ask_is_told_whom_to_be() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("status.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    let closed = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(&path, closed).unwrap();
    let outcome = as_nobody(&["status", "--socket", path.to_str().unwrap()]);
    outcome.expect_code(3);
    outcome.expect_stderr(&["group", "root", "status.sock"]);
}

#[test]
fn the_socket_comes_from_the_configuration() {
    let folder = TempDir::new().unwrap();
    let config = folder
        .write("e.toml", "[status]\nsocket = \"/no/such/edgeghost.sock\"\n")
        .unwrap();
    let config = config.to_str().unwrap();
    let outcome = agent(&["status", "--config", config]);
    outcome.expect_code(5);
    outcome.expect_stderr(&["/no/such/edgeghost.sock"]);
}
