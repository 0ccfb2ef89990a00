//! What each program costs a run, by the kernel's own run statistics, above a program that does
//! nothing on the same tracepoint at the same time; and bpftrace at the same traffic.
//!
//! Both keep a clock running that costs more than some programs do, which is why the empty one is
//! taken off. One of them is attached before and one after what is measured: the first of a
//! tracepoint pays for what the others then find in the cache.

use std::time::Duration;

use anyhow::Result;
use edgeghost_tests::interrupt;
use edgeghost_tests::pair::{Kind, Pair};

use crate::bpf::{Blank, Blanks, Program, Runs, Statistics, programs};
use crate::bpftrace::Bpftrace;
use crate::conversation::Conversation;
use crate::daemon::Daemon;
use crate::figure::{Figure, quantile};
use crate::report::Report;
use crate::short::Short;
use crate::suite::Effort;
use crate::{bulk, report};

/// Tracepoints with traffic enough here. The sixth, `tcp_retransmit_synack`, is rare by nature.
const PROGRAMS: [&str; 5] = [
    "tcp_probe",
    "tcp_retransmit_skb",
    "kfree_skb",
    "inet_sock_set_state",
    "tcp_destroy_sock",
];

/// Connections that talk, in turn.
const FLOWS: u16 = 64;

/// Percent of the segments of bulk that are lost, for retransmissions and drops.
const LOSS: u32 = 2;

/// Times that every connection has its turn in one part of a round; the median of the parts is what
/// the round tells. Counted, not timed: on a busy machine a short time would be little but the first
/// turn, for which nothing is in the cache.
const PASSES: u32 = 30;

