//! `cargo xtask scenarios`: how often, how fast and how surely the detector is right.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::cargo::{self, Profile};
use crate::exec;
use crate::setup::{self, Need};

/// Options of `cargo xtask scenarios`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Options of the benchmark: --seeds N, --only ID, --json FILE, --trace ID SEED, --record FILE,
    /// --years N, --list; `-- --help` explains them
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "SCENARIO OPTIONS"
    )]
    args: Vec<OsString>,
}

/// Becomes the benchmark; it needs no rights.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    setup::ensure(&[Need::Build])?;
    // Some thousand hours of traffic: only the optimised build gets through them in minutes.
    let program = cargo::build_scenarios(Profile::RELEASE)?;
    Err(exec::replace(Command::new(program).args(&options.args)))
}
