//! The benchmark's own command line, and a few runs whose outcome is certain.

use std::process::Command;

use edgeghost_tests::{binary, temp::TempDir};
use serde_json::Value;

use crate::call::{Outcome, agent, run};

/// Cheap scenarios, so that an unoptimised build is through them in seconds: the verdict that
/// stands longest, and whether advice is given.
const CERTAIN: [(&str, &str, bool); 6] = [
    ("P09", "public_only_collapse", true),
    ("P10", "public_only_collapse", true),
    ("P24", "public_suspect", false),
    ("N05", "public_suspect", false),
    ("N16", "healthy", false),
    ("N09", "private_only", false),
];

fn scenarios(args: &[&str]) -> Outcome {
    run(Command::new(binary::scenarios().unwrap()).args(args))
}

/// Two runs of each, as the program reports them.
fn report() -> Value {
    let mut args = vec!["--seeds", "2", "--json", "-"];
    args.extend(CERTAIN.iter().flat_map(|(id, ..)| ["--only", id]));
    let outcome = scenarios(&args);
    outcome.expect_code(0);
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn certain_scenarios_come_out_as_they_must_and_twice_the_same() {
    let first = report();
    for (id, verdict, advised) in CERTAIN {
        let all = first["scenarios"].as_array().unwrap();
        let scenario = all.iter().find(|scenario| scenario["id"] == id).unwrap();
        let runs = scenario["runs"].as_array().unwrap();
        assert_eq!(runs.len(), 2, "{id}");
        for run in runs {
            assert_eq!(run["verdict"], verdict, "{id}: {run:#}");
            assert_eq!(!run["advice_seconds"].is_null(), advised, "{id}: {run:#}");
            assert_eq!(run["false_advice"], 0, "{id}: {run:#}");
        }
        assert_eq!(scenario["passed"], true, "{id}");
    }
    assert_eq!(first, report(), "the same seeds, other figures");
}

/// Every event of these lines, in order, without its place in the stream.
fn judgements(lines: &str) -> Vec<Value> {
    lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|event| {
            let name = event["event"]["name"].as_str().unwrap();
            ["verdict", "incident", "recommendation"].contains(&name)
        })
        .map(|mut event| {
            event["event"]["sequence"].take();
            event
        })
        .collect()
}

#[test]
fn the_agent_tells_of_a_recorded_run_what_was_judged() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("p09.ndjson");
    let name = file.to_str().unwrap();
    scenarios(&["--trace", "P09", "1", "--record", name]).expect_code(0);
    let replayed = agent(&["replay", name]);
    replayed.expect_code(0);
    let judged = judgements(&std::fs::read_to_string(&file).unwrap());
    let advice = |event: &&Value| event["event"]["name"] == "recommendation";
    assert_eq!(judged.iter().filter(advice).count(), 1, "{judged:#?}");
    assert_eq!(judgements(&replayed.stdout), judged);
}

#[test]
fn a_list_names_every_scenario() {
    let list = scenarios(&["--list"]);
    list.expect_code(0);
    for (letter, count) in [('P', 26), ('N', 23), ('X', 22), ('Y', 15)] {
        for number in 1..=count {
            let name = format!("{letter}{number:02} ");
            assert!(list.stdout.contains(&name), "{name}");
        }
    }
}

#[test]
fn the_report_goes_to_a_file_and_to_people() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("report.json");
    let name = file.to_str().unwrap();
    let outcome = scenarios(&["--only", "n21", "--seeds", "1", "--json", name]);
    outcome.expect_code(0);
    assert!(outcome.stdout.contains("verdict accuracy"), "{outcome:#?}");
    let report: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(report["totals"]["runs"], 1);
    let targets = report["targets"].as_array().unwrap();
    assert!(targets.len() > 10);
    for target in targets {
        let name = target["name"].as_str().unwrap();
        assert!(outcome.stdout.contains(name), "{name}: {outcome:#?}");
    }
}

#[test]
fn what_it_cannot_do_is_an_error() {
    scenarios(&["--seeds", "0"]).expect_code(2);
    scenarios(&["--haunt"]).expect_code(2);
    let unknown = scenarios(&["--only", "Z99"]);
    unknown.expect_code(1);
    unknown.expect_stderr(&["Z99", "--list"]);
    scenarios(&["--record", "here.gz"]).expect_code(2);
    scenarios(&["--real", "--years", "1"]).expect_code(2);
    let absent = scenarios(&["--beside", "/nowhere/real.gz"]);
    absent.expect_code(1);
    absent.expect_stderr(&["/nowhere/real.gz"]);
}

/// The only provider there is, bad: spread over many blocks it looks like many, unless a table
/// tells that it is one.
#[test]
fn a_table_makes_one_voice_of_a_provider_with_many_blocks() {
    let told = |networks| {
        let args = [
            "--seeds",
            "1",
            "--only",
            "N05",
            "--json",
            "-",
            "--networks",
            networks,
        ];
        let outcome = scenarios(&args);
        outcome.expect_code(0);
        let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
        report["scenarios"][0]["runs"].clone()
    };
    assert_eq!(told("as"), told("blocks"));
    assert_ne!(told("spread"), told("blocks"));
}
