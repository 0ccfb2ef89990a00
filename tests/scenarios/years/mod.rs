//! False advice per host-year: days and days of traffic on which no Elastic IP fails.

mod day;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context as _, Result};
use edgeghost::config::Config;
use edgeghost::event::Event;
use edgeghost::host::HostSample;
use edgeghost::pipeline::{Output, Pipeline};
use edgeghost::publish::Note;

use crate::judge::is_advice;
use crate::naive::{Naive, RULES};
use crate::random::Random;
use crate::run::clock;
use crate::{pool, sim};
use day::{Cause, Day, WINDOW, WINDOWS};

/// Ticks in a window; the agent has one a second, which would take three times as long and
/// judges the same counts.
const TICKS: u32 = 3;

/// What a host has to do with whom.
pub(crate) struct HostKind {
    name: &'static str,
    networks: u8,
    prefixes: u8,
    /// Mean segments of a prefix in a window in which it is active.
    segments: f64,
    /// Share of time that it is.
    duty: f64,
    /// Share of mobile networks.
    mobile: f64,
    /// Mean days between a prefix's own bad spells.
    days_between_episodes: f64,
}

const fn kind(name: &'static str, (networks, prefixes): (u8, u8), figures: [f64; 4]) -> HostKind {
    let [segments, duty, mobile, days_between_episodes] = figures;
    HostKind {
        name,
        networks,
        prefixes,
        segments,
        duty,
        mobile,
        days_between_episodes,
    }
}

const KINDS: [HostKind; 7] = [
    kind("busy web, 20 networks", (20, 2), [25.0, 0.9, 0.2, 0.5]),
    kind("web, 8 networks", (8, 1), [25.0, 0.7, 0.2, 0.5]),
    kind("sparse web, 4 networks", (4, 1), [8.0, 0.5, 0.2, 0.5]),
    kind("terminals, 3 networks", (3, 1), [10.0, 0.8, 0.0, 0.5]),
    kind("mobile web, 20 networks", (20, 2), [25.0, 0.9, 1.0, 0.5]),
    kind("mobile only, 4 networks", (4, 1), [15.0, 0.6, 1.0, 0.5]),
    kind("noisy clients, 10 networks", (10, 2), [20.0, 0.8, 0.5, 0.1]),
];

/// A kind of host, and the number of a day.
type Job = (usize, u32);

/// What came of a day.
#[derive(Debug, Clone, Default)]
struct Tally {
    days: u32,
    advice: BTreeMap<Cause, u32>,
    alerts: [u32; RULES.len()],
}

/// Runs so many host-years, spread evenly over the kinds of hosts. Days that `journal` holds are
/// taken from there, and the others are added to it.
pub(crate) fn report(
    years: f64,
    journal: Option<&Path>,
    progress: impl Fn(usize, usize) + Sync,
) -> Result<String> {
    let days = whole_days(years * 365.0 / KINDS.len() as f64);
    let (mut tallies, known) = read(journal)?;
    let mut jobs = Vec::new();
    for day in 0..days {
        for kind in 0..KINDS.len() {
            if !known.contains(&(kind, day)) {
                jobs.push((kind, day));
            }
        }
    }
    let file = journal.map(open).transpose()?.map(Mutex::new);
    let work = |job: &Job| {
        let tally = live(&KINDS[job.0], seed(*job));
        // A line that cannot be written costs its day when the run is resumed, nothing else.
        if let Some(Ok(mut file)) = file.as_ref().map(Mutex::lock) {
            let _ = writeln!(file, "{}", line(*job, &tally));
        }
        tally
    };
    let done = pool::map(&jobs, work, |done| progress(done, jobs.len()));
    for ((kind, _), tally) in jobs.iter().zip(&done) {
        tallies[*kind].add(tally);
    }
    Ok(table(&tallies))
}

