//! `cargo xtask lab`: the incident, rebuilt on one machine.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::cargo::{self, Profile};
use crate::elevate::{Elevation, RootProgram};
use crate::exec;
use crate::setup::{self, Need};

/// Options of `cargo xtask lab`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    profile: Profile,
    #[command(flatten)]
    elevation: Elevation,
    /// Options of the lab itself, after those above: --loss PERCENT, --seconds N, --keep, --json;
    /// `-- --help` explains them
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "LAB OPTIONS"
    )]
    args: Vec<OsString>,
}

/// Becomes the lab, which makes its own network namespaces and takes them down again.
pub(crate) fn run(options: Options) -> Result<ExitCode> {
    setup::ensure(&[Need::Build, Need::Network])?;
    let agent = cargo::build_agent(options.profile)?;
    let lab = cargo::build_lab(options.profile)?;
    let program = RootProgram {
        path: &lab,
        args: options.args,
        env: vec![("EDGEGHOST_BIN", agent.into_os_string())],
    };
    Err(exec::replace(&mut options.elevation.command(&program)?))
}
