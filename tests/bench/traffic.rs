//! What being watched costs the traffic: throughput, latency and connections a second between two
//! namespaces, with nothing attached, with programs that do nothing, with edgeghost, with bpftrace.
//! In turn, so that each is held against nothing of the same round. Nothing is there twice: how far
//! it is from itself is the noise.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use edgeghost_tests::interrupt;
use edgeghost_tests::pair::{Kind, Pair};

use crate::bpf::{Blank, Blanks};
use crate::bpftrace::Bpftrace;
use crate::bulk;
use crate::daemon::Daemon;
use crate::figure::{Figure, quantile};
use crate::report::Report;
use crate::short::Short;
use crate::suite::Effort;

/// Where edgeghost has programs.
const TRACEPOINTS: [&str; 6] = [
    "tcp_probe",
    "tcp_retransmit_skb",
    "tcp_retransmit_synack",
    "kfree_skb",
    "inet_sock_set_state",
    "tcp_destroy_sock",
];

/// Who watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watcher {
    Nobody,
    NobodyAgain,
    Empty,
    Edgeghost,
    Bpftrace,
}

const WATCHERS: [Watcher; 5] = [
    Watcher::Nobody,
    Watcher::NobodyAgain,
    Watcher::Empty,
    Watcher::Edgeghost,
    Watcher::Bpftrace,
];

impl Watcher {
    const fn id(self) -> &'static str {
        match self {
            Self::Nobody => "nothing",
            Self::NobodyAgain => "noise",
            Self::Empty => "empty",
            Self::Edgeghost => "edgeghost",
            Self::Bpftrace => "bpftrace",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Nobody => "nothing attached",
            Self::NobodyAgain => "nothing again, of nothing",
            Self::Empty => "empty programs, of nothing",
            Self::Edgeghost => "edgeghost, of nothing",
            Self::Bpftrace => "bpftrace, of nothing",
        }
    }
}

/// Holds the watcher.
enum Watch {
    Nobody,
    Empty { _programs: Vec<Blank> },
    Edgeghost { _daemon: Daemon },
    Bpftrace { _tool: Bpftrace },
}

/// What is measured of the traffic: an id, words, the unit.
const KINDS: [(&str, &str, &str); 4] = [
    ("bulk", "bulk", "MB/s"),
    ("latency_p50", "request and answer, p50", "us"),
    ("latency_p99", "request and answer, p99", "us"),
    ("connections", "connections", "1/s"),
];

/// One round of one watcher, in the order of [`KINDS`].
type Values = [f64; 4];

/// Measures.
pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<()> {
    let bench = Bench::new(effort)?;
    let watchers: Vec<Watcher> = WATCHERS
        .into_iter()
        .filter(|watcher| *watcher != Watcher::Bpftrace || Bpftrace::version().is_ok())
        .collect();
    let mut rounds: Vec<Vec<(Watcher, Values)>> = Vec::new();
    for round in 0..effort.of(2, 7) {
        let mut values = Vec::new();
        // Nobody is always the first or always the last.
        let (before, after) = watchers.split_at(round % watchers.len());
        for watcher in after.iter().chain(before) {
            interrupt::check()?;
            let watch = bench.watch(*watcher)?;
            values.push((*watcher, bench.values()?));
            drop(watch);
        }
        rounds.push(values);
    }
    for (at, (id, words, unit)) in KINDS.into_iter().enumerate() {
        for watcher in &watchers {
            let samples = |relative: bool| -> Vec<f64> {
                let one = |round: &Vec<(Watcher, Values)>| -> Option<f64> {
                    let value = find(round, *watcher, at)?;
                    let nothing = find(round, Watcher::Nobody, at)?;
                    Some(if relative { value / nothing } else { value })
                };
                rounds.iter().filter_map(one).collect()
            };
            let relative = *watcher != Watcher::Nobody;
            report.figure(Figure::new(
                format!("traffic.{id}_{}", watcher.id()),
                format!("{words}, {}", watcher.words()),
                if relative { "ratio" } else { unit },
                samples(relative),
            ));
        }
    }
    if !watchers.contains(&Watcher::Bpftrace) {
        report.without(
            "traffic beside bpftrace",
            "not installed (Debian: bpftrace)",
        );
    }
    Ok(())
}

fn find(round: &[(Watcher, Values)], watcher: Watcher, at: usize) -> Option<f64> {
    let (_, values) = round.iter().find(|(known, _)| *known == watcher)?;
    values.get(at).copied()
}

/// Where it all happens.
struct Bench {
    bulk: (TcpStream, TcpStream),
    asked: (TcpStream, TcpStream),
    short: Short,
    blanks: Blanks,
    time: Duration,
    _pair: Pair,
}

impl Bench {
    fn new(effort: Effort) -> Result<Self> {
        let pair = Pair::new()?;
        Ok(Self {
            bulk: pair.connect(Kind::V4, 9_000)?,
            asked: pair.connect(Kind::V4, 9_001)?,
            short: Short::new(&pair, 9_500)?,
            blanks: Blanks::new()?,
            time: Duration::from_secs_f64(effort.of(0.3, 0.8)),
            _pair: pair,
        })
    }

    fn watch(&self, watcher: Watcher) -> Result<Watch> {
        Ok(match watcher {
            Watcher::Nobody | Watcher::NobodyAgain => Watch::Nobody,
            Watcher::Empty => {
                let attached = TRACEPOINTS.iter().map(|name| self.blanks.attach(name));
                Watch::Empty {
                    _programs: attached.collect::<Result<_>>()?,
                }
            }
            Watcher::Edgeghost => Watch::Edgeghost {
                _daemon: Daemon::start()?,
            },
            Watcher::Bpftrace => Watch::Bpftrace {
                _tool: Bpftrace::start()?,
            },
        })
    }

    fn values(&self) -> Result<Values> {
        // Whoever has just started has not come to rest.
        latencies(&self.asked, self.time / 2)?;
        let times = latencies(&self.asked, self.time)?;
        let bulk = bulk::run(&self.bulk.0, &self.bulk.1, self.time)?;
        let begin = Instant::now();
        let opened = self.short.run(self.time, None)?;
        let rate = opened as f64 / begin.elapsed().as_secs_f64();
        Ok([
            bulk / 1e6,
            quantile(&times, 0.5),
            quantile(&times, 0.99),
            rate,
        ])
    }
}

/// Requests of one thread, answered by another, for so long: microseconds of each.
fn latencies(ends: &(TcpStream, TcpStream), time: Duration) -> Result<Vec<f64>> {
    const END: u8 = 1;
    let (mut near, mut far) = (&ends.0, &ends.1);
    near.set_read_timeout(None)?;
    far.set_read_timeout(None)?;
    std::thread::scope(|scope| {
        let answering = scope.spawn(move || -> Result<()> {
            let mut message = [0; 100];
            loop {
                near.read_exact(&mut message)?;
                near.write_all(&message)?;
                if message.first() == Some(&END) {
                    return Ok(());
                }
            }
        });
        let mut times = Vec::new();
        let begin = Instant::now();
        loop {
            let last = begin.elapsed() >= time;
            let mut message = [if last { END } else { 0 }; 100];
            let asked = Instant::now();
            far.write_all(&message)?;
            far.read_exact(&mut message).context("no answer")?;
            times.push(asked.elapsed().as_secs_f64() * 1e6);
            if last {
                break;
            }
        }
        match answering.join() {
            Ok(answered) => answered.map(|()| times),
            Err(_) => anyhow::bail!("who answers ended early"),
        }
    })
}