fn live(host: &HostKind, seed: u64) -> Tally {
    let mut day = Day::new(host, Random::new(seed));
    let mut pipeline = Pipeline::new(&config(), None);
    let mut out = Output::default();
    let mut naive = Naive::default();
    let mut fired = [false; RULES.len()];
    let mut tally = Tally {
        days: 1,
        ..Tally::default()
    };
    for window in 0..WINDOWS {
        let mut advice = 0;
        let mut rest = day.window(window);
        for tick in 1..=TICKS {
            let at = (window as f64 + f64::from(tick) / f64::from(TICKS)) * WINDOW;
            let now_ns = sim::nanos(at);
            let (due, later) = rest.split_at(rest.partition_point(|s| s.time_ns <= now_ns));
            rest = later;
            for sample in due {
                pipeline.replay(*sample);
                naive.observe(sample);
            }
            pipeline.tick(now_ns, &HostSample::default(), clock(), &mut out);
            let advises = |note: &Note| match &note.event {
                Event::Recommendation(event) => is_advice(event),
                _ => false,
            };
            advice += out
                .notes
                .drain(..)
                .map(|note| u32::from(advises(&note)))
                .sum::<u32>();
            let now = naive.tick(now_ns);
            for (rule, alerts) in tally.alerts.iter_mut().enumerate() {
                *alerts += u32::from(now[rule] && !fired[rule]);
            }
            fired = now;
        }
        if advice > 0 {
            *tally.advice.entry(day.cause(window)).or_default() += advice;
        }
    }
    tally
}

/// As an operator has it, but for the windows, which nobody reads here.
fn config() -> Config {
    let mut config = Config::default();
    config.window.seconds = 3_600.0;
    config
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.days += other.days;
        for (cause, count) in &other.advice {
            *self.advice.entry(*cause).or_default() += count;
        }
        for (sum, count) in self.alerts.iter_mut().zip(other.alerts) {
            *sum += count;
        }
    }

    fn years(&self) -> f64 {
        f64::from(self.days) / 365.0
    }
}

fn table(tallies: &[Tally]) -> String {
    let mut text =
        String::from("advice per host-year while no Elastic IP fails, by what misled\n\n");
    let _ = write!(text, "{:28} {:>7}", "", "years");
    for cause in Cause::ALL {
        let _ = write!(text, " {:>16}", cause.name());
    }
    let _ = writeln!(text, " {:>10} {:>10}", "N3", "N5");
    let mut all = Tally::default();
    for (kind, tally) in KINDS.iter().zip(tallies) {
        row(&mut text, kind.name, tally);
        all.add(tally);
    }
    row(&mut text, "all", &all);
    text
}

fn row(text: &mut String, name: &str, tally: &Tally) {
    let years = tally.years().max(1e-9);
    let _ = write!(text, "{name:28} {:>7.2}", tally.years());
    for cause in Cause::ALL {
        let count = tally.advice.get(&cause).copied().unwrap_or_default();
        let figure = format!("{:.3} ({count})", f64::from(count) / years);
        let _ = write!(text, " {figure:>16}");
    }
    let [_, _, third, _, fifth] = tally.alerts;
    let _ = writeln!(
        text,
        " {:>10.0} {:>10.0}",
        f64::from(third) / years,
        f64::from(fifth) / years
    );
}

/// A day as a line: kind, day, advice by cause, alerts by rule.
fn line((kind, day): Job, tally: &Tally) -> String {
    let mut line = format!("{kind} {day}");
    for cause in Cause::ALL {
        let count = tally.advice.get(&cause).copied().unwrap_or_default();
        let _ = write!(line, " {count}");
    }
    for alerts in tally.alerts {
        let _ = write!(line, " {alerts}");
    }
    line
}

fn read(journal: Option<&Path>) -> Result<(Vec<Tally>, BTreeSet<Job>)> {
    let mut tallies = vec![Tally::default(); KINDS.len()];
    let mut known = BTreeSet::new();
    let text = match journal {
        Some(path) if path.exists() => std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?,
        _ => String::new(),
    };
    for line in text.lines() {
        let Some((job, tally)) = parse(line) else {
            // The last line of a run that was cut off: its day is run again.
            continue;
        };
        if known.insert(job) {
            tallies[job.0].add(&tally);
        }
    }
    Ok((tallies, known))
}

fn parse(line: &str) -> Option<(Job, Tally)> {
    let numbers: Vec<u32> = line
        .split(' ')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let (&[kind, day], counts) = numbers.split_first_chunk()?;
    let (advice, alerts) = counts.split_at_checked(Cause::ALL.len())?;
    let kind = usize::try_from(kind)
        .ok()
        .filter(|kind| *kind < KINDS.len())?;
    let tally = Tally {
        days: 1,
        advice: Cause::ALL.into_iter().zip(advice.iter().copied()).collect(),
        alerts: alerts.try_into().ok()?,
    };
    Some(((kind, day), tally))
}

fn open(path: &Path) -> Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))
}

fn seed((kind, day): Job) -> u64 {
    (kind as u64) << 32 | u64::from(day)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the command line bounds the years"
)]
fn whole_days(days: f64) -> u32 {
    libm::ceil(days) as u32
}
