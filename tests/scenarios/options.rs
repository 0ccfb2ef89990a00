//! Command line.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Parser;

use crate::sim::spread::Networks;

/// Runs labelled scenarios through the detector and tells how often, how fast and how surely it
/// was right, beside thresholds as one would set them by hand on the same samples.
#[derive(Debug, Parser)]
#[command(
    name = "edgeghost-scenarios",
    version,
    group(clap::ArgGroup::new("recorded").args(["trace", "real"])),
    after_help = "Needs no rights and no network, but for --real. The same seeds give the same \
                  figures everywhere.\n\
                  Exit codes: 0 the scenarios ran, whatever came of them (--real: every one came \
                  out right); 1 not so; 2 usage; 3 --real is not possible here."
)]
pub(crate) struct Options {
    /// Runs of each scenario
    #[arg(long, value_name = "N", default_value_t = 24,
          value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) seeds: u64,

    /// First seed; the runs take this one and those after it
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub(crate) first: u64,

    /// Only this scenario; may be given several times
    #[arg(long, value_name = "ID")]
    pub(crate) only: Vec<String>,

    /// Where the simulated providers' addresses lie, and by what they are told apart
    #[arg(long, value_enum, default_value_t)]
    pub(crate) networks: Networks,

    /// Write all figures as JSON to this file, or to standard output instead of the table: `-`
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Show one run second by second
    #[arg(long, value_names = ["ID", "SEED"], num_args = 2,
          conflicts_with_all = ["only", "json", "seeds"])]
    pub(crate) trace: Vec<String>,

    /// Instead of the scenarios, so many host-years of traffic on which no Elastic IP fails:
    /// false advice per host-year; about 30 seconds each on two processors
    #[arg(long, value_name = "N", conflicts_with_all = ["only", "json", "networks", "seeds"],
          value_parser = years)]
    pub(crate) years: Option<f64>,

    /// Keep the days of --years in this file, and go on from there the next time
    #[arg(long, value_name = "FILE", requires = "years")]
    pub(crate) journal: Option<PathBuf>,

    /// Show the simulator beside measurements of the real kernel, and do nothing else
    #[arg(long)]
    pub(crate) model: bool,

    /// Instead of simulating, run some of the scenarios with real TCP between network namespaces
    /// and the real agent, all at once in about six minutes, and show the simulator beside them; needs
    /// root (`cargo xtask scenarios --real` sees to it)
    #[arg(long, conflicts_with_all = ["json", "networks", "seeds", "years", "model", "trace"])]
    pub(crate) real: bool,

    /// Also write the run of --trace, or what the agent records in --real, to this file, for
    /// `edgeghost replay`
    #[arg(long, value_name = "FILE", requires = "recorded")]
    pub(crate) record: Option<PathBuf>,

    /// Judge anew what was recorded in --real, and show the simulator beside it (with the same
    /// --first)
    #[arg(long, value_name = "FILE",
          conflicts_with_all = ["real", "json", "seeds", "years", "model", "trace", "list"])]
    pub(crate) beside: Option<PathBuf>,

    /// Draw how the evidence on one address of a recording gathers, as SVG on standard output
    #[arg(long, value_name = "FILE", requires = "address",
          conflicts_with_all = ["real", "json", "seeds", "years", "model", "trace", "beside",
                                "list", "only"])]
    pub(crate) picture: Option<PathBuf>,

    /// Which address --picture is of
    #[arg(long, value_name = "IP", requires = "picture")]
    pub(crate) address: Option<IpAddr>,

    /// When a fault was there, for --picture to mark: seconds after the recording's first tick
    #[arg(long, value_names = ["FROM", "UNTIL"], num_args = 2, requires = "picture")]
    pub(crate) fault: Vec<f64>,

    /// List the scenarios, or those of --real
    #[arg(long)]
    pub(crate) list: bool,
}

fn years(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(years) if years > 0.0 && years <= 100_000.0 => Ok(years),
        _ => Err("not a number of years above 0, of at most 100000".to_owned()),
    }
}
