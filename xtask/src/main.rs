//! Everything one does with this repository: `cargo xtask COMMAND`.
//!
//! One module per command, each with its `Options` and its `run`. What a command needs from the
//! machine it gets from [`setup`]; what it runs it runs through [`exec`].

mod bench;
mod build;
mod cargo;
mod elevate;
mod exec;
mod fuzz;
mod lab;
mod limits;
mod lint;
mod nightly;
mod package;
mod promtool;
mod python;
mod run;
mod sanitize;
mod scenarios;
mod setup;
mod test;
#[allow(
    dead_code,
    reason = "shared with agent/build.rs: each side uses its part"
)]
mod toolchain;
mod ui;
mod vm;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Build, run and test edgeghost
///
/// Each command installs what it needs first, and says so. Only the finished programs run as
/// root, never the build.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install the compiler, the linker and the programs that edgeghost needs
    Setup(setup::Options),
    /// Build the daemon and print where it is
    Build(build::Options),
    /// Build the daemon and run it on this host; its events go to stdout
    Run(run::Options),
    /// Run all tests: unit, process, privileged
    Test(test::Options),
    /// Rebuild the incident on this machine and watch edgeghost catch it
    Lab(lab::Options),
    /// Run the privileged tests, or the short lab, on other kernels in QEMU
    Vm(vm::Options),
    /// Run labelled scenarios through the detector and show how often, how fast it is right
    Scenarios(scenarios::Options),
    /// Measure what edgeghost costs on this machine, and hold it against its budgets
    Bench(bench::Options),
    /// Feed everything that reads outside input with bad input, for minutes or hours
    Fuzz(fuzz::Options),
    /// Run the unit tests under AddressSanitizer
    Sanitize(sanitize::Options),
    /// Make packages for Debian, Fedora and Amazon Linux, and a tarball
    Package(package::Options),
    /// Check layout and mistakes as CI does
    Lint(lint::Options),
}

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    dispatch(command).unwrap_or_else(|error| {
        ui::say(format_args!("\nerror: {error:#}"));
        ExitCode::FAILURE
    })
}

fn dispatch(command: Command) -> Result<ExitCode> {
    match command {
        Command::Setup(options) => setup::run(&options),
        Command::Build(options) => build::run(&options),
        Command::Run(options) => run::run(options),
        Command::Test(options) => test::run(&options),
        Command::Lab(options) => lab::run(options),
        Command::Vm(options) => vm::run(&options),
        Command::Scenarios(options) => scenarios::run(options),
        Command::Bench(options) => bench::run(options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Sanitize(options) => sanitize::run(&options),
        Command::Package(options) => package::run(&options),
        Command::Lint(options) => lint::run(&options),
    }
}
