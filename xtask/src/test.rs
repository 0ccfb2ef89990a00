//! `cargo xtask test`: every test there is, from plain functions to real packets.

mod stage;
pub(crate) mod tally;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::elevate::Elevation;
use crate::setup::{self, Need};
use crate::ui;
use stage::{Binaries, Stage};
use tally::Tally;

/// Options of `cargo xtask test`. Without a stage, all of them.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "a flag for each stage")]
pub(crate) struct Options {
    /// Only the unit tests
    #[arg(long)]
    unit: bool,
    /// Only the tests that run the finished program as an ordinary user
    #[arg(long)]
    process: bool,
    /// Only the tests on the real kernel with real packets (as root)
    #[arg(long)]
    privileged: bool,
    /// Only the tests that install, upgrade and remove packages below a folder (as root)
    #[arg(long)]
    package: bool,
    /// How many privileged tests run side by side; they share one kernel and its counters
    #[arg(long, value_name = "N", default_value_t = 1)]
    test_threads: u16,
    #[command(flatten)]
    elevation: Elevation,
    /// Only tests whose name contains this
    filter: Option<String>,
    /// Further arguments for the test programs, such as --nocapture
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,
}

/// Runs the stages in turn and closes with one line of counts. A stage that fails does not stop
/// the next, one that does not compile does: the rest would only repeat the compiler's complaint.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let stages = stages(options);
    setup::ensure(needs(&stages))?;
    let mut tally = Tally::default();
    if let Err(error) = run_stages(&stages, options, &mut tally) {
        tally.add_failure(format!("{error:#}"));
    }
    tally.tell();
    if tally.ran() == 0 && tally.left_out().is_empty() {
        ui::say("no test ran: nothing is named like that");
    }
    ui::result(tally.closing_line());
    Ok(if tally.is_green() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn run_stages(stages: &[Stage], options: &Options, tally: &mut Tally) -> Result<()> {
    let needs_binaries = stages.iter().any(|&stage| stage != Stage::Unit);
    if stages.contains(&Stage::Unit) {
        stage::unit(options, tally).context("unit tests")?;
    }
    if !needs_binaries {
        return Ok(());
    }
    let binaries = Binaries::build(options, stages)?;
    if stages.contains(&Stage::Process) {
        stage::process(options, &binaries, tally).context("process tests")?;
    }
    if stages.contains(&Stage::Privileged) {
        stage::privileged(options, &binaries, tally).context("privileged tests")?;
    }
    if stages.contains(&Stage::Package) {
        stage::package(options, &binaries, tally).context("package tests")?;
    }
    Ok(())
}

fn stages(options: &Options) -> Vec<Stage> {
    let chosen = [
        (options.unit, Stage::Unit),
        (options.process, Stage::Process),
        (options.privileged, Stage::Privileged),
        (options.package, Stage::Package),
    ];
    let all = !chosen.iter().any(|(named, _)| *named);
    chosen
        .into_iter()
        .filter(|(named, _)| all || *named)
        .map(|(_, stage)| stage)
        .collect()
}

fn needs(stages: &[Stage]) -> &'static [Need] {
    if stages == [Stage::Unit] {
        &[Need::Build]
    } else {
        &[
            Need::Build,
            Need::Network,
            Need::Cloud,
            Need::Package,
            Need::Logs,
            Need::Metrics,
        ]
    }
}

impl Options {
    /// What every test program is given.
    fn program_args(&self) -> impl Iterator<Item = &str> {
        self.filter.iter().chain(&self.args).map(String::as_str)
    }
}
