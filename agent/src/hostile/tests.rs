//! Every way in, with bad input of every kind: it must not panic, nor take long, nor much memory.
//!
//! Inputs are good ones, in `fuzz/seeds`, that are changed in a few places each, the same way in
//! every run. What a fuzzer found once stays in `fuzz/regressions`.

mod bombs;
mod made;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::*;

/// Longer inputs are not made of the seeds.
const LONGEST: usize = 128 * 1024;

/// Bytes that a reader may take beside what it takes for each byte of its input.
const MEMORY: u64 = 8 << 20;
/// Bytes that a reader may take for each byte of its input.
const MEMORY_EACH: u64 = 256;

/// Whatever the input, on a busy machine and without optimisation.
const PATIENCE: Duration = Duration::from_secs(20);

fn folder(kind: &str, target: &str) -> PathBuf {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    if target.is_empty() {
        return top.join(kind);
    }
    top.join(kind).join(target)
}

/// The files of a folder, in the order of their names; none if it is not there.
fn inputs(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap();
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

fn target(name: &str) -> &'static Target {
    let found = TARGETS.iter().find(|target| target.name == name);
    found.unwrap_or_else(|| panic!("there is no target {name}"))
}

/// Reads once; fails if that panics, takes too long or too much. Tells whether it was understood.
fn feed(target: &Target, what: &str, bytes: &[u8]) -> bool {
    let begun = Instant::now();
    let mut outcome = None;
    let memory = allocation_counter::measure(|| {
        let run = AssertUnwindSafe(|| (target.run)(bytes));
        outcome = Some(catch_unwind(run));
    });
    let (took, name) = (begun.elapsed(), target.name);
    let Some(Ok(understood)) = outcome else {
        panic!("{name}, {what}: it panics; {}", keep(target, bytes));
    };
    assert!(
        took < PATIENCE,
        "{name}, {what}: {took:?}; {}",
        keep(target, bytes)
    );
    let most = MEMORY + MEMORY_EACH * bytes.len() as u64;
    assert!(
        memory.bytes_max <= most,
        "{name}, {what}: {} bytes of memory for {} of input; {}",
        memory.bytes_max,
        bytes.len(),
        keep(target, bytes)
    );
    understood
}

/// Keeps an input, for somebody to look at.
fn keep(target: &Target, bytes: &[u8]) -> String {
    let name = format!("edgeghost-{}-{}", target.name, std::process::id());
    let path = std::env::temp_dir().join(name);
    match fs::write(&path, bytes) {
        Ok(()) => format!("the input is {}", path.display()),
        Err(error) => format!("the input cannot be kept: {error}"),
    }
}

/// Feeds what becomes of the seeds in so many rounds.
fn changed(name: &str, rounds: u64) {
    let target = target(name);
    let seeds = inputs(&folder("seeds", name));
    let mut understood = 0;
    for round in 0..rounds {
        let mut random = mutate::Random::new(round);
        let (path, seed) = &seeds[random.below(seeds.len())];
        let (_, other) = &seeds[random.below(seeds.len())];
        let input = mutate(seed, other, random.next(), LONGEST);
        let what = format!("{} changed in round {round}", path.display());
        understood += u64::from(feed(target, &what, &input));
    }
    // Input that is all refused at the first look proves nothing.
    assert!(
        understood * 50 > rounds,
        "{name}: {understood} of {rounds} understood"
    );
}

/// Rounds so many that each takes a few seconds on two slow cores without optimisation.
macro_rules! changed {
    ($($name:ident: $rounds:literal,)*) => {
        /// Targets with a test of their own here.
        const CHANGED: &[&str] = &[$(stringify!($name)),*];

        mod changes {
            $(#[test]
            fn $name() {
                super::changed(stringify!($name), $rounds);
            })*
        }
    };
}

changed! {
    record: 20_000,
    records: 2_000,
    btf: 300,
    proc: 3_000,
    netlink: 20_000,
    socket: 10_000,
    driver: 10_000,
    http: 5_000,
    metadata: 10_000,
    aws_ranges: 1_000,
    as_table: 1_000,
    config: 150,
    recording: 150,
    runbook: 5_000,
    status: 3_000,
    request: 10_000,
    spool: 500,
}

#[test]
fn no_target_is_left_out() {
    let names = TARGETS.map(|target| target.name);
    assert_eq!(CHANGED, names);
    for kind in ["seeds", "regressions"] {
        let entries = fs::read_dir(folder(kind, "")).unwrap();
        for entry in entries {
            let name = entry.unwrap().file_name();
            if name == ".gitkeep" {
                continue;
            }
            assert!(
                names.iter().any(|known| name == *known),
                "fuzz/{kind}/{} is of no target",
                name.display()
            );
        }
    }
}

#[test]
fn the_list_for_people_is_whole() {
    let list = fs::read_to_string(folder("README.md", ""));
    let list = list.unwrap();
    for target in &TARGETS {
        assert!(
            list.contains(&format!("| `{}` |", target.name)),
            "{}",
            target.name
        );
    }
}

/// Seeds that are no longer good would leave most of what they are for untouched.
#[test]
fn every_seed_is_understood() {
    for target in &TARGETS {
        let seeds = inputs(&folder("seeds", target.name));
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        for (path, bytes) in &seeds {
            let what = path.display().to_string();
            // Options are lines for the command line, and no file.
            let whole =
                !what.ends_with("options") && !what.ends_with("error") && !what.ends_with("none");
            let understood = feed(target, &what, bytes);
            assert_eq!(understood, whole, "{what}");
        }
    }
}

#[test]
fn what_was_found_once_is_not_found_again() {
    for target in &TARGETS {
        for (path, bytes) in inputs(&folder("regressions", target.name)) {
            feed(target, &path.display().to_string(), &bytes);
        }
    }
}
