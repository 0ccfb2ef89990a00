//! Tables of autonomous systems: what is said of good ones, bad ones and missing ones, and that
//! they count.

use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use edgeghost_tests::binary;
use edgeghost_tests::temp::TempDir;
use serde_json::Value;

use crate::call::{Outcome, agent};

const DAY: Duration = Duration::from_hours(24);

/// It is of no matter here, and asking for it takes time.
const NO_METADATA: &str = "[ec2]\nmetadata = \"off\"\n";

/// Everything belongs to one operator.
const ONE: &str = "0.0.0.0\t1\t64496\n128.0.0.0\t1\t64496\n2000::\t3\t64496\n";

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs `command` with this table in the configuration.
fn with_table(folder: &TempDir, command: &str, table: &str) -> Outcome {
    let table = folder.write("table.tsv", table).unwrap();
    let config = format!("{NO_METADATA}[path]\nas_table = {:?}\n", name(&table));
    let config = folder.write("edgeghost.toml", &config).unwrap();
    agent(&[command, "--config", name(&config)])
}

fn changed(path: &Path, at: SystemTime) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(at).unwrap();
}

/// The line of `check` about networks.
fn networks(check: &Outcome) -> String {
    let mut lines = check.stdout.lines();
    let line = lines.find(|line| line.split_whitespace().nth(1) == Some("networks"));
    line.unwrap_or_else(|| panic!("{check:#?}")).to_owned()
}

#[test]
fn a_broken_table_is_a_configuration_error() {
    let folder = TempDir::new().unwrap();
    for command in ["run", "check"] {
        let outcome = with_table(&folder, command, "1.0.0.0\t24\t64496\n1.0.0.0\t24\tx\n");
        outcome.expect_code(2);
        outcome.expect_stderr(&["table.tsv, line 2", "`x` is no AS number", "path.as_table"]);
        assert!(!outcome.stdout.contains("agent_start"), "{outcome:#?}");
        if command == "check" {
            assert!(networks(&outcome).starts_with("FAIL "), "{outcome:#?}");
        }
        with_table(&folder, command, "# nothing\n").expect_code(2);
    }
}

#[test]
fn a_missing_table_is_a_configuration_error() {
    let folder = TempDir::new().unwrap();
    let config = "[path]\nas_table = [\"/no/such/table.gz\"]\n";
    let config = folder.write("edgeghost.toml", config).unwrap();
    for args in [["run", "--config"], ["check", "--config"]] {
        let outcome = agent(&[args[0], args[1], name(&config)]);
        outcome.expect_code(2);
        outcome.expect_stderr(&["/no/such/table.gz", "No such file", "/16 and /32"]);
    }
    let replay = agent(&["replay", "--config", name(&config), "/dev/null"]);
    replay.expect_code(2);
    let config = agent(&["config", "--config", name(&config)]);
    config.expect_code(0);
    assert!(config.stdout.contains("/no/such/table.gz"), "{config:#?}");
}

#[test]
fn check_tells_of_the_table_and_its_age() {
    let folder = TempDir::new().unwrap();
    let none = folder.write("edgeghost.toml", NO_METADATA).unwrap();
    let without = networks(&agent(&["check", "--config", name(&none)]));
    assert!(
        without.starts_with("ok ") && without.contains("path.as_table names no table"),
        "{without}"
    );
    let fresh = networks(&with_table(&folder, "check", ONE));
    assert!(
        fresh.starts_with("ok ")
            && fresh.contains("2 IPv4 and 1 IPv6 prefixes in 0.5 MiB, 0 days old"),
        "{fresh}"
    );
    changed(
        &folder.path().join("table.tsv"),
        SystemTime::now() - 91 * DAY,
    );
    let config = folder.path().join("edgeghost.toml");
    let old = networks(&agent(&["check", "--config", name(&config)]));
    assert!(
        old.starts_with("warn ") && old.contains("91 days old") && old.contains("get it anew"),
        "{old}"
    );
}

/// The lab's recording, as if its run had had this configuration.
fn recording(folder: &TempDir, toml: &str) -> String {
    let file = std::fs::File::open(binary::fixtures().join("recordings/lab.gz")).unwrap();
    let mut text = String::new();
    let mut reader = edgeghost::unpack::reader(file).unwrap();
    reader.read_to_string(&mut text).unwrap();
    let (head, rest) = text.split_once('\n').unwrap();
    let mut head: Value = serde_json::from_str(head).unwrap();
    head["agent"]["config"]["toml"] = toml.into();
    let path = folder
        .write("recording", &format!("{head}\n{rest}"))
        .unwrap();
    name(&path).to_owned()
}

#[test]
fn replay_uses_the_recorded_runs_table_or_says_that_it_cannot() {
    let collapse = "\"public_only_collapse\"";
    let folder = TempDir::new().unwrap();
    let blocks = agent(&["replay", &recording(&folder, "")]);
    blocks.expect_code(0);
    assert!(blocks.stdout.contains(collapse));

    let table = folder.path().join("table.tsv");
    let toml = format!("[path]\nas_table = {:?}\n", name(&table));
    let recording = recording(&folder, &toml);
    let fallback = agent(&["replay", &recording]);
    fallback.expect_code(0);
    fallback.expect_stderr(&["table.tsv", "No such file", "judgements may differ"]);
    assert_eq!(fallback.stdout, blocks.stdout);

    folder.write("table.tsv", ONE).unwrap();
    changed(&table, SystemTime::UNIX_EPOCH + 10_000 * DAY);
    let by_system = agent(&["replay", &recording]);
    by_system.expect_code(0);
    assert!(!by_system.stderr.contains("may differ"), "{by_system:#?}");
    assert!(
        !by_system.stdout.contains(collapse),
        "one operator, one voice: {by_system:#?}"
    );
    let explained = agent(&["replay", "--explain", &recording]);
    assert!(explained.stdout.contains("AS64496"), "{explained:#?}");

    changed(&table, SystemTime::UNIX_EPOCH + 40_000 * DAY);
    let newer = agent(&["replay", &recording]);
    newer.expect_stderr(&["changed after the recorded run", "judgements may differ"]);
    assert_eq!(newer.stdout, by_system.stdout);
}
