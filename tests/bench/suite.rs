//! The whole: every group of measurements, one after the other, each figure beside what it is to
//! be compared with, in one run.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use edgeghost::event::Time;
use serde_json::{Value, json};

use crate::report::{Report, say};

/// Options of `suite`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Fewer and shorter rounds: to see that all works, not to believe the figures
    #[arg(long)]
    quick: bool,

    /// Only this group; may be given several times
    #[arg(long, value_name = "GROUP")]
    only: Vec<Group>,

    /// Write the figures here as well
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// How long to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Only to see that all works.
    pub(crate) quick: bool,
}

impl Effort {
    /// One of two counts, or of two numbers of seconds.
    pub(crate) const fn of<T: Copy>(self, quick: T, whole: T) -> T {
        if self.quick { quick } else { whole }
    }
}

/// A room of its own each: a module with a function `measure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// The daemon as a process: its start, its rest, its memory
    Process,
    /// What each program costs a run, beside bpftrace
    Kernel,
    /// What being watched costs the traffic
    Traffic,
    /// Processor time at 10,000 segments, and 10,000 short connections, a second
    Rates,
    /// Active flows in growing numbers
    Flows,
    /// More segments, and more flows, until something gives
    Scale,
    /// As many retransmissions as the machine can make
    Storm,
    /// From a fault to its verdict and to advice
    Detection,
}

impl Group {
    const fn title(self) -> &'static str {
        match self {
            Self::Process => "The daemon as a process",
            Self::Kernel => "The programs in the kernel, a run",
            Self::Traffic => "Cost to the traffic",
            Self::Rates => "Processor time at a given rate",
            Self::Flows => "Active flows",
            Self::Scale => "Until something gives",
            Self::Storm => "A storm of retransmissions",
            Self::Detection => "From a fault to advice",
        }
    }

    fn measure(self, effort: Effort, report: &mut Report) -> Result<()> {
        match self {
            Self::Process => crate::process::measure(effort, report),
            Self::Kernel => crate::kernel::measure(effort, report),
            Self::Traffic => crate::traffic::measure(effort, report),
            Self::Rates => crate::rates::measure(effort, report),
            Self::Flows => crate::flows::measure(effort, report),
            Self::Scale => crate::scale::measure(effort, report),
            Self::Storm => crate::storm::measure(effort, report),
            Self::Detection => crate::detection::measure(effort, report),
        }
    }
}

/// Measures, shows, writes; tells whether all was measured and every budget is met.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let effort = Effort {
        quick: options.quick,
    };
    let mut report = Report::default();
    let mut good = true;
    for &group in Group::value_variants() {
        if !options.only.is_empty() && !options.only.contains(&group) {
            continue;
        }
        say(format_args!("\n{}", group.title()));
        if let Err(error) = group.measure(effort, &mut report) {
            good = false;
            report.without(group.title(), format!("{error:#}"));
        }
    }
    good &= report.budgets()?;
    if let Some(file) = &options.json {
        fs::write(file, report.document(&about(options))?)
            .with_context(|| format!("cannot write {}", file.display()))?;
        say(format_args!("\nwritten to {}", file.display()));
    }
    Ok(good)
}

/// When, where and how.
fn about(options: &Options) -> Value {
    let now = Time::from(SystemTime::now()).to_string();
    let system = rustix::system::uname();
    let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    json!({
        "command": "cargo xtask bench",
        "quick": options.quick,
        "at": now,
        "version": env!("CARGO_PKG_VERSION"),
        "kernel": system.release().to_string_lossy(),
        "machine": system.machine().to_string_lossy(),
        "processor": model,
        "processors": processors,
    })
}
