//! `cargo xtask scenarios`: how often, how fast and how surely the detector is right.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::cargo::{self, Profile};
use crate::elevate::{Elevation, RootProgram};
use crate::exec;
use crate::setup::{self, Need};

/// Options of `cargo xtask scenarios`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    elevation: Elevation,
    /// Options of the benchmark: --seeds N, --only ID, --json FILE, --trace ID SEED, --record FILE,
    /// --years N, --list, --picture FILE --address IP; --real [--record FILE] for real TCP and the real agent, as root; `-- --help` explains them
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "SCENARIO OPTIONS"
    )]
    args: Vec<OsString>,
}

/// Becomes the benchmark; only with real TCP it needs rights.
pub(crate) fn run(options: Options) -> Result<ExitCode> {
    if options.args.iter().any(|argument| argument == "--real") {
        return real(options);
    }
    setup::ensure(&[Need::Build])?;
    // Some thousand hours of traffic: only the optimised build gets through them in minutes.
    let program = cargo::build_scenarios(Profile::RELEASE)?;
    Err(exec::replace(Command::new(program).args(&options.args)))
}

/// Some minutes of traffic, in real time: any build will do.
fn real(options: Options) -> Result<ExitCode> {
    setup::ensure(&[Need::Build, Need::Network])?;
    let agent = cargo::build_agent(Profile::default())?;
    let scenarios = cargo::build_scenarios(Profile::default())?;
    let program = RootProgram {
        path: &scenarios,
        args: options.args,
        env: vec![("EDGEGHOST_BIN", agent.into_os_string())],
    };
    Err(exec::replace(&mut options.elevation.command(&program)?))
}
