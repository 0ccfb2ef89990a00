//! `cargo xtask vm`: the privileged tests, or the short lab, on other kernels than this machine's.
//!
//! A kernel is downloaded and unpacked ([`kernel`]), never installed. Its guest has no disk and no
//! network: everything it needs comes as its first root folder ([`initramfs`]). What it prints is
//! believed only if it ends with a line that nothing else can make ([`outcome`]).

mod cpio;
mod initramfs;
mod kernel;
mod machine;
mod modules;
mod outcome;
mod tools;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::cargo::{self, Profile};
use crate::limits::{self, Place};
use crate::setup::{self, Need};
use crate::test::tally::Tally;
use crate::ui;
use initramfs::Job;
use kernel::{Choice, Kernel};
use machine::Machine;
use outcome::Outcome;

/// Options of `cargo xtask vm`.
#[derive(Debug, Args)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the command line"
)]
pub(crate) struct Options {
    #[command(flatten)]
    profile: Profile,
    /// The kernel: a series, for Debian's newest cloud kernel of it, or a kernel package (.deb),
    /// or a folder with boot/vmlinuz-* and lib/modules/*; may be given several times
    #[arg(long, value_name = "SERIES|PATH", default_values = ["6.1", "6.12"])]
    kernel: Vec<Choice>,
    /// Only tests whose name contains this
    #[arg(long, value_name = "FILTER", conflicts_with = "lab")]
    only: Option<String>,
    /// Run the short lab, and show its story, instead of the tests
    #[arg(long)]
    lab: bool,
    /// The short lab, and of the tests a few that between them touch everything that differs
    /// from kernel to kernel: some minutes a kernel
    #[arg(long, conflicts_with_all = ["lab", "only"])]
    short: bool,
    /// List the tests that would run, and boot nothing
    #[arg(long, conflicts_with = "lab")]
    list: bool,
    /// Longest that one kernel may take, in minutes
    #[arg(long, value_name = "N", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(1..=600))]
    minutes: u64,
    /// Processors of the guest
    #[arg(long, value_name = "N", default_value_t = 2,
          value_parser = clap::value_parser!(u8).range(1..=16))]
    processors: u8,
    /// Let the guest's clock count instructions instead of time: one processor and no KVM, but
    /// however busy this machine is, the guest does not notice
    #[arg(long, conflicts_with = "processors")]
    steady: bool,
}

/// The tests of `--short`: programs load and attach, counts are exact whatever the mix, packets
/// dropped and sockets looked at are the kernel's, and what is no loss is not taken for it.
const SHORT: [&str; 6] = [
    "drops::dropped_on_the_way_in_as_the_rule_itself_counts",
    "exact::counts_equal_those_of_the_kernel",
    "exactness::a_mix_of_seed_1",
    "netem::reordering_alone_is_no_fault",
    "sockets::both_sides_show_what_ss_shows_and_whose_they_are",
    "start::programs_load_and_attach",
];

/// What is run in the guest, and which tests have to come out of it, if it is tests.
struct Work {
    job: Job,
    tests: Option<Vec<String>>,
}

