//! `cargo xtask sanitize`: the unit tests under AddressSanitizer, which watches every access to
//! memory.
//!
//! Miri would see more, but interprets no program that talks to its kernel, and whatever is `unsafe`
//! here does: calls that the libraries have no safe form of, and memory shared with the kernel.

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::cargo::{cargo, target_folder};
use crate::setup::{self, Need};
use crate::toolchain::NIGHTLY;
use crate::{exec, ui};

/// What the sanitizer is built for: its standard library comes ready-made.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Options of `cargo xtask sanitize`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only tests whose name contains this
    filter: Option<String>,
}

/// Builds into a folder of its own: what is built for a sanitizer fits nothing else.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    setup::ensure(&[Need::Build, Need::Sanitize])?;
    ui::step("running the unit tests under AddressSanitizer");
    if exec::status(&mut tests(options))?.success() {
        ui::say("sanitize: no complaints");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

/// `--target` keeps the sanitizer out of build scripts and macros.
fn tests(options: &Options) -> Command {
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
        .env("RUSTUP_TOOLCHAIN", NIGHTLY)
        .env("RUSTFLAGS", "-Zsanitizer=address");
    command
}
