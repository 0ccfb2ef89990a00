//! Recordings judged anew. `fixtures/recordings/lab.gz` is the lab in its quick form, as
//! `cargo xtask lab --quick --record` wrote it.

use edgeghost_tests::binary;
use edgeghost_tests::schema::Schema;
use edgeghost_tests::temp::TempDir;
use serde_json::Value;

use crate::call::{agent, agent_fed};
use crate::made::Recording;

const WEB3: &str = "10.1.0.207";

fn recording() -> String {
    let path = binary::fixtures().join("recordings/lab.gz");
    path.to_str().unwrap().to_owned()
}

/// What is told of the lab's server: event and judgement.
fn judgements(stdout: &str) -> Vec<String> {
    stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|event| event["network"]["local"]["address"] == WEB3)
        .filter(|event| event["event"]["name"] != "host_evidence")
        .map(|event| {
            let what = ["/verdict/name", "/incident/state", "/remediation/action"]
                .into_iter()
                .find_map(|path| event.pointer(path)?.as_str());
            what.unwrap_or_default().to_owned()
        })
        .collect()
}

#[test]
fn the_lab_is_judged_as_it_was() {
    let replay = agent(&["replay", &recording()]);
    replay.expect_code(0);
    let told = judgements(&replay.stdout);
    let end = [
        "public_only_collapse",
        "opened",
        "find_address_then_reassociate",
        "recovering",
        "closed",
    ];
    assert_eq!(
        told.first().map(String::as_str),
        Some("healthy"),
        "{told:?}"
    );
    assert!(told.len() > end.len(), "{told:?}");
    assert_eq!(told[told.len() - end.len()..], end, "{told:?}");
    let schema = Schema::of(&binary::agent().unwrap()).unwrap();
    for line in replay.stdout.lines() {
        let event = serde_json::from_str(line).unwrap();
        assert_eq!(schema.complaints(&event), Vec::<String>::new());
    }
}

#[test]
fn it_is_the_same_every_time() {
    let first = agent(&["replay", &recording()]);
    let second = agent(&["replay", &recording()]);
    assert_eq!(first.stdout, second.stdout);
}

#[test]
fn explain_shows_the_votes_and_the_gates() {
    let explained = agent(&["replay", "--explain", &recording()]);
    explained.expect_code(0);
    for part in [
        "public ",
        "private ",
        "vote",
        "control group yes",
        "still losing yes",
    ] {
        assert!(explained.stdout.contains(part), "{part} is missing");
    }
}

#[test]
fn a_bad_line_is_named() {
    let folder = TempDir::new().unwrap();
    let lines = "{\"timestamp\":\"2026-01-01T00:00:00.000000000Z\",\"event\":{\"name\":\"x\"}}\n\
                 {\"timestamp\":\"2026-01-01T00:00:01.000000000Z\",\"event\":{\"name\":\
                 \"host_sample\"}}\n\n";
    let path = folder.write("recording.ndjson", lines).unwrap();
    let outcome = agent(&["replay", path.to_str().unwrap()]);
    outcome.expect_code(1);
    outcome.expect_stderr(&["recording.ndjson, line 2", "host_sample"]);
}

#[test]
fn a_recording_that_is_cut_off_is_judged_as_far_as_it_goes() {
    let folder = TempDir::new().unwrap();
    let whole = std::fs::read(recording()).unwrap();
    let path = folder.path().join("cut.gz");
    std::fs::write(&path, &whole[..whole.len() * 2 / 3]).unwrap();
    let outcome = agent(&["replay", path.to_str().unwrap()]);
    outcome.expect_code(0);
    outcome.expect_stderr(&["cut off after line"]);
    assert!(!judgements(&outcome.stdout).is_empty());
}

#[test]
fn a_recording_that_is_not_there_is_a_usage_error() {
    let outcome = agent(&["replay", "/no/such/recording.gz"]);
    outcome.expect_code(2);
    outcome.expect_stderr(&["/no/such/recording.gz"]);
}

/// Seconds of the day in which the first recommendation comes.
fn advised_at(recording: &Recording) -> Option<String> {
    let outcome = agent_fed(&["replay", "-"], &recording.text());
    outcome.expect_code(0);
    outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|event| event["event"]["name"] == "recommendation")
        .map(|event| event["timestamp"].as_str().unwrap().to_owned())
}

/// As in the run that recorded it: what came before the reload is judged by what was in force
/// then.
#[test]
fn a_configuration_that_was_read_again_counts_from_there_on() {
    let patient = "[detect]\nconfirm_seconds = 600.0\n";
    let eager = "[detect]\nconfirm_seconds = 20.0\n";
    let with = |reload: Option<&str>| {
        let mut recording = Recording::new(patient);
        recording.seconds(60, 0, 0);
        recording.seconds(90, 3, 0);
        if let Some(toml) = reload {
            recording.reload(toml);
        }
        recording.seconds(60, 3, 0);
        recording
    };
    assert_eq!(advised_at(&with(None)), None, "ten minutes are not over");
    assert_eq!(advised_at(&with(Some(patient))), None);
    let at = advised_at(&with(Some(eager))).expect("advice after the reload");
    assert!(
        ("2026-11-21T09:02:30".."2026-11-21T09:02:40").contains(&at.as_str()),
        "{at}"
    );
}

#[test]
fn a_configuration_read_again_that_is_wrong_is_a_bad_line() {
    let mut recording = Recording::new("");
    recording.reload("[window]\nsecconds = 3\n");
    let outcome = agent_fed(&["replay", "-"], &recording.text());
    outcome.expect_code(1);
    outcome.expect_stderr(&["line 2", "secconds"]);
}

/// What is told, and how long each incident had lasted whenever it was told of.
fn told(recording: &Recording) -> (Vec<String>, Vec<f64>) {
    let outcome = agent_fed(&["replay", "-"], &recording.text());
    outcome.expect_code(0);
    let events = outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let durations = events
        .filter_map(|event| event.pointer("/incident/duration_seconds")?.as_f64())
        .collect();
    (judgements(&outcome.stdout), durations)
}

/// NTP finds the clock an hour wrong; a virtual machine was suspended: time is reckoned by the
/// monotonic clock alone.
#[test]
fn a_wall_clock_that_is_stepped_changes_no_judgement() {
    let with = |steps: [i64; 3]| {
        let mut recording = Recording::new("");
        recording.seconds(60, 0, 0);
        recording.step(steps[0]);
        recording.seconds(40, 3, 0);
        recording.step(steps[1]);
        recording.seconds(100, 3, 0);
        recording.step(steps[2]);
        recording.seconds(200, 0, 0);
        recording
    };
    let steady = told(&with([0, 0, 0]));
    for wanted in ["public_only_collapse", "opened", "closed"] {
        let is_told = steady.0.iter().any(|name| name == wanted);
        assert!(is_told, "{wanted} is missing: {steady:?}");
    }
    assert!(
        steady.1.iter().any(|duration| *duration > 90.0),
        "{steady:?}"
    );
    assert_eq!(told(&with([3_600, -7_200, 3_600])), steady);
    assert_eq!(told(&with([-3_600, 7_200, 1])), steady);
}
