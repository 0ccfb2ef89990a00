//! Command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use edgeghost_tests::config::Config;

use crate::case::Case;
use crate::stage::WITNESSES;

/// Rebuilds the incident on this machine, in network namespaces of its own, and shows what
/// edgeghost makes of it: healthy, collapse of the public path, recommendation; then runs the
/// runbook of that recommendation against a double of EC2, and sees whether the agent sees the path
/// recover.
#[derive(Debug, Parser)]
#[command(
    name = "edgeghost-lab",
    version,
    after_help = "Needs root. Touches no network device, route or firewall of this machine, and \
                  takes everything down on every way out, Ctrl-C included.\n\
                  Exit codes: 0 the collapse was detected, nothing was advised before it and \
                  recovery was seen (with another --case: its verdict was given, and no advice \
                  that touches an address); 1 not so, or interrupted; 2 usage; 3 not root, or a \
                  program is missing."
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the command line"
)]
pub(crate) struct Options {
    /// Leave the namespaces up at the end, and print how to enter and how to remove them
    #[arg(long)]
    pub(crate) keep: bool,

    /// What goes wrong; all but the first must not lead to advice that touches an address
    #[arg(long, value_enum, default_value_t, conflicts_with = "lone")]
    pub(crate) case: Case,

    /// Share of packets lost, in percent (5 to 60)
    #[arg(long, value_name = "PERCENT", default_value_t = 27,
          value_parser = clap::value_parser!(u32).range(5..=60))]
    pub(crate) loss: u32,

    /// Longest that any one phase may wait for what it shows, in seconds (20 to 3600); a phase
    /// ends as soon as it has been seen, and the lab fails if it is not
    #[arg(long, value_name = "N", default_value_t = 300,
          value_parser = clap::value_parser!(u64).range(20..=3600))]
    seconds: u64,

    /// Print the agent's own event lines and one summary object on standard output, and the
    /// story on standard error
    #[arg(long)]
    pub(crate) json: bool,

    /// Have the agent record what its detector is fed with, for `edgeghost replay`
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Have only one client, as in the incident: one terminal from outside, one from the VPC; the
    /// agent may ask the other addresses outside for their word (`[witness]`)
    #[arg(long)]
    pub(crate) lone: bool,

    /// Take the recommended step in the lab itself, where neither the AWS CLI nor a double of EC2
    /// is to be had, instead of by running the printed runbook
    #[arg(long)]
    pub(crate) by_hand: bool,

    /// Run the agent as the packages do: as a user of its own, `nobody`, with `CAP_BPF` and
    /// `CAP_PERFMON` and nothing else; it then cannot name the processes of others,
    /// and a recording needs a folder that `nobody` may write to
    #[arg(long)]
    pub(crate) unprivileged: bool,

    /// Give the agent short times (advice 12 s after the onset instead of 60), for tests
    #[arg(long)]
    pub(crate) quick: bool,
}

impl Options {
    /// Bound of one phase.
    pub(crate) const fn limit(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// How long the healthy phase lasts at least: both paths shall have shown what is usual.
    pub(crate) const fn healthy_least(&self) -> Duration {
        Duration::from_secs(if self.quick { 8 } else { 20 })
    }

    /// How long after the onset advice must have come if it comes at all.
    pub(crate) const fn advice_by(&self) -> Duration {
        Duration::from_secs(if self.quick { 40 } else { 120 })
    }

    /// What the agent is configured with. Windows are short so that there is something to see;
    /// the detector does not look at them.
    pub(crate) fn config(&self) -> Config {
        let config = Config::new()
            .set("window", "seconds", "2.0")
            .set("ec2", "metadata", "\"auto\"");
        let config = if self.lone {
            let targets = WITNESSES.map(|at| format!("\"{at}:22\"")).join(", ");
            config.set("witness", "targets", &format!("[{targets}]"))
        } else {
            config
        };
        if self.quick {
            config
                .set("detect", "confirm_seconds", "12.0")
                .set("detect", "hold_seconds", "4.0")
                .set("detect", "recovered_seconds", "10.0")
        } else {
            config.set("detect", "recovered_seconds", "20.0")
        }
    }
}
