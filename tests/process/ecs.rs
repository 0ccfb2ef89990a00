//! The Elastic Common Schema: the page that explains it is right, and a replay speaks it.

use edgeghost_tests::binary;
use serde_json::Value;

use crate::call::{agent, agent_fed};

/// What the page shows in one language.
fn shown(page: &str, language: &str) -> String {
    let opening = format!("```{language}\n");
    let rest = page.split(&opening).nth(1).expect(language);
    rest.split("```").next().unwrap().to_owned()
}

fn page() -> String {
    let path = binary::fixtures().join("../../agent/docs/ecs.md");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn its_example_is_what_comes_out() {
    let page = page();
    let (plain, ecs) = (shown(&page, "json"), shown(&page, "ecs"));
    let rendered = String::from_utf8(edgeghost::sink::ecs(plain.as_bytes())).unwrap();
    assert_eq!(rendered, ecs);
}

#[test]
fn every_event_is_in_its_table() {
    let page = page();
    for name in edgeghost::event::Event::NAMES {
        assert!(page.contains(&format!("`{name}`")), "{name} is missing");
    }
}

#[test]
fn a_replay_says_the_same_in_either_schema() {
    let recording = binary::fixtures().join("recordings/lab.gz");
    let recording = recording.to_str().unwrap();
    let plain = agent(&["replay", recording]);
    let ecs = agent(&["replay", "--ecs", recording]);
    ecs.expect_code(0);
    let lines = |text: &str| -> Vec<Value> {
        let parsed = text.lines().map(|line| serde_json::from_str(line).unwrap());
        parsed.collect()
    };
    let (plain_lines, ecs_lines) = (lines(&plain.stdout), lines(&ecs.stdout));
    assert_eq!(plain_lines.len(), ecs_lines.len());
    assert!(plain_lines.len() > 5, "{plain:#?}");
    for (plain, ecs) in plain_lines.iter().zip(&ecs_lines) {
        assert_eq!(ecs["@timestamp"], plain["timestamp"]);
        assert_eq!(ecs["event"]["action"], plain["event"]["name"]);
        assert_eq!(ecs["event"]["sequence"], plain["event"]["sequence"]);
        assert_eq!(ecs["source"]["ip"], plain["network"]["local"]["address"]);
        for ours in ["incident", "remediation", "verdict", "host_evidence"] {
            assert_eq!(ecs["edgeghost"][ours], plain[ours], "{ours}");
        }
    }
    let (long, short) = (ecs.stdout.lines(), plain.stdout.lines());
    for (long, short) in long.zip(short) {
        assert!(long.len() <= short.len() + 512, "{long}");
    }
    let from_ecs = agent_fed(&["runbook", "-"], &ecs.stdout);
    from_ecs.expect_code(0);
    assert_eq!(
        from_ecs.stdout,
        agent_fed(&["runbook", "-"], &plain.stdout).stdout
    );
}
