//! The recording format for other programs (`agent/docs/recording.md`): what it shows can be
//! judged, and is what the schema says.

use std::collections::BTreeSet;
use std::process::Command;

use edgeghost_tests::binary;
use edgeghost_tests::schema::Schema;
use serde_json::{Value, json};

use crate::call::{agent_fed, run};

const WEB3: &str = "10.1.0.207";

/// The document's fenced blocks of one language, put together.
fn lines(language: &str) -> Vec<String> {
    let path = binary::fixtures().join("../../agent/docs/recording.md");
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let opening = format!("```{language}\n");
    text.split(&opening)
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("```")?.0))
        .flat_map(str::lines)
        .map(str::to_owned)
        .collect()
}

/// What comes of judging lines, and why.
fn explained(lines: &[String]) -> String {
    let outcome = agent_fed(&["replay", "--explain", "-"], &lines.join("\n"));
    outcome.expect_code(0);
    outcome.stdout
}

#[test]
fn its_examples_are_events_and_are_judged() {
    let schema = Schema::of(&binary::agent().unwrap()).unwrap();
    let lines = lines("json");
    let mut names = BTreeSet::new();
    for line in &lines {
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(schema.complaints(&event), Vec::<String>::new());
        names.insert(event["event"]["name"].as_str().unwrap().to_owned());
    }
    let all = [
        "agent_start",
        "config_reload",
        "context",
        "flow_sample",
        "host_sample",
        "socket_snapshot",
    ];
    assert_eq!(names, all.map(str::to_owned).into());
    let told = explained(&lines);
    assert!(told.contains(WEB3), "{told}");
}

#[test]
fn the_least_is_judged_without_a_start() {
    let told = explained(&lines("ndjson"));
    assert!(told.contains(WEB3), "{told}");
}

#[test]
fn the_least_is_the_least() {
    let lines = lines("ndjson");
    for (number, line) in lines.iter().enumerate() {
        let line: Value = serde_json::from_str(line).unwrap();
        for path in leaves(&line, "") {
            let mut less = line.clone();
            let (parent, name) = path.rsplit_once('/').unwrap();
            let parent = less.pointer_mut(parent).unwrap();
            parent.as_object_mut().unwrap().remove(name);
            let mut lines = lines.clone();
            lines[number] = format!("{less}\n");
            let outcome = agent_fed(&["replay", "-"], &lines.join("\n"));
            assert_eq!(outcome.code, Some(1), "without {path}: {outcome:#?}");
            outcome.expect_stderr(&[&format!("line {}", number + 1), name]);
        }
    }
}

/// Pointers to all values that have none within.
fn leaves(value: &Value, path: &str) -> Vec<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, inner)| leaves(inner, &format!("{path}/{name}")))
            .collect(),
        _ => vec![path.to_owned()],
    }
}

/// The lab's recording with a line about the server's address behind the first.
fn lab_with(mapping: &Value) -> String {
    let path = binary::fixtures().join("recordings/lab.gz");
    let unpacked = run(Command::new("gzip").arg("-dc").arg(path));
    unpacked.expect_code(0);
    let is_server = |line: &Value| line["network"]["local"]["address"] == WEB3;
    let netns = unpacked
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(is_server)
        .unwrap()["tcp"]["netns"]
        .clone();
    let mut address = json!({ "address": WEB3, "netns": netns });
    for (name, value) in mapping.as_object().unwrap() {
        address[name] = value.clone();
    }
    let context = json!({
        "timestamp": "2026-11-21T06:29:01.936Z",
        "event": { "name": "context" },
        "context": { "region": "us-east-1", "addresses": [address] },
    });
    let (first, rest) = unpacked.stdout.split_once('\n').unwrap();
    format!("{first}\n{context}\n{rest}")
}

#[test]
fn advice_names_the_elastic_ip_that_a_recording_knows() {
    let input = lab_with(&json!({
        "public_ip": "203.0.113.25",
        "allocation_id": "eipalloc-0123456789abcdef0",
        "association_id": "eipassoc-0123456789abcdef0",
        "network_interface_id": "eni-0123456789abcdef0",
    }));
    let outcome = agent_fed(&["replay", "-"], &input);
    outcome.expect_code(0);
    let advice = outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|event| event["event"]["name"] == "recommendation")
        .unwrap();
    let remediation = &advice["remediation"];
    assert_eq!(remediation["target"]["public_ip"], "203.0.113.25");
    assert_eq!(remediation["placeholders"], json!([]), "{remediation:#}");
    let summary = remediation["summary"].as_str().unwrap();
    assert!(summary.contains("203.0.113.25"), "{summary}");
    let commands = remediation["commands"].to_string();
    for known in [
        "us-east-1",
        "eipalloc-0123456789abcdef0",
        "eipassoc-0123456789abcdef0",
        "eni-0123456789abcdef0",
    ] {
        assert!(commands.contains(known), "{known}: {commands}");
    }
}

#[test]
fn what_is_no_id_is_refused_with_its_line() {
    let input = lab_with(&json!({ "allocation_id": "eipalloc-0123456789abcdef0; reboot" }));
    let outcome = agent_fed(&["replay", "-"], &input);
    outcome.expect_code(1);
    outcome.expect_stderr(&["line 2", "allocation_id"]);
}
