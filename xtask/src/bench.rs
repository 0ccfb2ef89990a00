//! `cargo xtask bench`: what edgeghost costs, held against its budgets; or one part of it alone.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::cargo::{self, Profile};
use crate::elevate::{Elevation, RootProgram};
use crate::exec;
use crate::setup::{self, Need};

/// Options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    elevation: Elevation,
    /// Nothing, or --quick, --only GROUP, --json FILE: the whole daemon on real traffic, as root.
    /// Or one part, without rights: as-table [--table FILE], aws-ranges [--file FILE], detector,
    /// flood, replay. `-- --help` explains them
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "BENCHMARK"
    )]
    args: Vec<OsString>,
}

/// Becomes the benchmark.
pub(crate) fn run(options: Options) -> Result<ExitCode> {
    let alone = options.args.first().is_some_and(|first| {
        let first = first.to_string_lossy();
        first == "--help" || first != "suite" && !first.starts_with('-')
    });
    if alone {
        setup::ensure(&[Need::Build])?;
        let program = cargo::build_bench(Profile::RELEASE)?;
        return Err(exec::replace(Command::new(program).args(&options.args)));
    }
    setup::ensure(&[Need::Build, Need::Network])?;
    let agent = cargo::build_agent(Profile::RELEASE)?;
    let bench = cargo::build_bench(Profile::RELEASE)?;
    let named = options.args.first().is_some_and(|first| first == "suite");
    let suite = (!named).then(|| OsString::from("suite"));
    let program = RootProgram {
        path: &bench,
        args: suite.into_iter().chain(options.args).collect(),
        env: vec![("EDGEGHOST_BIN", agent.into_os_string())],
    };
    Err(exec::replace(&mut options.elevation.command(&program)?))
}
