//! What the agent says where it may not run.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use edgeghost_tests::temp::TempDir;
use edgeghost_tests::{binary, tool};

use crate::call::{Outcome, run};

/// `nobody`: a user who may nothing.
const NOBODY: u32 = 65534;

/// Runs the agent without any rights.
pub(crate) fn as_nobody(args: &[&str]) -> Outcome {
    let agent = binary::agent().unwrap();
    if !tool::is_root() {
        return run(Command::new(agent).args(args));
    }
    // Out of a home that nobody may enter.
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("edgeghost");
    std::fs::copy(agent, &copy).unwrap();
    // Changing to another user drops all capabilities.
    run(Command::new(&copy)
        .args(args)
        .uid(NOBODY)
        .gid(NOBODY)
        .current_dir("/"))
}

#[test]
fn run_without_privilege_says_what_is_missing() {
    let outcome = as_nobody(&["run"]);
    outcome.expect_code(3);
    outcome.expect_stderr(&["CAP_BPF", "CAP_PERFMON"]);
    assert_eq!(outcome.stdout, "", "no event before the agent runs");
    assert!(!outcome.stderr.contains("panicked"), "{outcome:#?}");
}

#[test]
fn check_without_privilege_says_what_is_missing() {
    let folder = TempDir::new().unwrap();
    let config = folder.write("edgeghost.toml", "[ec2]\nmetadata = \"off\"\n");
    let config = config.unwrap();
    let outcome = as_nobody(&["check", "--config", config.to_str().unwrap()]);
    outcome.expect_code(3);
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(said.contains("CAP_BPF"), "{outcome:#?}");
}

#[test]
fn a_bad_configuration_comes_before_missing_privilege() {
    as_nobody(&["run", "--config", "/no/such/edgeghost.toml"]).expect_code(2);
}

#[test]
fn schema_and_config_need_no_privilege() {
    as_nobody(&["schema"]).expect_code(0);
    as_nobody(&["config"]).expect_code(0);
}
