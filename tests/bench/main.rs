//! `edgeghost-bench`: what edgeghost costs.
//!
//! `suite` measures the whole, on real traffic and as root: groups of figures (process.rs and its
//! neighbours), shown and written by report.rs, held against `bench/budgets.toml` by budget.rs. The
//! other commands measure a part each, beside the plain way to do the same, need no rights, and
//! print a table of their own.

mod as_table;
mod aws_ranges;
mod bpf;
mod bpftrace;
mod budget;
mod bulk;
mod child;
mod conversation;
mod crowd;
mod daemon;
mod detection;
mod detector;
mod figure;
mod flood;
mod flows;
mod host;
mod kernel;
mod load;
mod markdown;
mod measure;
mod process;
mod random;
mod rates;
mod replay;
mod report;
mod scale;
mod short;
mod storm;
mod suite;
mod synthetic;
mod traffic;

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use edgeghost_tests::interrupt;

/// Measures what edgeghost costs on this machine.
#[derive(Debug, Parser)]
#[command(
    name = "edgeghost-bench",
    version,
    after_help = "All but suite needs no rights and no network; there, times are processor time, \
                  look-ups medians of several rounds, memory is what the process grew by.\n\
                  Exit codes: 0 measured; 1 not, or over budget; 2 usage."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole daemon, on real traffic, against its budgets (as root)
    Suite(suite::Options),
    #[command(hide = true)]
    Crowd(crowd::Options),
    /// The table that tells whose an address is: reading, memory, look-ups
    AsTable(as_table::Options),
    /// AWS's published ranges: reading, memory, look-ups
    AwsRanges(aws_ranges::Options),
    /// The judgement: ticks and samples of a busy host, and memory
    Detector(detector::Options),
    /// Memory under a flood: flows that come and go, peers without number, ports scanned
    Flood(flood::Options),
    /// The figures of a whole run as the tables of the README
    Table(markdown::Options),
    /// The judgement of a recording, against real time
    Replay(replay::Options),
}

fn main() -> ExitCode {
    let report = match Arguments::parse().command {
        Command::Suite(options) => {
            return ended(interrupt::catch().and_then(|()| suite::run(&options)));
        }
        Command::Crowd(options) => {
            return ended(interrupt::catch().and_then(|()| crowd::run(&options)));
        }
        Command::AsTable(options) => as_table::report(&options),
        Command::AwsRanges(options) => aws_ranges::report(&options),
        Command::Detector(options) => detector::report(&options),
        Command::Flood(options) => flood::report(&options),
        Command::Table(options) => markdown::report(&options),
        Command::Replay(options) => replay::report(&options),
    };
    ended(report.and_then(|text| say(&text)).map(|()| true))
}

fn ended(outcome: Result<bool>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "edgeghost-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) -> Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever reads has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}
