//! The benchmark's own command line, and a few runs whose outcome is certain.

use std::process::Command;

use edgeghost_tests::{binary, temp::TempDir};
use serde_json::Value;

use crate::call::{Outcome, agent, run};

/// What the detector is for, and what it must not fall for: the verdict that stands longest, and
/// whether advice is given, in every run.
const CERTAIN: [(&str, &str, bool); 17] = [
    ("P02", "public_only_collapse", true),
    ("P07", "public_only_collapse", true),
    ("P09", "public_only_collapse", true),
    ("P10", "public_only_collapse", true),
    ("P23", "public_only_collapse", true),
    ("P24", "public_suspect", false),
    ("P26", "public_silent", false),
    ("X01", "public_only_collapse", true),
    ("N01", "healthy", false),
    ("N03", "client_side", false),
    ("N05", "public_suspect", false),
    ("N07", "host_wide", false),
    ("N09", "private_only", false),
    // It was one, for twenty seconds.
    ("N11", "public_only_collapse", false),
    ("N16", "healthy", false),
    ("N23", "public_degraded_no_control", false),
    ("Y01", "healthy", false),
];

/// Those of the others that take little time, so that an unoptimised build is through them in
/// seconds; one run each.
const QUICK: [&str; 37] = [
    "P08", "P11", "P16", "P20", "P25", "N04", "N06", "N10", "N14", "N17", "N20", "N21", "X02",
    "X04", "X05", "X08", "X13", "X14", "X15", "X16", "X17", "X18", "X20", "X21", "Y02", "Y03",
    "Y04", "Y05", "Y06", "Y07", "Y09", "Y10", "Y11", "Y12", "Y13", "Y14", "Y15",
];

/// In parts, for each must be done within the time that a program has.
const PART: usize = 6;

fn scenarios(args: &[&str]) -> Outcome {
    run(Command::new(binary::scenarios().unwrap()).args(args))
}

/// What the program reports of these, each with so many seeds.
fn report(ids: &[&str], seeds: &str) -> Vec<Value> {
    let part = |ids: &[&str]| {
        let mut args = vec!["--seeds", seeds, "--json", "-"];
        args.extend(ids.iter().flat_map(|id| ["--only", id]));
        let outcome = scenarios(&args);
        outcome.expect_code(0);
        let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
        report["scenarios"].as_array().unwrap().clone()
    };
    let scenarios: Vec<Value> = ids.chunks(PART).flat_map(part).collect();
    assert_eq!(scenarios.len(), ids.len());
    scenarios
}

#[test]
fn certain_scenarios_come_out_as_they_must() {
    for (scenario, (id, verdict, advised)) in
        report(&CERTAIN.map(|(id, ..)| id), "2").iter().zip(CERTAIN)
    {
        assert_eq!(scenario["id"], id);
        let runs = scenario["runs"].as_array().unwrap();
        assert_eq!(runs.len(), 2, "{id}");
        for run in runs {
            assert_eq!(run["verdict"], verdict, "{id}: {run:#}");
            assert_eq!(!run["advice_seconds"].is_null(), advised, "{id}: {run:#}");
            assert_eq!(run["false_advice"], 0, "{id}: {run:#}");
        }
        assert_eq!(scenario["passed"], true, "{id}: {scenario:#}");
    }
}

#[test]
fn the_same_seeds_give_the_same_figures() {
    let ids = ["P09", "P24", "N05", "X16"];
    assert_eq!(report(&ids, "2"), report(&ids, "2"));
}

/// Too few runs for the figures, but what must never be would show in each.
#[test]
fn hardly_any_comes_out_wrong_and_nothing_false_is_advised() {
    let all = report(&QUICK, "1");
    let runs = || {
        let scenarios = all.iter();
        scenarios.map(|scenario| (scenario, &scenario["runs"][0]))
    };
    let wrong: Vec<_> = runs().filter(|(_, run)| run["right"] == false).collect();
    assert!(wrong.len() * 100 <= all.len() * 3, "{wrong:#?}");
    for (scenario, run) in runs() {
        assert_eq!(run["false_advice"], 0, "{scenario:#}");
        assert_eq!(run["advice_after_end"], false, "{scenario:#}");
    }
    let due = || runs().filter(|(scenario, _)| scenario["expected_advice"] == "due");
    let is_late = |(scenario, run): &(&Value, &Value)| {
        let limit = scenario["advice_limit_seconds"].as_f64().unwrap();
        let advice = run["advice_seconds"].as_f64();
        advice.is_none_or(|after| after > limit)
    };
    let late: Vec<_> = due().filter(is_late).collect();
    assert!(late.len() * 100 <= due().count() * 7, "{late:#?}");
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
