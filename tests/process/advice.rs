//! Recommendations: what they say, when, and whether it helped.

use edgeghost_tests::binary;
use edgeghost_tests::schema::Schema;
use serde_json::{Value, json};

use crate::call::agent_fed;
use crate::made::{ADDRESS, ELASTIC_IP, Recording};

const GOLDEN: &str = "recommendation.txt";

/// Everything told of a recording; all of it is what the schema says.
fn told(recording: &Recording) -> Vec<Value> {
    let outcome = agent_fed(&["replay", "-"], &recording.text());
    outcome.expect_code(0);
    let schema = Schema::of(&binary::agent().unwrap()).unwrap();
    let events: Vec<Value> = outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for event in &events {
        assert_eq!(schema.complaints(event), Vec::<String>::new());
    }
    events
}

fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    let of = events.iter().filter(|event| event["event"]["name"] == name);
    of.collect()
}

fn actions(events: &[Value]) -> Vec<&str> {
    let advice = named(events, "recommendation").into_iter();
    advice
        .filter_map(|event| event["remediation"]["action"].as_str())
        .collect()
}

fn outcomes(events: &[Value]) -> Vec<(&str, &str)> {
    let incidents = named(events, "incident").into_iter();
    incidents
        .filter_map(|event| {
            let state = event["incident"]["state"].as_str()?;
            Some((state, event["incident"]["outcome"].as_str()?))
        })
        .collect()
}

/// A collapse that is mapped by `eipassoc-…a`, up to its advice and a little more.
fn collapse() -> Recording {
    let mut recording = Recording::new("");
    recording.context(Some("eipassoc-0123456789abcdefa"));
    recording.seconds(100, 0, 0);
    recording.seconds(90, 3, 0);
    recording
}