/// Runs everything on each kernel in turn; one that fails does not stop the next.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    setup::ensure(&[Need::Build, Need::Network, Need::Machine])?;
    if options.list {
        let (_, names) = tests(options)?;
        ui::result(names.join("\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let mut works = Vec::new();
    if !options.lab {
        works.push(privileged(options)?);
    }
    if options.lab || options.short {
        works.push(lab(options)?);
    }
    let mut lines = Vec::new();
    let mut green = true;
    for choice in &options.kernel {
        let kernel = choice.prepare(&cache())?;
        for work in &works {
            let begin = Instant::now();
            let (good, said) = on_kernel(&kernel, work, options)?;
            let minutes = begin.elapsed().as_secs_f64() / 60.0;
            green &= good;
            lines.push(format!("{}: {said} ({minutes:.1} minutes)", kernel.release));
        }
    }
    ui::result(lines.join("\n"));
    Ok(if green {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The program with the privileged tests, and the names of those that are to run.
fn tests(options: &Options) -> Result<(PathBuf, Vec<String>)> {
    let program = cargo::build_test("privileged")?;
    let mut names = cargo::test_names(&program, options.only.as_slice())?;
    if options.short {
        names.retain(|name| SHORT.contains(&name.as_str()));
        if names.len() < SHORT.len() {
            bail!("of {SHORT:?} there are only {names:?}: a test was renamed");
        }
    }
    Ok((program, names))
}

fn privileged(options: &Options) -> Result<Work> {
    let (program, names) = tests(options)?;
    let profile = options.profile;
    let mut args = ["--test-threads=1", "--color=never"]
        .map(str::to_owned)
        .to_vec();
    args.extend(options.only.clone());
    if options.short {
        args.push("--exact".to_owned());
        args.extend(names.iter().cloned());
    }
    Ok(Work {
        tests: Some(names),
        job: Job {
            programs: vec![
                ("privileged", program),
                ("edgeghost", cargo::build_agent(profile)?),
                ("edgeghost-lab", cargo::build_lab(profile)?),
            ],
            args,
        },
    })
}

fn lab(options: &Options) -> Result<Work> {
    let profile = options.profile;
    Ok(Work {
        tests: None,
        job: Job {
            programs: vec![
                ("edgeghost-lab", cargo::build_lab(profile)?),
                ("edgeghost", cargo::build_agent(profile)?),
            ],
            args: ["--quick", "--by-hand"].map(str::to_owned).to_vec(),
        },
    })
}

/// Boots one kernel, and returns whether all is well and a line that says how it went.
fn on_kernel(kernel: &Kernel, work: &Work, options: &Options) -> Result<(bool, String)> {
    let folder = cache().join("run").join(&kernel.release);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let tests = work.tests.as_deref().unwrap_or_default();
    let place = Place {
        release: &kernel.release,
        guest: true,
        // What a guest is booted without it is none (`modules::REQUIRED`).
        netem: true,
    };
    let left_out = limits::left_out(place, tests);
    let mut job = work.job.clone();
    job.args.extend(limits::skips(&left_out));
    let nonce = nonce()?;
    let initramfs = folder.join("initramfs");
    let bytes = initramfs::build(kernel, &job, &outcome::mark(&nonce), &folder)?;
    keep(&initramfs, &bytes)?;
    let machine = Machine {
        kernel,
        initramfs: &initramfs,
        console: folder.join("console.log"),
        processors: if options.steady {
            1
        } else {
            options.processors
        },
        counted: options.steady,
        limit: Duration::from_mins(options.minutes),
    };
    let output = machine.run()?;
    keep(&folder.join("output.log"), output.as_bytes())?;
    let outcome = Outcome::read(&output, &nonce);
    if !matches!(outcome, Outcome::Ended(_)) {
        machine.show_console()?;
    }
    if work.tests.is_none() {
        return Ok((outcome == Outcome::Ended(0), format!("lab: {outcome}")));
    }
    let mut tally = Tally::default();
    for left in &left_out {
        tally.leave_out(format!("{}: {}", left.test, left.why));
    }
    Ok(verdict(tests.len(), tally, &output, outcome))
}

/// Nothing short of a whole run is good: the end was told, it was a good one, and every test of
/// the `known` ones ran, except for those that `tally` has as left out.
fn verdict(known: usize, mut tally: Tally, output: &str, outcome: Outcome) -> (bool, String) {
    let ended = outcome == Outcome::Ended(0);
    tally.add("privileged", output, ended);
    tally.tell();
    let whole = usize::try_from(tally.ran()) == Ok(known - tally.left_out().len());
    let mut said = tally.closing_line();
    if !whole {
        let _ = write!(said, ", but there are {known} tests");
    }
    if !matches!(outcome, Outcome::Ended(_)) {
        let _ = write!(said, "; {outcome}");
    }
    (ended && whole && tally.is_green(), said)
}

fn keep(path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// Everything that is downloaded, and what the last run on each kernel left.
fn cache() -> PathBuf {
    cargo::target_folder().join("vm")
}

/// A number that nobody can guess, in hexadecimal digits.
fn nonce() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("cannot read /dev/urandom")?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREEN: &str =
        "test a ... ok\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured\n";

    fn verdict_of(known: usize, outcome: Outcome) -> (bool, String) {
        verdict(known, Tally::default(), GREEN, outcome)
    }

    #[test]
    fn a_whole_run_without_failures_is_good() {
        let (good, said) = verdict_of(2, Outcome::Ended(0));
        assert!(good, "{said}");
        assert_eq!(said, "2 passed, 0 failed");
    }

    #[test]
    fn a_test_that_did_not_run_is_missed() {
        let (good, said) = verdict_of(3, Outcome::Ended(0));
        assert!(!good);
        assert_eq!(said, "2 passed, 0 failed, but there are 3 tests");
    }

    #[test]
    fn a_test_that_was_left_out_is_counted() {
        let mut tally = Tally::default();
        tally.leave_out("b: no netem".to_owned());
        let (good, said) = verdict(3, tally, GREEN, Outcome::Ended(0));
        assert!(good, "{said}");
        assert_eq!(said, "2 passed, 0 failed, 1 not run");
    }

    #[test]
    fn without_its_last_word_a_run_is_not_good() {
        let (good, said) = verdict_of(2, Outcome::Silent);
        assert!(!good);
        assert!(said.contains("without telling an outcome"), "{said}");
        assert!(!verdict_of(2, Outcome::Ended(1)).0);
    }
}
