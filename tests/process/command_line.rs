//! `edgeghost` and its arguments.

use crate::call::agent;

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let help = agent(&["--help"]);
    help.expect_code(0);
    for word in ["run", "check", "schema", "config", "Exit codes"] {
        assert!(help.stdout.contains(word), "`{word}` is missing: {help:#?}");
    }
}

#[test]
fn every_command_has_help() {
    for command in ["run", "check", "schema", "config"] {
        let help = agent(&[command, "--help"]);
        help.expect_code(0);
        assert!(help.stdout.contains("Usage: edgeghost"), "{help:#?}");
    }
}

#[test]
fn version_is_that_of_the_build() {
    let version = agent(&["--version"]);
    version.expect_code(0);
    assert_eq!(
        version.stdout.trim(),
        concat!("edgeghost ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn an_unknown_flag_is_a_usage_error() {
    let outcome = agent(&["run", "--no-such-flag"]);
    outcome.expect_code(2);
    outcome.expect_stderr(&["--no-such-flag", "Usage"]);
    assert_eq!(outcome.stdout, "", "events only on standard output");
}

#[test]
fn an_unknown_command_is_a_usage_error() {
    let outcome = agent(&["haunt"]);
    outcome.expect_code(2);
    outcome.expect_stderr(&["haunt"]);
}

#[test]
fn no_command_is_a_usage_error_that_shows_the_commands() {
    let outcome = agent(&[]);
    outcome.expect_code(2);
    outcome.expect_stderr(&["run", "schema"]);
}
