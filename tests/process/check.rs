//! `edgeghost check`: what it looks at, for people and for machines.

use edgeghost_tests::temp::TempDir;
use edgeghost_tests::tool;
use serde_json::Value;

use crate::call::{Outcome, agent};
use crate::privilege::as_nobody;

/// What a host is looked at for, wherever this runs.
const ALWAYS: [&str; 12] = [
    "networks",
    "AWS ranges",
    "EC2 metadata",
    "witnesses",
    "output",
    "clock",
    "status socket",
    "metrics",
    "kernel",
    "privilege",
    "lockdown",
    "kernel types",
];

fn check(folder: &TempDir, toml: &str, more: &[&str]) -> Outcome {
    let toml = format!("[ec2]\nmetadata = \"off\"\n{toml}");
    let config = folder.write("edgeghost.toml", &toml).unwrap();
    agent(&[&["check", "--config", config.to_str().unwrap()], more].concat())
}

/// The finding of this name, and its state.
fn finding(outcome: &Outcome, name: &str) -> (String, String) {
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let checks = document["checks"].as_array().unwrap();
    let found = checks.iter().find(|found| found["name"] == name);
    let found = found.unwrap_or_else(|| panic!("no {name}: {document:#}"));
    let text = |key: &str| found[key].as_str().unwrap().to_owned();
    (text("state"), text("message"))
}

#[test]
fn everything_is_looked_at_and_json_says_the_same_as_the_table() {
    let folder = TempDir::new().unwrap();
    let table = check(&folder, "", &[]);
    let json = check(&folder, "", &["--json"]);
    assert_eq!(table.code, json.code);
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    let fit = document["fit"].as_bool().unwrap();
    assert_eq!(json.code, Some(if fit { 0 } else { 3 }), "{json:#?}");
    assert!(fit || !tool::is_root(), "{json:#?}");
    for name in ALWAYS {
        let (state, _) = finding(&json, name);
        let mark = match state.as_str() {
            "ok" => "ok   ",
            "warn" => "warn ",
            _ => "FAIL ",
        };
        let line = format!("{mark}{name} ");
        assert!(table.stdout.contains(&line), "`{line}`: {table:#?}");
    }
}

#[test]
fn without_privilege_it_is_unfit_and_says_so_in_json_too() {
    let folder = TempDir::new().unwrap();
    let config = folder
        .write("e.toml", "[ec2]\nmetadata = \"off\"\n")
        .unwrap();
    let outcome = as_nobody(&["check", "--json", "--config", config.to_str().unwrap()]);
    outcome.expect_code(3);
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(document["fit"], false);
    let (state, message) = finding(&outcome, "privilege");
    assert_eq!(state, "fail");
    assert!(message.contains("CAP_BPF"), "{message}");
}

#[test]
fn an_output_in_no_folder_is_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("no/events.ndjson");
    let sink = format!("[[sinks]]\nkind = \"file\"\npath = {path:?}\n");
    let outcome = check(&folder, &sink, &["--json"]);
    // A missing privilege comes first.
    outcome.expect_code(if tool::is_root() { 2 } else { 3 });
    let (state, message) = finding(&outcome, "output");
    assert_eq!(state, "fail");
    assert!(
        message.contains("no/events.ndjson") && message.contains("No such file"),
        "{message}"
    );
}

#[test]
fn an_output_that_can_be_written_is_not_made() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("events.ndjson");
    let sink = format!("[[sinks]]\nkind = \"file\"\npath = {path:?}\n");
    let outcome = check(&folder, &sink, &["--json"]);
    let (state, message) = finding(&outcome, "output");
    assert_ne!(state, "fail", "{message}");
    assert!(message.contains("can be written"), "{message}");
    assert!(!path.exists());
}

/// What only takes something away is a warning, and the code stays 0.
#[test]
fn warnings_do_not_make_a_host_unfit() {
    let folder = TempDir::new().unwrap();
    let toml =
        "[status]\nsocket = \"/no/such/status.sock\"\n[metrics]\nlisten = \"0.0.0.0:9617\"\n";
    let outcome = check(&folder, toml, &["--json"]);
    if tool::is_root() {
        outcome.expect_code(0);
    }
    let (state, message) = finding(&outcome, "status socket");
    assert_eq!(state, "warn");
    assert!(message.contains("RuntimeDirectory"), "{message}");
    let (state, message) = finding(&outcome, "metrics");
    assert_eq!(state, "warn");
    assert!(message.contains("password"), "{message}");
}
