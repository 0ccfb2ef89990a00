//! Loading and attaching.

use std::process::Command;
use std::time::Duration;

use edgeghost_tests::agent::Launch;
use edgeghost_tests::binary;
use edgeghost_tests::config::Config;
use edgeghost_tests::imds::{Data, Imds};
use edgeghost_tests::temp::TempDir;
use rustix::process::Signal;

/// Without these there is nothing to report.
const REQUIRED: [&str; 2] = ["tcp_retransmit_skb", "tcp_probe"];

#[test]
fn programs_load_and_attach() {
    crate::require_root();
    let agent = Launch::new().start().unwrap();
    let start = agent.started().unwrap().clone();
    let probes = start.list("agent.probes");
    for name in REQUIRED {
        let probe = probes.iter().find(|probe| probe["name"] == name);
        let state = probe.map(|probe| &probe["state"]);
        assert_eq!(
            state.and_then(|state| state.as_str()),
            Some("attached"),
            "{}",
            start.line
        );
    }
    for probe in probes {
        // A kernel may lack a tracepoint; refusing a program is a defect.
        assert_ne!(probe["state"], "failed", "{}", start.line);
    }
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    assert_eq!(start.text("agent.kernel.release"), release.trim());
    assert_eq!(start.count("agent.pid"), u64::from(agent.pid()));
    agent.stop(Signal::TERM).unwrap().assert_clean();
}

#[test]
fn equal_configurations_have_equal_digests() {
    crate::require_root();
    let digest = |config: Config| {
        let agent = Launch::new().config(config).start().unwrap();
        let start = agent.started().unwrap();
        (
            start.text("agent.config.digest").to_owned(),
            start.text("event.run_id").to_owned(),
        )
    };
    let (plain, first_run) = digest(Config::new());
    let (same, second_run) = digest(Config::new().set("window", "seconds", "10.0"));
    let (other, _) = digest(Config::new().set("window", "seconds", "11.0"));
    assert_eq!(plain, same, "the same in effect");
    assert_ne!(plain, other);
    assert_ne!(first_run, second_run, "each run has an id of its own");
}

#[test]
fn health_comes_as_often_as_configured() {
    crate::require_root();
    let config = Config::new().set("health", "seconds", "1.0");
    let mut agent = Launch::new().config(config).start().unwrap();
    let health = agent
        .wait_until("three agent_health", Duration::from_secs(15), |events| {
            let mut healths = events.iter().filter(|event| event.name() == "agent_health");
            healths.nth(2).cloned()
        })
        .unwrap();
    assert!(
        health.count("agent.memory_bytes") > 1_000_000,
        "{}",
        health.line
    );
    assert!(
        health.count("agent.flow_table.capacity") > 0,
        "{}",
        health.line
    );
    agent.stop(Signal::TERM).unwrap().assert_clean();
}

/// It asks the metadata before it takes things from itself: no thread of it may be left by then.
#[test]
fn a_check_leaves_nothing_out_of_its_sandbox() {
    crate::require_root();
    let imds = Imds::start(Data::default()).unwrap();
    let folder = TempDir::new().unwrap();
    let text = format!(
        "[ec2]\nendpoints = {}\n[status]\nsocket = \"\"\n",
        imds.endpoints()
    );
    let config = folder.write("edgeghost.toml", &text).unwrap();
    let output = Command::new(binary::agent().unwrap())
        .args(["check", "--config", config.to_str().unwrap()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}{log}");
    assert!(said.contains("i-0123456789abcdef0"), "{said}{log}");
    assert!(said.contains("ok   sandbox"), "{said}{log}");
    assert!(!log.contains("before the sandbox"), "{log}");
}