/// What both kinds of subject cost in one round: nanoseconds above nothing, by program.
type Costs = Vec<(&'static str, f64)>;

/// Measures.
pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<()> {
    let _statistics = Statistics::on()?;
    let mut bench = Bench::new(effort)?;
    let bpftrace = Bpftrace::version();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..effort.of(2, 8) {
        interrupt::check()?;
        let other = |bench: &mut Bench, theirs: &mut Vec<Costs>| -> Result<()> {
            if bpftrace.is_ok() {
                let tool = Bpftrace::start()?;
                theirs.push(bench.costs(tool.pid())?);
            }
            Ok(())
        };
        // Whoever comes second finds the machine warmer.
        if round % 2 == 1 {
            other(&mut bench, &mut theirs)?;
        }
        let daemon = Daemon::start()?;
        ours.push(bench.costs(daemon.pid())?);
        drop(daemon);
        if round % 2 == 0 {
            other(&mut bench, &mut theirs)?;
        }
    }
    bench.tell(report, &ours, &theirs);
    bench.size(report)?;
    match bpftrace {
        Ok(version) => report::say(format_args!("  ({version})")),
        Err(error) => report.without("bpftrace", format!("{error:#}")),
    }
    others(report);
    Ok(())
}

/// Where it all happens.
struct Bench {
    pair: Pair,
    talk: Conversation,
    short: Short,
    blanks: Blanks,
    /// Parts of a round.
    slices: u32,
    /// How long the rest of a round takes, each of two.
    time: Duration,
    empty: Vec<f64>,
}

impl Bench {
    fn new(effort: Effort) -> Result<Self> {
        let pair = Pair::new()?;
        Ok(Self {
            talk: Conversation::new(&pair, FLOWS, 9_000)?,
            short: Short::new(&pair, 9_500)?,
            pair,
            blanks: Blanks::new()?,
            slices: effort.of(5, 20),
            time: Duration::from_secs_f64(effort.of(0.3, 0.7)),
            empty: Vec::new(),
        })
    }

    /// What the programs of a process cost, each above nothing.
    fn costs(&mut self, pid: u32) -> Result<Costs> {
        let first = self.attach()?;
        // Starting anew, a program meets every connection for the first time.
        self.talk.pass(PASSES)?;
        let last = self.attach()?;
        let programs = programs(pid)?;
        let mut slices = Vec::new();
        self.talk.pass(PASSES)?;
        let mut look = self.look(&programs, &first, &last)?;
        for _ in 0..self.slices {
            self.talk.pass(PASSES)?;
            let next = self.look(&programs, &first, &last)?;
            slices.extend(next.above("tcp_probe", &look));
            self.empty.extend(next.nothing("tcp_probe", &look));
            look = next;
        }
        let mut costs = vec![("tcp_probe", quantile(&slices, 0.5))];
        self.disturb()?;
        let ended = self.look(&programs, &first, &last)?;
        for name in PROGRAMS.iter().filter(|name| **name != "tcp_probe") {
            costs.extend(ended.above(name, &look).map(|above| (*name, above)));
        }
        Ok(costs)
    }

    /// What all have cost so far.
    fn look(&self, programs: &[Program], first: &[Blank], last: &[Blank]) -> Result<Look> {
        let mut look = Look::default();
        for (name, (first, last)) in PROGRAMS.iter().zip(first.iter().zip(last)) {
            let number = self.blanks.number(name)?;
            let found = programs.iter().find(|program| program.is_at(name, number));
            look.0.push(Beside {
                name,
                runs: found.map(Program::runs).transpose()?.unwrap_or_default(),
                first: first.runs()?,
                last: last.runs()?,
            });
        }
        Ok(look)
    }

    fn attach(&self) -> Result<Vec<Blank>> {
        PROGRAMS
            .iter()
            .map(|name| self.blanks.attach(name))
            .collect()
    }

    /// Bulk with loss, then connections that come and go.
    fn disturb(&self) -> Result<()> {
        let (near, far) = self.pair.connect(Kind::V4, 9_400)?;
        let loss = self.pair.lose_outbound(LOSS)?;
        bulk::run(&near, &far, self.time)?;
        loss.lift()?;
        self.short.run(self.time, None)?;
        Ok(())
    }

    fn tell(&self, report: &mut Report, ours: &[Costs], theirs: &[Costs]) {
        report.figure(Figure::new(
            "kernel.empty_ns",
            "a program that does nothing, statistics included",
            "ns",
            self.empty.clone(),
        ));
        for name in PROGRAMS {
            report.figure(Figure::new(
                format!("kernel.{name}_ns"),
                format!("{name}, above nothing"),
                "ns",
                all(ours, name),
            ));
            report.figure(Figure::new(
                format!("kernel.{name}_bpftrace_ns"),
                format!("{name}, bpftrace at the same traffic"),
                "ns",
                all(theirs, name),
            ));
        }
        let ratios = all(ours, "tcp_probe")
            .into_iter()
            .zip(all(theirs, "tcp_probe"))
            .map(|(ours, theirs)| ours / theirs)
            .collect();
        report.figure(Figure::new(
            "kernel.tcp_probe_of_bpftrace",
            "tcp_probe, edgeghost's part of bpftrace's",
            "ratio",
            ratios,
        ));
    }

    /// How large the programs are.
    fn size(&self, report: &mut Report) -> Result<()> {
        let daemon = Daemon::start()?;
        let programs = programs(daemon.pid())?;
        for name in PROGRAMS {
            let number = self.blanks.number(name)?;
            let Some(program) = programs.iter().find(|p| p.is_at(name, number)) else {
                continue;
            };
            report.figure(Figure::new(
                format!("kernel.{name}_instructions"),
                format!("{name}, instructions on all its ways"),
                "",
                vec![program.info.instructions as f64],
            ));
            report.figure(Figure::new(
                format!("kernel.{name}_calls"),
                format!("{name}, calls of the kernel among them"),
                "",
                vec![program.info.calls as f64],
            ));
        }
        Ok(())
    }
}

/// What every program has cost at some moment.
#[derive(Default)]
struct Look(Vec<Beside>);

/// A program, and the empty ones before and after it.
#[derive(Clone, Copy)]
struct Beside {
    name: &'static str,
    runs: Runs,
    first: Runs,
    last: Runs,
}

impl Look {
    /// Nanoseconds a run since `before`, above nothing.
    fn above(&self, name: &str, before: &Self) -> Option<f64> {
        let (now, then) = (self.of(name)?, before.of(name)?);
        Some(now.runs.since(then.runs).each()? - self.nothing(name, before)?)
    }

    /// The mean of the empty programs.
    fn nothing(&self, name: &str, before: &Self) -> Option<f64> {
        let (now, then) = (self.of(name)?, before.of(name)?);
        let first = now.first.since(then.first).each()?;
        Some(f64::midpoint(first, now.last.since(then.last).each()?))
    }

    fn of(&self, name: &str) -> Option<&Beside> {
        self.0.iter().find(|beside| beside.name == name)
    }
}

fn all(rounds: &[Costs], name: &str) -> Vec<f64> {
    let of = |costs: &Costs| costs.iter().find(|(known, _)| *known == name).map(|c| c.1);
    rounds.iter().filter_map(of).collect()
}

/// What else one would use instead.
fn others(report: &mut Report) {
    report.without(
        "bcc's tcpretrans",
        "it compiles against the kernel's headers when it starts; run it where they are installed",
    );
    report.without(
        "Rezolus, ebpf_exporter",
        "their programs are C for clang, which nothing else here needs; neither was built",
    );
}
