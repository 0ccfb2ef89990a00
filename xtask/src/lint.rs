//! `cargo xtask lint`: layout and mistakes, in both halves, with warnings as errors.

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::cargo::{OTLP, cargo};
use crate::setup::{self, Need};
use crate::{exec, ui};

/// Options of `cargo xtask lint`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Lay the sources out instead of complaining about their layout
    #[arg(long)]
    fmt: bool,
}

/// Runs every check, so that one run shows everything there is to mend.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    // Clippy runs agent/build.rs, and that builds the eBPF half.
    setup::ensure(&[Need::Build, Need::Lint])?;
    let mut failed = Vec::new();
    for (what, mut command) in checks(options) {
        ui::step(what);
        if !exec::status(&mut command)?.success() {
            failed.push(what);
        }
    }
    if failed.is_empty() {
        ui::say("lint: no complaints");
        return Ok(ExitCode::SUCCESS);
    }
    ui::say(format_args!("lint: complaints from {}", failed.join(", ")));
    Ok(ExitCode::FAILURE)
}

fn checks(options: &Options) -> [(&'static str, Command); 2] {
    [("layout", layout(options.fmt)), ("clippy", clippy())]
}

fn layout(mend: bool) -> Command {
    let mut command = cargo(["fmt", "--all"]);
    if !mend {
        command.arg("--check");
    }
    command
}

/// Both halves in one pass: for the host, the eBPF half is an ordinary program. With what not
/// everybody builds; what only a program without it has is a few lines, which the tests compile.
fn clippy() -> Command {
    let mut command = cargo(["clippy", "--locked", "--workspace", "--features", OTLP]);
    command.args(["--all-targets", "--", "--deny", "warnings"]);
    command
}
