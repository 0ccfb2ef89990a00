//! `cargo xtask build`: the daemon, from nothing to a binary.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::cargo::{self, Profile};
use crate::setup::{self, Need};
use crate::ui;

/// Options of `cargo xtask build`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    profile: Profile,
    /// With export to an OpenTelemetry collector (`[otlp]` in the configuration)
    #[arg(long)]
    otlp: bool,
}

/// Builds the daemon and prints where it is: the path alone on stdout, for scripts.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    setup::ensure(&[Need::Build])?;
    let binary = if options.otlp {
        cargo::build_agent_with_otlp(options.profile)?
    } else {
        cargo::build_agent(options.profile)?
    };
    ui::result(binary.display());
    Ok(ExitCode::SUCCESS)
}
