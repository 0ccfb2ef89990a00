//! The lab's own command line.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use edgeghost_tests::{binary, temp::TempDir, tool};

use crate::call::{Outcome, run};

fn lab(args: &[&str]) -> Outcome {
    run(Command::new(binary::lab().unwrap()).args(args))
}

#[test]
fn help_says_what_each_option_means() {
    let help = lab(&["--help"]);
    help.expect_code(0);
    for word in [
        "--keep",
        "--loss",
        "--seconds",
        "--json",
        "--lone",
        "--case",
        "--quick",
        "--unprivileged",
        "Exit codes",
    ] {
        assert!(help.stdout.contains(word), "`{word}` is missing: {help:#?}");
    }
}

#[test]
fn what_it_cannot_do_is_a_usage_error() {
    for args in [
        &["--loss", "100"][..],
        &["--loss", "0"],
        &["--seconds", "0"],
        &["--haunt"],
    ] {
        lab(args).expect_code(2);
    }
}

#[test]
fn without_root_it_says_so() {
    let program = binary::lab().unwrap();
    let outcome = if tool::is_root() {
        let folder = TempDir::new().unwrap();
        let copy = folder.path().join("edgeghost-lab");
        std::fs::copy(program, &copy).unwrap();
        run(Command::new(&copy).uid(65534).gid(65534).current_dir("/"))
    } else {
        run(&mut Command::new(program))
    };
    outcome.expect_code(3);
    outcome.expect_stderr(&["root", "cargo xtask lab"]);
}
