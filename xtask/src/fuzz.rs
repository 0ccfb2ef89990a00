//! `cargo xtask fuzz`: everything that reads outside input, fed by a fuzzer that sees which code an
//! input reaches (libFuzzer, with AddressSanitizer).
//!
//! Inputs that reach something new are kept in `fuzz/corpus`, which is not in the repository, and
//! the next run goes on from there. What breaks something is kept in `fuzz/artifacts`; once it is
//! mended, it belongs into `fuzz/regressions`, where an ordinary test feeds it for ever.

mod report;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::cargo::target_folder;
use crate::setup::{self, Need};
use crate::toolchain::{self, NIGHTLY};
use crate::{exec, nightly, ui};
use report::Report;

/// A single request for more memory than this is a find.
const MOST_MEBIBYTES: u32 = 256;

/// An input that takes longer than this is a find, seconds: every access is checked, and whatever
/// else runs on the machine goes first.
const LONGEST_SECONDS: u32 = 60;

/// Options of `cargo xtask fuzz`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to fuzz; everything if none is named (`--list` shows the names)
    targets: Vec<String>,
    /// How long each is fuzzed, in minutes
    #[arg(long, value_name = "N", default_value_t = 2,
          value_parser = clap::value_parser!(u64).range(1..=10_000))]
    minutes: u64,
    /// Only list the targets
    #[arg(long)]
    list: bool,
}

/// Fuzzes one target after the other, at the lowest priority, and shows what came of each.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let known = targets()?;
    if options.list {
        ui::result(known.join("\n"));
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(unknown) = options.targets.iter().find(|name| !known.contains(name)) {
        bail!(
            "there is no target {unknown}; there are {}",
            known.join(", ")
        );
    }
    setup::ensure(&[Need::Build, Need::Sanitize, Need::Fuzz])?;
    let program = build()?;
    let chosen = if options.targets.is_empty() {
        &known
    } else {
        &options.targets
    };
    let mut reports = Vec::new();
    for name in chosen {
        ui::step(format_args!(
            "fuzzing {name} for {} minute(s)",
            options.minutes
        ));
        reports.push(fuzz(&program, name, options.minutes)?);
    }
    ui::result(report::table(&reports));
    let found: Vec<_> = reports.iter().filter(|report| report.found).collect();
    for report in &found {
        ui::say(format_args!(
            "FOUND   {}: the input is in fuzz/artifacts/{}",
            report.target, report.target
        ));
    }
    Ok(if found.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn folder() -> PathBuf {
    exec::workspace_root().join("fuzz")
}

/// The targets: each has a folder of seeds (a test sees to it).
fn targets() -> Result<Vec<String>> {
    let seeds = folder().join("seeds");
    let entries = fs::read_dir(&seeds).with_context(|| format!("no {}", seeds.display()))?;
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut names: Vec<_> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

/// The program of all targets.
fn build() -> Result<PathBuf> {
    let Some(fuzzer) = nightly::fuzzer() else {
        bail!("cargo-fuzz is gone; `cargo xtask fuzz` installs it");
    };
    let path = toolchain::prepend(&fuzzer, std::env::var_os("PATH"));
    let target = target_folder().join("fuzz");
    let mut command = Command::new("cargo");
    command
        .args(["fuzz", "build", "hostile", "--fuzz-dir", "fuzz"])
        .arg("--target-dir")
        .arg(&target)
        .current_dir(exec::workspace_root())
        .env("PATH", path)
        .env("RUSTUP_TOOLCHAIN", NIGHTLY);
    exec::run(&mut command)?;
    Ok(target.join("x86_64-unknown-linux-gnu/release/hostile"))
}

/// Fuzzes one target.
fn fuzz(program: &Path, name: &str, minutes: u64) -> Result<Report> {
    let (corpus, artifacts) = (
        folder().join("corpus").join(name),
        folder().join("artifacts").join(name),
    );
    for folder in [&corpus, &artifacts] {
        fs::create_dir_all(folder).with_context(|| format!("no {}", folder.display()))?;
    }
    let mut command = Command::new("nice");
    command
        .args(["-n", "19"])
        .arg(program)
        .arg(format!("-max_total_time={}", minutes * 60))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(format!("-malloc_limit_mb={MOST_MEBIBYTES}"))
        .arg(format!("-timeout={LONGEST_SECONDS}"))
        .args(["-print_final_stats=1", "-max_len=131072", "-verbosity=1"])
        .arg(&corpus)
        .arg(folder().join("seeds").join(name))
        .env("EDGEGHOST_FUZZ", name);
    let (status, told) = exec::tee_stderr(&mut command)?;
    Ok(Report::of(name, &told, !status.success()))
}
