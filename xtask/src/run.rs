//! `cargo xtask run`: builds the daemon as the user and runs it as root.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::cargo::{self, Profile};
use crate::elevate::{Elevation, RootProgram};
use crate::exec;
use crate::setup::{self, Need};

/// Options of `cargo xtask run`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    profile: Profile,
    #[command(flatten)]
    elevation: Elevation,
    /// Arguments for edgeghost. Options go to `edgeghost run`; anything else is a command line of
    /// its own: `-- --output events.ndjson` or `-- check`
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<OsString>,
}

/// Becomes the daemon. Only its events reach stdout.
pub(crate) fn run(options: Options) -> Result<ExitCode> {
    setup::ensure(&[Need::Build])?;
    let binary = cargo::build_agent(options.profile)?;
    let program = RootProgram {
        path: &binary,
        args: edgeghost_args(options.args),
        env: Vec::new(),
    };
    Err(exec::replace(&mut options.elevation.command(&program)?))
}

/// `edgeghost run` unless another of its commands is asked for. A rule instead of a list of its
/// commands, which would have to follow it.
fn edgeghost_args(args: Vec<OsString>) -> Vec<OsString> {
    let names_command = args
        .first()
        .is_some_and(|first| !first.as_encoded_bytes().starts_with(b"-"));
    let run = (!names_command).then(|| OsString::from("run"));
    run.into_iter().chain(args).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(given: &[&str]) -> Vec<OsString> {
        edgeghost_args(given.iter().map(OsString::from).collect())
    }

    #[test]
    fn run_is_the_default_command() {
        assert_eq!(args(&[]), ["run"]);
        assert_eq!(args(&["--output", "f"]), ["run", "--output", "f"]);
    }

    #[test]
    fn another_command_replaces_it() {
        assert_eq!(args(&["check"]), ["check"]);
        assert_eq!(args(&["run", "--output", "-"]), ["run", "--output", "-"]);
    }
}
