//! `cargo xtask setup`: what edgeghost needs from a machine, installed or reported.
//!
//! Every other command calls [`ensure`] first, so nobody has to know about this one.

mod install;
mod machine;
mod packages;
mod requirement;
mod step;

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::ui;
use machine::{Machine as _, ThisMachine};
pub(crate) use requirement::Need;
use requirement::{REQUIREMENTS, required_for};

/// What running, testing and the lab need; the linters and the virtual machine are fetched
/// when somebody asks for them.
const USUAL: [Need; 6] = [
    Need::Build,
    Need::Network,
    Need::Cloud,
    Need::Package,
    Need::Metrics,
    Need::Logs,
];

/// Options of `cargo xtask setup`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Install nothing: list what is there and what is missing, exit 1 if something is
    #[arg(long)]
    check: bool,
}

/// Installs what is missing, or reports it.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.check {
        return Ok(report());
    }
    ensure(&USUAL)?;
    ui::say("everything is there: try `cargo xtask run`, `cargo xtask lab` or `cargo xtask test`");
    Ok(ExitCode::SUCCESS)
}

/// Installs whatever `needs` call for and the machine lacks.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    install::install(&required_for(needs), &mut ThisMachine)
}

/// Has the package manager read what there is to install, which takes root rights.
pub(crate) fn read_package_lists() -> Result<()> {
    ThisMachine.perform(&packages::read_lists())
}

fn report() -> ExitCode {
    let mut complete = true;
    for requirement in REQUIREMENTS {
        let there = ThisMachine.has(requirement.probe);
        complete &= there || !USUAL.contains(&requirement.need);
        let mark = if there { "ok     " } else { "MISSING" };
        ui::result(format_args!(
            "{mark}  {:<26} {}",
            requirement.full_name(),
            requirement.why
        ));
    }
    if complete {
        return ExitCode::SUCCESS;
    }
    ui::say("\n`cargo xtask setup` installs what is missing");
    ExitCode::FAILURE
}