#[test]
fn advice_is_complete_where_all_is_known() {
    let events = told(&collapse());
    assert_eq!(actions(&events), ["reassociate_elastic_ip"]);
    let advice = named(&events, "recommendation")[0];
    let remediation = &advice["remediation"];
    assert_eq!(remediation["placeholders"], json!([]), "{remediation:#}");
    assert_eq!(remediation["touches_address"], true);
    let commands: Vec<&str> = ["commands", "rollback"]
        .iter()
        .flat_map(|part| remediation[part].as_array().unwrap())
        .map(|command| command["command"].as_str().unwrap())
        .collect();
    let all = commands.join("\n");
    for known in [
        "AWS_REGION=us-east-1",
        "--allocation-id eipalloc-0123456789abcdef0",
        "--association-id eipassoc-0123456789abcdefa",
        "--network-interface-id eni-0123456789abcdef0",
        "--private-ip-address 10.1.0.207",
    ] {
        assert!(all.contains(known), "{known}: {all}");
    }
    let incident = named(&events, "incident")[0]["incident"]["id"].as_str();
    assert_eq!(advice["incident"]["id"].as_str(), incident);
    let runbook = remediation["runbook"].as_str().unwrap();
    assert_eq!(
        Some(runbook),
        incident
            .map(|id| format!("edgeghost runbook {id}"))
            .as_deref()
    );
    // Alone in a chat, it still says who, what, since when, how sure and what first.
    let message = advice["message"].as_str().unwrap();
    for part in [
        "web3",
        "i-0123456789abcdef0",
        ADDRESS,
        ELASTIC_IP,
        "2026-11-21T09:01:4",
        "%",
        runbook,
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

/// One recommendation as people read it, whole. `EDGEGHOST_BLESS=1` writes it anew.
#[test]
fn a_recommendation_reads_as_it_did() {
    let events = told(&collapse());
    let text = readable(named(&events, "recommendation")[0]);
    let path = binary::fixtures().join(GOLDEN);
    if std::env::var_os("EDGEGHOST_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(
        text, golden,
        "EDGEGHOST_BLESS=1 writes {GOLDEN} anew, if that is meant"
    );
}

fn readable(event: &Value) -> String {
    let line = |name: &str| event[name].as_str().unwrap();
    let mut parts = vec![format!("{} {}", line("severity_text"), line("message"))];
    for (name, value) in event["remediation"].as_object().unwrap() {
        parts.push(match value {
            Value::Array(list) => {
                let entries = list.iter().enumerate();
                let entry = |(number, entry)| format!("\n  {}. {}", number + 1, entry_text(entry));
                format!("{name}:{}", entries.map(entry).collect::<Vec<_>>().concat())
            }
            Value::Object(members) => {
                let member = |(name, value)| format!("\n  {name} {}", plain(value));
                format!(
                    "{name}:{}",
                    members.iter().map(member).collect::<Vec<_>>().concat()
                )
            }
            other => format!("{name}: {}", plain(other)),
        });
    }
    parts.join("\n\n") + "\n"
}

fn entry_text(entry: &Value) -> String {
    let part = |name: &str| entry[name].as_str().unwrap_or_default();
    if entry["command"].is_string() {
        let mark = if entry["changes"] == true {
            "CHANGES"
        } else {
            "looks"
        };
        return format!("({mark}) {}\n     $ {}", part("purpose"), part("command"));
    }
    match entry {
        Value::Object(_) => format!(
            "{}{}: {}{}",
            part("signal"),
            part("cause"),
            part("finding"),
            part("check")
        ),
        other => plain(other),
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn a_mapping_renewed_in_vain_is_told_and_the_next_step_advised() {
    let mut recording = collapse();
    recording.context(None);
    recording.seconds(10, 9, 0);
    recording.context(Some("eipassoc-0123456789abcdefb"));
    recording.seconds(150, 3, 0);
    let events = told(&recording);
    assert_eq!(outcomes(&events), [("updated", "not_recovered")]);
    assert_eq!(actions(&events), ["reassociate_elastic_ip", "escalate"]);
    let incidents = named(&events, "incident");
    let vain = incidents
        .iter()
        .find(|event| event["incident"]["outcome"] == "not_recovered")
        .unwrap();
    let repair = &vain["incident"]["repair"];
    let since = repair["seconds_since_change"].as_f64().unwrap();
    assert!((120.0..125.0).contains(&since), "{repair}");
    for ratio in ["retransmit_ratio_before", "retransmit_ratio_after"] {
        let ratio = repair[ratio].as_f64().unwrap();
        assert!((0.2..0.6).contains(&ratio), "{repair}");
    }
    assert!(
        vain["message"].as_str().unwrap().contains("not recovered"),
        "{vain:#}"
    );
    let next = named(&events, "recommendation")[1];
    assert_eq!(next["remediation"]["touches_address"], false);
    assert_eq!(next["remediation"]["situation"], "advised_before");
    assert_eq!(next["incident"]["id"], vain["incident"]["id"]);
}

#[test]
fn what_helped_is_told_with_its_figures() {
    let mut recording = collapse();
    recording.context(None);
    recording.seconds(10, 9, 0);
    recording.context(Some("eipassoc-0123456789abcdefb"));
    recording.seconds(300, 0, 0);
    let events = told(&recording);
    assert_eq!(outcomes(&events), [("closed", "recovered")]);
    let closed = named(&events, "incident").into_iter().last().unwrap();
    let repair = &closed["incident"]["repair"];
    assert_eq!(repair["mapping_changed"], true, "{closed:#}");
    assert!(
        repair["retransmit_ratio_before"].as_f64() > Some(0.2),
        "{repair}"
    );
    assert_eq!(
        repair["retransmit_ratio_after"].as_f64(),
        Some(0.0),
        "{repair}"
    );
    assert_eq!(actions(&events), ["reassociate_elastic_ip"]);
}

#[test]
fn without_a_sign_that_somebody_acted_no_step_is_said_to_have_failed() {
    let mut recording = collapse();
    recording.seconds(300, 3, 0);
    let events = told(&recording);
    assert_eq!(outcomes(&events), []);
    assert_eq!(actions(&events), ["reassociate_elastic_ip"]);
}

#[test]
fn a_second_collapse_within_the_cool_down_gets_the_next_step() {
    let again = |toml: &str| {
        let mut recording = Recording::new(toml);
        for _ in 0..2 {
            recording.seconds(100, 0, 0);
            recording.seconds(90, 3, 0);
            recording.seconds(250, 0, 0);
        }
        told(&recording)
    };
    let find = "find_address_then_reassociate";
    assert_eq!(actions(&again("")), [find, "escalate"]);
    let short = "[detect]\ncooldown_seconds = 60\n";
    assert_eq!(actions(&again(short)), [find, find]);
    let few = "[detect]\ncooldown_seconds = 60\nadvices_a_day = 1\n";
    assert_eq!(actions(&again(few)), [find, "escalate"]);
}

#[test]
fn a_verdict_that_is_no_collapse_gets_counsel_that_touches_nothing() {
    let mut recording = Recording::new("");
    recording.context(Some("eipassoc-0123456789abcdefa"));
    recording.seconds(400, 2, 2);
    let events = told(&recording);
    assert_eq!(actions(&events), ["fail_over_or_replace"]);
    let counsel = named(&events, "recommendation")[0];
    assert_eq!(counsel["severity_text"], "WARN");
    assert_eq!(counsel["incident"], Value::Null);
    assert_eq!(counsel["remediation"]["touches_address"], false);
    assert_eq!(counsel["remediation"]["runbook"], Value::Null);
    let patient = "[detect]\ncounsel_seconds = 600.0\n";
    let mut recording = Recording::new(patient);
    recording.seconds(400, 2, 2);
    assert_eq!(actions(&told(&recording)), Vec::<&str>::new());
}
