//! The published schema.

use std::collections::BTreeSet;

use edgeghost_tests::binary;
use edgeghost_tests::schema::Schema;
use serde_json::{Value, json};

use crate::call::agent;

/// Set to write the golden file anew, after a change to the event types that is meant.
const BLESS: &str = "EDGEGHOST_BLESS";

fn document() -> Value {
    let outcome = agent(&["schema"]);
    outcome.expect_code(0);
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// What shippers and dashboards rely on changes knowingly or not at all.
#[test]
fn the_schema_is_the_published_one() {
    is_published(&["schema"], "schema.json");
}

/// What scripts rely on, the same.
#[test]
fn so_is_that_of_the_status() {
    is_published(&["schema", "--status"], "status.schema.json");
}

fn is_published(args: &[&str], name: &str) {
    let golden = binary::fixtures().join(name);
    let printed = agent(args).stdout;
    if std::env::var_os(BLESS).is_some_and(|value| value == "1") {
        std::fs::write(&golden, &printed).unwrap();
    }
    let published = std::fs::read_to_string(&golden)
        .unwrap_or_else(|error| panic!("{}: {error}; write it with {BLESS}=1", golden.display()));
    let lines = published.lines().zip(printed.lines());
    if let Some((number, (was, is))) = lines.enumerate().find(|(_, (was, is))| was != is) {
        panic!(
            "the schema differs from {} from line {} on; if that is meant, write it anew with \
             {BLESS}=1\nwas: {was}\nis:  {is}",
            golden.display(),
            number + 1
        );
    }
    assert_eq!(
        published.len(),
        printed.len(),
        "one is longer; write it anew with {BLESS}=1"
    );
}

#[test]
fn every_event_is_in_it_and_told_apart_by_its_name() {
    let document = document();
    let alternatives = document["oneOf"].as_array().unwrap();
    let mut names = BTreeSet::new();
    for alternative in alternatives {
        let name = alternative["title"].as_str().unwrap();
        let fixed = &alternative["properties"]["event"]["properties"]["name"]["const"];
        assert_eq!(
            fixed, name,
            "the alternative does not fix its name: {alternative:#}"
        );
        names.insert(name);
    }
    let expected = [
        "agent_health",
        "agent_start",
        "agent_stop",
        "config_reload",
        "context",
        "flow_sample",
        "hops",
        "host_evidence",
        "host_sample",
        "incident",
        "path_window",
        "peer_window",
        "recommendation",
        "socket_snapshot",
        "tcp_cwnd",
        "tcp_retransmit",
        "verdict",
        "witness",
    ];
    assert_eq!(names, BTreeSet::from(expected));
    assert_eq!(alternatives.len(), expected.len(), "a name stands twice");
}

/// A schema that lets everything through would make every other test of events worthless.
#[test]
fn it_refuses_what_is_no_event() {
    let schema = Schema::new(&document()).unwrap();
    assert!(!schema.complaints(&json!({})).is_empty());
    assert!(
        !schema
            .complaints(&json!({ "event": { "name": "agent_stop" } }))
            .is_empty()
    );
    let unknown = json!({ "event": { "name": "haunting", "sequence": 1, "run_id": "0" } });
    assert!(!schema.complaints(&unknown).is_empty());
}

#[test]
fn what_is_not_known_is_absent_and_never_null() {
    fn walk(value: &Value, path: &str) {
        let nullable = match &value["type"] {
            Value::String(kind) => kind == "null",
            Value::Array(kinds) => kinds.iter().any(|kind| kind == "null"),
            _ => false,
        };
        assert!(!nullable, "{path} may be null");
        let children: Vec<(String, &Value)> = match value {
            Value::Object(map) => map
                .iter()
                .map(|(key, child)| (key.clone(), child))
                .collect(),
            Value::Array(list) => list
                .iter()
                .enumerate()
                .map(|(index, child)| (index.to_string(), child))
                .collect(),
            _ => Vec::new(),
        };
        for (key, child) in children {
            walk(child, &format!("{path}/{key}"));
        }
    }
    walk(&document(), "");
}
