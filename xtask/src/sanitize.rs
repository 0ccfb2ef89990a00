//! `cargo xtask sanitize`: tests under something that watches every access to memory.

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::cargo::{cargo, target_folder};
use crate::setup::{self, Need};
use crate::toolchain::NIGHTLY;
use crate::{exec, ui};

/// What the sanitizers are built for: its standard library comes ready-made.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Tests that Miri interprets: those around `unsafe` that ask nothing of the kernel, which Miri
/// does not have.
const INTERPRETED: &str = "flow::decode";

/// Options of `cargo xtask sanitize`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Interpret the tests around `unsafe` with Miri instead: slow, but nothing escapes it
    #[arg(long)]
    miri: bool,
    /// Only tests whose name contains this
    filter: Option<String>,
}

/// Builds into a folder of its own: what is built for a sanitizer fits nothing else.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let (what, mut command) = if options.miri {
        setup::ensure(&[Need::Build, Need::Sanitize, Need::Interpret])?;
        ("interpreting tests with Miri", miri(options))
    } else {
        setup::ensure(&[Need::Build, Need::Sanitize])?;
        (
            "running the unit tests under AddressSanitizer",
            address(options),
        )
    };
    ui::step(what);
    command.env("RUSTUP_TOOLCHAIN", NIGHTLY);
    if exec::status(&mut command)?.success() {
        ui::say("sanitize: no complaints");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

/// `--target` keeps the sanitizer out of build scripts and macros.
fn address(options: &Options) -> Command {
    let mut command = cargo(["test", "--locked", "--target", TARGET]);
    command
        .args([
            "--package",
            "edgeghost",
            "--package",
            "edgeghost-common",
            "--lib",
        ])
        .args(&options.filter)
        .env("CARGO_TARGET_DIR", target_folder().join("sanitize"))
        .env("RUSTFLAGS", "-Zsanitizer=address");
    command
}

fn miri(options: &Options) -> Command {
    let mut command = cargo([
        "miri",
        "test",
        "--locked",
        "--package",
        "edgeghost",
        "--lib",
    ]);
    command
        .arg(options.filter.as_deref().unwrap_or(INTERPRETED))
        .env("CARGO_TARGET_DIR", target_folder().join("miri"));
    command
}
