//! Command line.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{ConfigError, Sources};

/// Watches every TCP connection from inside the kernel, and tells a collapsed public path from a
/// sick host.
#[derive(Debug, Parser)]
#[command(
    name = "edgeghost",
    version,
    after_help = "Exit codes: 0 done, 1 failed while running, 2 usage or configuration, \
                  3 missing privilege or kernel support; of `status` also 4 an incident is open, \
                  5 not running.\n\
                  Events go to standard output, one JSON object a line; the agent's own log goes \
                  to standard error (RUST_LOG=debug for more)."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Watch, judge and write events until stopped (SIGTERM, SIGINT)
    Run(Run),
    /// Tell whether this host can run the agent, and what it would see
    Check(Check),
    /// Ask the running agent how things stand: verdicts, open incidents, advice, its health
    Status(Status),
    /// Judge a recording anew, and print the verdicts, incidents and recommendations
    Replay(Replay),
    /// Print a recommendation as a shell script that checks, asks and re-associates the Elastic IP
    Runbook(Runbook),
    /// Print the JSON Schema of the events, or of what `status --json` prints
    Schema(Schema),
    /// Print the effective configuration as TOML, the defaults explained, or check a file
    Config(ConfigCommand),
}

/// Options of `schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// Of what `edgeghost status --json` prints
    #[arg(long)]
    pub status: bool,
}

/// Options of `config`.
#[derive(Debug, Args)]
pub struct ConfigCommand {
    /// Configuration.
    #[command(flatten)]
    pub config: ConfigFile,
    /// Print every setting with its default and what it means
    #[arg(long, conflicts_with_all = ["config", "set", "check"])]
    pub default: bool,
    /// Check this file, and what it names, and say what differs from the defaults
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub check: Option<PathBuf>,
}

/// Options of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Configuration.
    #[command(flatten)]
    pub config: ConfigFile,
    /// Where events go, instead of where the configuration says: a file that is appended to, or -
    /// for standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write events in the Elastic Common Schema
    #[arg(long)]
    pub ecs: bool,
    /// Record what the detector is fed with, compressed, for `edgeghost replay`
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

/// Options of `check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 fit (warnings do not count), 2 the configuration or an output that \
                  it names cannot be used, 3 missing privilege or kernel support."
)]
pub struct Check {
    /// Configuration.
    #[command(flatten)]
    pub config: ConfigFile,
    /// Print all findings as one JSON document instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Options of `status`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 running and no incident open, 1 it does not answer or hangs, \
                        2 usage or configuration, 3 it may not be asked by you, 4 an incident is \
                        open, 5 not running.\n\
                        It asks a Unix socket of this host and needs no network."
)]
pub struct Status {
    /// Configuration, for the socket's path.
    #[command(flatten)]
    pub config: ConfigFile,
    /// The socket, if not the one in the configuration
    #[arg(long, value_name = "SOCKET")]
    pub socket: Option<PathBuf>,
    /// Print all that is known, as one JSON document, instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Options of `replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// Judge by this configuration (TOML), not by the one that was recorded
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print why instead of what: per tick, the evidence of each network and what it led to
    #[arg(long)]
    pub explain: bool,
    /// Print judgements in the Elastic Common Schema
    #[arg(long, conflicts_with = "explain")]
    pub ecs: bool,
    /// Recording, compressed or not; - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Options of `runbook`.
#[derive(Debug, Args)]
#[command(after_help = "At three in the morning:\n  \
                        edgeghost runbook eg-0123456789abcdef --events /var/log/edgeghost/events.ndjson > runbook.sh\n  \
                        sh runbook.sh --check    guards and dry runs, changes nothing\n  \
                        sh runbook.sh            the same, asks, then does it; about 10 seconds\n\
                        Run the script on a workstation, in CloudShell or on another host, not on the \
                        host that it is about: without its address that may have no way to the EC2 \
                        API. It needs a shell and the AWS CLI, and explains its options and exit codes \
                        at its head. Printing it changes nothing and needs no rights.")]
pub struct Runbook {
    /// Id of an incident; or a file with events, of which the last recommendation counts, - for
    /// standard input
    #[arg(value_name = "INCIDENT|FILE")]
    pub what: PathBuf,
    /// Where to look the incident up: what `edgeghost run --output FILE` writes, compressed or
    /// not; - for standard input. Without this option, in the file that the configuration has
    /// events go to, and in those before it
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Configuration.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// Where the configuration comes from.
#[derive(Debug, Args)]
pub struct ConfigFile {
    /// Take settings from this TOML file; what it does not set has its default. Without this
    /// option /etc/edgeghost/edgeghost.toml counts, if it is there
    #[arg(long, value_name = "FILE", env = "EDGEGHOST_CONFIG")]
    pub config: Option<PathBuf>,
    /// Set this, whatever the file and the environment (`EDGEGHOST_WINDOW__SECONDS=30`) say; may be
    /// given several times
    #[arg(long, value_name = "SECTION.KEY=VALUE")]
    pub set: Vec<String>,
}

impl ConfigFile {
    /// With what the environment of this process says.
    pub fn sources(&self) -> Result<Sources, ConfigError> {
        let variables = std::env::vars_os()
            // What is no UTF-8 is refused as a value, not overlooked.
            .map(|(name, text)| (lossy(&name), lossy(&text)));
        Sources::new(self.config.as_deref(), variables, &self.set)
    }
}

fn lossy(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}
