//! Processor time at a given rate of events, all told: the programs by the kernel's run statistics
//! (the clock of these included, which costs more than some programs), and the daemon's own.

use std::time::{Duration, Instant};

use anyhow::Result;
use edgeghost_tests::interrupt;
use edgeghost_tests::pair::Pair;

use crate::bpf::{Statistics, programs};
use crate::conversation::Conversation;
use crate::daemon::Daemon;
use crate::figure::Figure;
use crate::report::Report;
use crate::short::Short;
use crate::suite::Effort;

/// Segments received a second in established connections, and short connections a second: what
/// AWS's load test of its own agent opens.
const RATE: f64 = 10_000.0;

/// Connections that the segments belong to.
const FLOWS: u16 = 64;

/// A daemon that has just started is not at rest.
const SETTLE: Duration = Duration::from_secs(1);

/// Measures.
pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<()> {
    let _statistics = Statistics::on()?;
    let pair = Pair::new()?;
    let mut talk = Conversation::new(&pair, FLOWS, 9_000)?;
    let short = Short::new(&pair, 9_500)?;
    let daemon = Daemon::start()?;
    let time = Duration::from_secs(effort.of(2, 6));
    let rounds = effort.of(2, 5);
    let mut spent = Vec::new();
    for _ in 0..rounds {
        interrupt::check()?;
        // What is said is one segment, and what is answered another.
        let rate = RATE / 2.0;
        talk.paced(SETTLE, rate)?;
        spent.push(Spent::of(&daemon, || Ok(talk.paced(time, rate)? * 2))?);
    }
    tell(report, "acks", "10,000 segments/s", &spent);
    spent.clear();
    for _ in 0..rounds {
        interrupt::check()?;
        spent.push(Spent::of(&daemon, || short.run(time, Some(RATE)))?);
    }
    tell(report, "short", "10,000 short connections/s", &spent);
    Ok(())
}

/// What a stretch of traffic cost.
struct Spent {
    /// Events a second that there were.
    rate: f64,
    /// Percent of one processor that the programs took.
    kernel: f64,
    /// Percent of one processor that the daemon took.
    daemon: f64,
}

impl Spent {
    fn of(daemon: &Daemon, traffic: impl FnOnce() -> Result<u64>) -> Result<Self> {
        let programs = programs(daemon.pid())?;
        let in_programs = || -> Result<u64> {
            let each = programs.iter().map(|program| Ok(program.runs()?.nanos));
            each.sum()
        };
        let (usage, nanos) = (daemon.usage()?.processor, in_programs()?);
        let begin = Instant::now();
        let events = traffic()?;
        let seconds = begin.elapsed().as_secs_f64();
        let usage = daemon.usage()?.processor.saturating_sub(usage);
        let nanos = in_programs()?.saturating_sub(nanos);
        Ok(Self {
            rate: events as f64 / seconds,
            kernel: nanos as f64 / 1e9 / seconds * 100.0,
            daemon: usage.as_secs_f64() / seconds * 100.0,
        })
    }
}

fn tell(report: &mut Report, id: &str, words: &str, spent: &[Spent]) {
    let mut figure = |name: &str, what: String, unit, of: &dyn Fn(&Spent) -> f64| {
        let samples = spent.iter().map(of).collect();
        report.figure(Figure::new(format!("{id}.{name}"), what, unit, samples));
    };
    figure("rate", format!("{words}: reached"), "1/s", &|s| s.rate);
    figure(
        "kernel_percent",
        format!("{words}: the programs"),
        "%",
        &|s| s.kernel,
    );
    figure(
        "daemon_percent",
        format!("{words}: the daemon"),
        "%",
        &|s| s.daemon,
    );
    figure("all_percent", format!("{words}: all told"), "%", &|s| {
        s.kernel + s.daemon
    });
}
