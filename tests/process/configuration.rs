//! Configuration files: the default reads back, and every mistake is refused by name before
//! anything is started.

use edgeghost_tests::temp::TempDir;

use crate::call::{Outcome, agent, agent_in};

/// Runs `command` with a configuration of this content.
fn with_config(command: &str, content: &str) -> Outcome {
    let folder = TempDir::new().unwrap();
    let path = folder.write("edgeghost.toml", content).unwrap();
    agent(&[command, "--config", path.to_str().unwrap()])
}

#[test]
fn what_config_prints_is_a_configuration() {
    let defaults = agent(&["config"]);
    defaults.expect_code(0);
    for section in [
        "[report]", "[window]", "[flows]", "[path]", "[detect]", "[health]",
    ] {
        assert!(
            defaults.stdout.contains(section),
            "{section} is missing: {defaults:#?}"
        );
    }
    let again = with_config("config", &defaults.stdout);
    again.expect_code(0);
    assert_eq!(again.stdout, defaults.stdout);
}

#[test]
fn a_setting_shows_in_the_effective_configuration() {
    let changed = with_config("config", "[window]\nseconds = 30.0\n");
    changed.expect_code(0);
    assert!(changed.stdout.contains("seconds = 30.0"), "{changed:#?}");
    assert_ne!(changed.stdout, agent(&["config"]).stdout);
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    for command in ["run", "check", "config"] {
        let outcome = with_config(command, "[window]\nseconds = 10.0\nlenght = 5\n");
        outcome.expect_code(2);
        outcome.expect_stderr(&["lenght", "line 3"]);
        assert_eq!(outcome.stdout, "");
    }
}

/// The program that everybody has exports nothing, and says what would.
#[test]
fn export_to_opentelemetry_takes_a_program_built_with_it() {
    for command in ["run", "check", "config"] {
        let outcome = with_config(command, "[otlp]\nendpoint = \"http://127.0.0.1:4318\"\n");
        outcome.expect_code(2);
        outcome.expect_stderr(&["otlp", "feature `otlp`", "cargo xtask build --otlp"]);
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn an_unknown_section_is_named_with_its_line() {
    let outcome = with_config("run", "\n[windows]\nseconds = 10.0\n");
    outcome.expect_code(2);
    outcome.expect_stderr(&["windows", "line 2"]);
}

#[test]
fn a_value_of_the_wrong_type_is_named_with_its_line() {
    let outcome = with_config("run", "[flows]\n\ntable_max = \"many\"\n");
    outcome.expect_code(2);
    outcome.expect_stderr(&["table_max", "line 3"]);
}

#[test]
fn a_value_out_of_range_is_named_with_what_is_allowed() {
    let outcome = with_config("run", "[window]\nseconds = 0.0\n");
    outcome.expect_code(2);
    outcome.expect_stderr(&["window.seconds", "1 to 3600"]);
}

#[test]
fn a_network_that_is_none_is_named() {
    let outcome = with_config("run", "[path]\nprivate_cidrs = [\"10.0.0.0/33\"]\n");
    outcome.expect_code(2);
    outcome.expect_stderr(&["private_cidrs", "line 2"]);
}

#[test]
fn what_is_not_toml_is_a_configuration_error() {
    let outcome = with_config("run", "window.seconds: 5\n");
    outcome.expect_code(2);
    outcome.expect_stderr(&["line 1"]);
}

#[test]
fn a_missing_file_is_named() {
    for command in ["run", "check", "config"] {
        let outcome = agent(&[command, "--config", "/no/such/edgeghost.toml"]);
        outcome.expect_code(2);
        outcome.expect_stderr(&["/no/such/edgeghost.toml", "No such file"]);
    }
}

#[test]
fn the_explained_defaults_are_the_defaults() {
    let explained = agent(&["config", "--default"]);
    explained.expect_code(0);
    assert!(explained.stdout.starts_with("# "), "{explained:#?}");
    let read = with_config("config", &explained.stdout);
    read.expect_code(0);
    assert_eq!(read.stdout, with_config("config", "").stdout);
}

/// `edgeghost config --check` of a file of this content.
fn checked(content: &str) -> Outcome {
    let folder = TempDir::new().unwrap();
    let path = folder.write("edgeghost.toml", content).unwrap();
    agent(&["config", "--check", path.to_str().unwrap()])
}

#[test]
fn a_file_is_checked_with_all_that_it_names() {
    let good = checked("[window]\nseconds = 30.0\n");
    good.expect_code(0);
    assert!(
        good.stdout.contains("1 setting differs") && good.stdout.contains("window.seconds"),
        "{good:#?}"
    );
    let slip = checked("[window]\nsecconds = 30.0\n");
    slip.expect_code(2);
    slip.expect_stderr(&["line 2", "did you mean `seconds`?"]);
    let elsewhere = checked("[window]\nhold_seconds = 30.0\n");
    elsewhere.expect_code(2);
    elsewhere.expect_stderr(&["`hold_seconds` belongs to [detect]"]);
    let names = checked("[path]\nas_table = \"/no/such/table\"\n");
    names.expect_code(2);
    names.expect_stderr(&["/no/such/table"]);
}

#[test]
fn the_environment_counts_more_than_the_file_and_options_more_than_both() {
    let folder = TempDir::new().unwrap();
    let path = folder
        .write(
            "edgeghost.toml",
            "[window]\nseconds = 20.0\npeers_max = 7\n",
        )
        .unwrap();
    let variables = [
        ("EDGEGHOST_CONFIG", path.to_str().unwrap()),
        ("EDGEGHOST_WINDOW__SECONDS", "30"),
        ("EDGEGHOST_WINDOW__PEERS_MAX", "8"),
    ];
    let outcome = agent_in(&variables, &["config", "--set", "window.peers_max=9"]);
    outcome.expect_code(0);
    for line in ["seconds = 30.0", "peers_max = 9"] {
        assert!(outcome.stdout.contains(line), "{line}: {outcome:#?}");
    }
    let wrong = agent_in(&[("EDGEGHOST_WINDOW__SECONDS", "0")], &["run"]);
    wrong.expect_code(2);
    wrong.expect_stderr(&["EDGEGHOST_WINDOW__SECONDS", "1 to 3600"]);
}
