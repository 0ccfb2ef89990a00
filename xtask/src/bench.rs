//! `cargo xtask bench`: what parts of the agent cost.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::cargo::{self, Profile};
use crate::exec;
use crate::setup::{self, Need};

/// Options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to measure, and its options: as-table [--table FILE], aws-ranges
    /// [--file FILE], detector, replay; `-- --help`
    /// explains them
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "BENCHMARK"
    )]
    args: Vec<OsString>,
}

/// Becomes the benchmark; it needs no rights.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    setup::ensure(&[Need::Build])?;
    let program = cargo::build_bench(Profile::RELEASE)?;
    Err(exec::replace(Command::new(program).args(&options.args)))
}
