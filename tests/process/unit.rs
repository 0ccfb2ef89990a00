//! The service unit, by systemd's own word (`systemd-analyze`; no running systemd is needed).

use std::path::Path;
use std::process::Command;

use edgeghost_tests::binary;
use edgeghost_tests::temp::TempDir;

use crate::call::{Outcome, run};

/// Exposure in tenths, at most, as `systemd-analyze security` counts it.
const EXPOSURE: &str = "20";

fn unit() -> String {
    let path = binary::packaging().join("systemd/edgeghost.service");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Values of a directive, in order.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='))
        .collect()
}

/// The unit with this build in the place of the installed program.
fn analyze(args: &[&str], folder: &TempDir) -> Outcome {
    let program = binary::agent().unwrap();
    let text = unit().replace("/usr/bin/edgeghost", program.to_str().unwrap());
    let file = folder.write("edgeghost.service", &text).unwrap();
    run(Command::new("systemd-analyze").args(args).arg(file))
}

#[test]
fn systemd_understands_every_line() {
    let folder = TempDir::new().unwrap();
    let outcome = analyze(&["verify", "--man=no"], &folder);
    outcome.expect_code(0);
    // What it does not know it only complains of.
    assert!(!outcome.stderr.contains("edgeghost"), "{outcome:#?}");
}

#[test]
fn it_is_as_closed_as_promised() {
    let folder = TempDir::new().unwrap();
    let threshold = format!("--threshold={EXPOSURE}");
    let outcome = analyze(
        &["security", "--offline=yes", "--no-pager", &threshold],
        &folder,
    );
    outcome.expect_code(0);
}

#[test]
fn it_gives_two_capabilities_and_no_more() {
    let unit = unit();
    for key in ["CapabilityBoundingSet", "AmbientCapabilities"] {
        assert_eq!(values(&unit, key), ["CAP_BPF CAP_PERFMON"], "{key}");
    }
}

/// Its command line is one, and its folders are those that the agent uses by default.
#[test]
fn its_command_is_a_command() {
    let unit = unit();
    let start = values(&unit, "ExecStart");
    let words: Vec<&str> = start[0].split_whitespace().collect();
    assert_eq!(words[..2], ["/usr/bin/edgeghost", "run"], "{start:?}");
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("none.toml");
    // All options are known: what stops it is the configuration, not the command line.
    let args = words[1..].iter().map(|word| match *word {
        "/etc/edgeghost/edgeghost.toml" => missing.as_path(),
        word => Path::new(word),
    });
    let outcome = run(Command::new(binary::agent().unwrap()).args(args));
    outcome.expect_code(2);
    outcome.expect_stderr(&["cannot read the configuration"]);
    for key in [
        "ConfigurationDirectory",
        "LogsDirectory",
        "RuntimeDirectory",
        "StateDirectory",
        "User",
        "Group",
    ] {
        assert_eq!(values(&unit, key), ["edgeghost"], "{key}");
    }
}

/// The codes that no restart mends are those that the program has.
#[test]
fn it_does_not_try_again_what_stays_wrong() {
    assert_eq!(values(&unit(), "RestartPreventExitStatus"), ["2 3"]);
    assert_eq!(values(&unit(), "Restart"), ["on-failure"]);
}

/// The user, and the folders for whoever does without the unit, are those of the unit.
#[test]
fn user_and_folders_are_those_of_the_unit() {
    let read = |name: &str| std::fs::read_to_string(binary::packaging().join(name)).unwrap();
    let user = read("sysusers/edgeghost.conf");
    assert!(
        user.lines().any(|line| line.starts_with("u edgeghost ")),
        "{user}"
    );
    let folders = read("tmpfiles/edgeghost.conf");
    let unit = unit();
    for (key, folder) in [
        ("RuntimeDirectory", "/run/edgeghost"),
        ("StateDirectory", "/var/lib/edgeghost"),
        ("LogsDirectory", "/var/log/edgeghost"),
    ] {
        let mode = values(&unit, &format!("{key}Mode"))[0];
        let found = folders.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words == ["d", folder, mode, "edgeghost", "edgeghost", "-"]
        });
        assert!(found, "{key} with mode {mode}: {folders}");
    }
}
