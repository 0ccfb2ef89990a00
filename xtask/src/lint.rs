//! `cargo xtask lint`: layout and mistakes, in both halves, with warnings as errors.

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::cargo::cargo;
use crate::setup::{self, Need};
use crate::{exec, ui};

/// The crate that only exists for the BPF target.
const EBPF: &str = "edgeghost-ebpf";

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

fn checks(options: &Options) -> [(&'static str, Command); 3] {
    [
        ("layout", layout(options.fmt)),
        ("clippy, user half", user_half()),
        ("clippy, eBPF half", ebpf_half()),
    ]
}

fn layout(mend: bool) -> Command {
    let mut command = cargo(["fmt", "--all"]);
    if !mend {
        command.arg("--check");
    }
    command
}

fn user_half() -> Command {
    let mut command = cargo(["clippy", "--locked", "--workspace", "--exclude", EBPF]);
    command.args(["--all-targets", "--", "--deny", "warnings"]);
    command
}

/// Checked for the host: the toolchain that builds it for BPF need not have a clippy. A pass of
/// its own, because together with the user half cargo would unify their features, and because a
/// `no_std` program compiles for the host only if panics abort. A profile variable and not
/// RUSTFLAGS, which would throw away what both passes have compiled.
fn ebpf_half() -> Command {
    let mut command = cargo(["clippy", "--locked", "--package", EBPF, "--bins"]);
    command
        .args(["--", "--deny", "warnings"])
        .env("CARGO_PROFILE_DEV_PANIC", "abort");
    command
}
