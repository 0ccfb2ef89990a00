//! `edgeghost check`: can this host run the agent, and what would it see?

use std::collections::BTreeSet;
use std::io::{self, Write};

use thiserror::Error;

use crate::config::{Config, ConfigError};
use crate::ec2::{Absence, Context, Firmware, MetadataWatch};
use crate::publish;
use crate::startup::Unfit;

mod around;
mod clock;
mod host;
mod report;

pub use around::OutputFault;

use report::Report;

/// Why the agent cannot run.
#[derive(Debug, Error)]
pub enum CheckError {
    /// What the configuration names cannot be used, on whatever host (exit code 2).
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An output that it names cannot be opened (exit code 2).
    #[error(transparent)]
    Output(#[from] OutputFault),
    /// Not on this host, or not with these privileges (exit code 3).
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// Writes a line per finding, or all of them as JSON, and gives the first reason why the agent
/// cannot run here.
pub fn run(
    config: &Config,
    json: bool,
    out: &mut impl Write,
) -> io::Result<Result<(), CheckError>> {
    let mut report = Report::new(out, json);
    let networks = networks(config, &mut report)?;
    let ranges = aws_ranges(config, &mut report)?;
    metadata(config, &mut report)?;
    witnesses(config, &mut report)?;
    let outputs = around::outputs(config, &mut report)?;
    around::clock(&mut report)?;
    around::places(config, &mut report)?;
    // Last: it takes from this process what the agent takes from itself.
    let host = host::check(config, &mut report)?;
    let result = networks
        .and(ranges)
        .map_err(CheckError::from)
        .and(host.map_err(CheckError::from))
        .and(outputs.map_err(CheckError::from));
    report.finish(result.is_ok())?;
    Ok(result)
}

/// By what peers are told apart.
fn networks<W: Write>(
    config: &Config,
    report: &mut Report<'_, W>,
) -> io::Result<Result<(), ConfigError>> {
    let what = "networks";
    match config.systems() {
        Ok(None) => report.ok(what, "by /16 and /32: path.as_table names no table")?,
        Ok(Some(systems)) if systems.is_old() => report.warn(
            what,
            &format!("by autonomous system: {systems}; addresses change hands: get it anew"),
        )?,
        Ok(Some(systems)) => report.ok(what, &format!("by autonomous system: {systems}"))?,
        Err(error) => {
            report.fail(what, &error.to_string())?;
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// By what AWS's own addresses are told apart.
fn aws_ranges<W: Write>(
    config: &Config,
    report: &mut Report<'_, W>,
) -> io::Result<Result<(), ConfigError>> {
    let what = "AWS ranges";
    match config.aws_ranges() {
        Ok(None) => report.ok(
            what,
            "none: path.aws_ranges names no file, AWS's addresses are like any",
        )?,
        Ok(Some(ranges)) => report.ok(what, &ranges.to_string())?,
        Err(error) => {
            report.fail(what, &error.to_string())?;
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// What EC2 says of this host. Without it the agent runs all the same.
fn metadata<W: Write>(config: &Config, report: &mut Report<'_, W>) -> io::Result<()> {
    let what = "EC2 metadata";
    let firmware = Firmware::read();
    // Without a thread of its own, which the sandbox would find running.
    let reading = MetadataWatch::once(&config.ec2.settings());
    let context = Context::joined(&reading, &firmware, &BTreeSet::new());
    match reading.absence {
        None => report.ok(what, &publish::context_in_words(&context)),
        Some(absence @ Absence::Off) => report.ok(what, &absence.to_string()),
        Some(absence) => {
            let id = context.instance.id;
            let known = id.map_or_else(String::new, |id| format!(" (instance {id})"));
            let words = format!(
                "{}{known}; advice will carry placeholders",
                firmware.explain(absence)
            );
            report.warn(what, &words)
        }
    }
}

/// Whom it may ask, and what that costs at most.
fn witnesses<W: Write>(config: &Config, report: &mut Report<'_, W>) -> io::Result<()> {
    let cost = config.witness.cost();
    let words = if config.witness.is_on() {
        format!(
            "{} target(s), while an address is suspect: at most {} connections and {} other \
             packets an hour",
            config.witness.all().count(),
            cost.connections,
            cost.hop_packets
        )
    } else {
        "off: witness.targets names nobody".to_owned()
    };
    report.ok("witnesses", &words)
}
