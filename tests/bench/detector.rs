//! The judgement: what a tick and a sample cost, and what it remembers.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use edgeghost::config::Config;
use edgeghost::detect::{Detector, Raw};
use edgeghost::host::HostSample;
use edgeghost::path::Classifier;
use edgeghost::pipeline::Pipeline;

use crate::host::{Host, SECOND, blank};
use crate::measure::{mebibytes, once, resident};

const PREFIXES_EACH: u32 = 3;
/// Seconds that count of each phase, and those before them.
const SECONDS: u64 = 60;
const WARM_UP: u64 = 30;
/// All that is remembered of a prefix is of so many seconds.
const MEMORY: u64 = 240;

/// Options of `detector`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Public flows, each heard of every second
    #[arg(long, value_name = "N", default_value_t = 10_000,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    flows: u32,

    /// Networks that they are on, of three prefixes each
    #[arg(long, value_name = "N", default_value_t = 1_000,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    networks: u32,

    /// Different prefixes that a flood comes from
    #[arg(long, value_name = "N", default_value_t = 1_000_000,
          value_parser = clap::value_parser!(u32).range(1..=4_000_000))]
    flood: u32,

    /// Only hear this, and print what the process grew by, bytes
    #[arg(long, hide = true)]
    grown: Option<Hearing>,
}

/// What to hear before memory is measured.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Hearing {
    Busy,
    Flood,
}

/// A while of one kind.
struct Phase {
    name: &'static str,
    /// Public segments lost among a hundred.
    loss: u64,
    seconds: u64,
}

const PHASES: [Phase; 3] = [
    phase("calm, no loss", 0, SECONDS),
    phase("1 % lost", 1, SECONDS),
    phase("collapse, 30 % lost", 30, SECONDS),
];

const fn phase(name: &'static str, loss: u64, seconds: u64) -> Phase {
    Phase {
        name,
        loss,
        seconds,
    }
}

/// Measures, and tells as a table.
pub(crate) fn report(options: &Options) -> Result<String> {
    match options.grown {
        Some(Hearing::Busy) => return Ok(format!("{}\n", busy(options)?)),
        Some(Hearing::Flood) => return Ok(format!("{}\n", flood(options)?)),
        None => {}
    }
    let mut text = format!(
        "{} flows on {} networks, {} prefixes; each heard of every second\n\n{:24}{:>12}{:>12}{:>12}{:>12}  judged\n",
        options.flows,
        options.networks,
        prefixes(options),
        "",
        "tick, median",
        "99 %",
        "worst",
        "per sample",
    );
    let mut host = Host::new(options.flows, options.networks, PREFIXES_EACH);
    let mut detector = detector();
    let mut now = 1_000;
    for phase in &PHASES {
        let (mut ticks, mut heard, mut samples) = (Vec::new(), Duration::ZERO, 0);
        for second in 0..WARM_UP + phase.seconds {
            let news = host.second(now, phase.loss);
            let ((), hearing) = once(|| news.iter().for_each(|sample| detector.observe(sample)));
            now += 1;
            let (_, tick) = once(|| detector.tick(now * SECOND, &HostSample::default()));
            if second >= WARM_UP {
                ticks.push(tick);
                heard += hearing;
                samples += news.len();
            }
        }
        ticks.sort_unstable();
        let part = |percent: usize| {
            let at = (ticks.len() * percent / 100).min(ticks.len().saturating_sub(1));
            ticks.get(at).map_or(0.0, |tick| tick.as_secs_f64() * 1e3)
        };
        let _ = writeln!(
            text,
            "{:24}{:>9.2} ms{:>9.2} ms{:>9.2} ms{:>9.0} ns  {}",
            phase.name,
            part(50),
            part(99),
            part(100),
            heard.as_secs_f64() * 1e9 / samples.max(1) as f64,
            judged(&detector),
        );
    }
    let busy = in_a_fresh_process(Hearing::Busy, options)?;
    let flood = in_a_fresh_process(Hearing::Flood, options)?;
    let _ = writeln!(
        text,
        "\nresident memory, {MEMORY} s of that: {:.1} MiB, {:.1} KiB a prefix\n\
         of a flood from {} different prefixes: {:.1} MiB",
        mebibytes(busy),
        busy as f64 / 1_024.0 / f64::from(prefixes(options)),
        options.flood,
        mebibytes(flood),
    );
    Ok(text)
}

fn prefixes(options: &Options) -> u32 {
    options.flows.min(options.networks * PREFIXES_EACH)
}

fn detector() -> Detector {
    Detector::new(*Pipeline::new(&Config::default(), None).params())
}

fn judged(detector: &Detector) -> String {
    let all: Vec<Raw> = detector.assessments().map(|(_, of)| of.raw).collect();
    format!("{all:?}")
}

/// What the process grows by when it hears of a busy host for as long as it remembers.
fn busy(options: &Options) -> Result<i64> {
    let mut host = Host::new(options.flows, options.networks, PREFIXES_EACH);
    // The samples' own memory does not count.
    host.second(0, 1);
    let before = resident()?;
    let mut detector = detector();
    for now in 1_000..1_000 + MEMORY {
        host.second(now, 1)
            .iter()
            .for_each(|sample| detector.observe(sample));
        detector.tick((now + 1) * SECOND, &HostSample::default());
    }
    let grown = resident()? - before;
    drop(detector);
    Ok(grown)
}

/// Likewise when it hears of ever new prefixes: first of each in as many seconds as a prefix
/// remembers, then of each but twice.
fn flood(options: &Options) -> Result<i64> {
    const TOGETHER: u32 = 5_000;
    const THOROUGHLY: u32 = 20_000;
    let classifier = Classifier::default();
    let before = resident()?;
    let mut detector = detector();
    let mut now = 1_000;
    let first = u32::from_be_bytes([80, 0, 0, 10]);
    let mut from = 0;
    while from < options.flood {
        let until = options.flood.min(from + TOGETHER);
        for _ in 0..if from < THOROUGHLY { MEMORY } else { 2 } {
            for prefix in from..until {
                let peer = Ipv4Addr::from_bits(first + (prefix << 8));
                let mut news = blank(peer, prefix, &classifier);
                news.time_ns = now * SECOND;
                news.delivered = 1;
                detector.observe(&news);
                // Another flow waits for progress.
                news.key.peer_port ^= 1;
                news.delivered = 0;
                news.retransmitted = 1;
                detector.observe(&news);
            }
            now += 1;
        }
        detector.tick(now * SECOND, &HostSample::default());
        from = until;
    }
    let grown = resident()? - before;
    drop(detector);
    Ok(grown)
}

fn in_a_fresh_process(hearing: Hearing, options: &Options) -> Result<i64> {
    let name = clap::ValueEnum::to_possible_value(&hearing).context("all have names")?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["detector", "--grown", name.get_name()]);
    for (option, value) in [
        ("--flows", options.flows),
        ("--networks", options.networks),
        ("--flood", options.flood),
    ] {
        command.arg(option).arg(value.to_string());
    }
    let output = command.output()?;
    let text = String::from_utf8(output.stdout)?;
    text.trim()
        .parse()
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
}
