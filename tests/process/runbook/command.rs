//! `edgeghost runbook` itself: which recommendation, and which not.

use edgeghost_tests::temp::TempDir;
use serde_json::{Value, json};

use crate::call::{Outcome, agent, agent_fed};

fn event(incident: &str, action: &str, target: &Value) -> String {
    let event = json!({
        "timestamp": "2026-11-21T05:58:28.332081549Z",
        "event": {"name": "recommendation"},
        "host": {"name": "web3"},
        "incident": {"id": incident},
        "remediation": {"action": action, "summary": "Do it.", "target": target},
    });
    format!("{event}\n")
}

fn reassociate(incident: &str, private_ip: &str) -> String {
    event(
        incident,
        "reassociate_elastic_ip",
        &json!({"private_ip": private_ip}),
    )
}

fn fed(input: &str) -> Outcome {
    agent_fed(&["runbook", "-"], input)
}

/// Refused with these words, and no half of a script on standard output.
#[track_caller]
fn expect_none(outcome: &Outcome, code: i32, words: &[&str]) {
    outcome.expect_code(code);
    outcome.expect_stderr(words);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn a_stream_has_its_last_recommendation_or_that_of_an_incident() {
    let folder = TempDir::new().unwrap();
    let stream = reassociate("eg-0000000000000001", "10.0.0.1")
        + "{\"event\":{\"name\":\"agent_health\"}}\n"
        + &reassociate("eg-0000000000000002", "10.0.0.2");
    let path = folder.write("events.ndjson", &stream).unwrap();
    let path = path.to_str().unwrap();
    let last = agent(&["runbook", path]);
    last.expect_code(0);
    assert!(last.stdout.contains("PRIVATE_IP='10.0.0.2'"), "{last:#?}");
    let first = agent(&["runbook", "eg-0000000000000001", "--events", path]);
    first.expect_code(0);
    assert!(first.stdout.contains("PRIVATE_IP='10.0.0.1'"), "{first:#?}");
    let none = agent(&["runbook", "eg-0000000000000003", "--events", path]);
    expect_none(
        &none,
        1,
        &["eg-0000000000000003", "it has those of eg-0000000000000001"],
    );
}

#[test]
fn an_incident_is_looked_up_where_the_configuration_has_events_go() {
    let folder = TempDir::new().unwrap();
    let events = folder.path().join("events.ndjson");
    let config = format!("[[sinks]]\n[[sinks]]\nkind = \"file\"\npath = {events:?}\n");
    let config = folder.write("edgeghost.toml", &config).unwrap();
    let runbook = || {
        let config = config.to_str().unwrap();
        agent(&["runbook", "eg-0000000000000001", "--config", config])
    };
    // Nothing was written yet.
    expect_none(&runbook(), 2, &[events.to_str().unwrap()]);
    let torn = "{\"timestamp\":\"2026\n".to_owned();
    let closed = "{\"event\":{\"name\":\"incident\"},\"timestamp\":\"t\",\
                  \"incident\":{\"id\":\"eg-0000000000000001\",\"state\":\"closed\"}}\n";
    // In a file that was put aside, an earlier word on it in one before; closed in the newest.
    folder
        .write(
            "events.ndjson.2",
            &reassociate("eg-0000000000000001", "10.0.0.9"),
        )
        .unwrap();
    folder
        .write(
            "events.ndjson.1",
            &(torn + &reassociate("eg-0000000000000001", "10.0.0.1")),
        )
        .unwrap();
    folder.write("events.ndjson", closed).unwrap();
    let found = runbook();
    found.expect_code(0);
    assert!(found.stdout.contains("PRIVATE_IP='10.0.0.1'"), "{found:#?}");
    found.expect_stderr(&["was closed at t"]);
}

#[test]
fn the_lab_judged_anew_has_a_runbook() {
    let recording = edgeghost_tests::binary::fixtures().join("recordings/lab.gz");
    let replayed = agent(&["replay", recording.to_str().unwrap()]);
    let printed = fed(&replayed.stdout);
    printed.expect_code(0);
    assert!(
        printed.stdout.contains("PRIVATE_IP='10.1.0.207'"),
        "{printed:#?}"
    );
    // The lab's path is mended in the end, and the recording knows.
    printed.expect_stderr(&["was closed at"]);
}

#[test]
fn an_incident_alone_is_asked_for_its_events() {
    let outcome = agent(&["runbook", "eg-0000000000000001"]);
    expect_none(&outcome, 2, &["where is", "--events FILE"]);
}

#[test]
fn a_file_that_is_not_there_is_a_usage_error() {
    let outcome = agent(&["runbook", "/no/such/events.ndjson"]);
    expect_none(&outcome, 2, &["/no/such/events.ndjson"]);
}

#[test]
fn advice_that_touches_no_address_is_nothing_to_run() {
    let outcome = fed(&event("eg-1", "open_aws_case", &json!({})));
    expect_none(
        &outcome,
        1,
        &["there is nothing to run", "eg-1", "open_aws_case", "Do it."],
    );
}

#[test]
fn what_holds_no_recommendation_says_so() {
    expect_none(&fed(""), 1, &["holds no recommendation", "empty"]);
    expect_none(&fed("hello\n"), 1, &["1 of its 1 lines are no events"]);
}

#[test]
fn a_forged_report_gets_into_no_script() {
    let hostile = [
        (
            "allocation_id",
            json!("eipalloc-0123456789abcdef0'; reboot; '"),
        ),
        ("association_id", json!("$(reboot)")),
        (
            "network_interface_id",
            json!("eni-0123456789abcdef0\nreboot"),
        ),
        ("instance_id", json!("--no-dry-run")),
        (
            "region",
            json!("us-east-1 --endpoint-url http://203.0.113.1"),
        ),
        ("public_ip", json!("203.0.113.25;reboot")),
        ("private_ip", json!("`reboot`")),
    ];
    for (field, value) in hostile {
        let mut target = json!({"private_ip": "10.0.0.1"});
        target[field] = value;
        let outcome = fed(&event("eg-1", "reassociate_elastic_ip", &target));
        let name = format!("remediation.target.{field} is");
        expect_none(&outcome, 1, &[&name, "damaged or forged"]);
    }
    let outcome = fed(&reassociate("eg-1'\u{1b}[2J", "10.0.0.1"));
    expect_none(&outcome, 1, &["incident.id is"]);
    assert!(!outcome.stderr.contains('\u{1b}'), "{outcome:?}");
}
