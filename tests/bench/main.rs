//! `edgeghost-bench`: what parts of the agent cost, each beside the plain way to do the same. A
//! file a benchmark; each prints a table of its own.

mod as_table;
mod aws_ranges;
mod detector;
mod flood;
mod host;
mod measure;
mod random;
mod replay;
mod synthetic;

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

/// Measures what parts of the agent cost on this machine.
#[derive(Debug, Parser)]
#[command(
    name = "edgeghost-bench",
    version,
    after_help = "Needs no rights and no network. Times are processor time, look-ups medians of \
                  several rounds; memory is \
                  what the process grew by.\n\
                  Exit codes: 0 measured; 1 not; 2 usage."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The table that tells whose an address is: reading, memory, look-ups
    AsTable(as_table::Options),
    /// AWS's published ranges: reading, memory, look-ups
    AwsRanges(aws_ranges::Options),
    /// The judgement: ticks and samples of a busy host, and memory
    Detector(detector::Options),
    /// Memory under a flood: flows that come and go, peers without number, ports scanned
    Flood(flood::Options),
    /// The judgement of a recording, against real time
    Replay(replay::Options),
}

fn main() -> ExitCode {
    let report = match Arguments::parse().command {
        Command::AsTable(options) => as_table::report(&options),
        Command::AwsRanges(options) => aws_ranges::report(&options),
        Command::Detector(options) => detector::report(&options),
        Command::Flood(options) => flood::report(&options),
        Command::Replay(options) => replay::report(&options),
    };
    match report.and_then(|text| say(&text)) {
        Ok(()) => ExitCode::SUCCESS,
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
