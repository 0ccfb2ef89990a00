//! The kinds of tests, and how each is run.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::Options;
use super::tally::Tally;
use crate::cargo::{self, Profile, cargo, tests_folder};
use crate::elevate::RootProgram;
use crate::limits::{self, Place};
use crate::{exec, package, promtool, python, ui};

/// The crates whose unit tests need nothing but a compiler.
const UNIT_PACKAGES: [&str; 3] = ["edgeghost", "edgeghost-common", "xtask"];

/// A kind of tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Functions, fixtures, documentation examples.
    Unit,
    /// The finished program, as an ordinary user would start it.
    Process,
    /// The finished program on the real kernel.
    Privileged,
    /// What a host installs.
    Package,
}

/// The finished programs that the tests start.
#[derive(Debug)]
pub(super) struct Binaries {
    agent: PathBuf,
    lab: PathBuf,
    scenarios: PathBuf,
    bench: PathBuf,
    /// Only where a test may want it.
    otlp: Option<PathBuf>,
}

impl Binaries {
    /// Builds them as the user who runs this.
    pub(super) fn build(options: &Options, stages: &[Stage]) -> Result<Self> {
        ui::step("building the programs under test");
        let profile = Profile::default();
        let filter = options.filter.as_deref();
        let wants_otlp = filter.is_none_or(|filter| filter.contains("otlp"));
        let otlp = stages.contains(&Stage::Privileged) && wants_otlp;
        Ok(Self {
            // First, for the other takes its place.
            otlp: otlp.then(with_otlp).transpose()?,
            agent: cargo::build_agent(profile)?,
            lab: cargo::build_lab(profile)?,
            scenarios: cargo::build_scenarios(profile)?,
            bench: cargo::build_bench(profile)?,
        })
    }

    /// How the tests are told where the programs are.
    fn env(&self) -> Vec<(&'static str, OsString)> {
        let promtool = promtool::program().unwrap_or_default();
        vec![
            ("EDGEGHOST_PROMTOOL_BIN", promtool.into_os_string()),
            ("EDGEGHOST_BIN", self.agent.clone().into_os_string()),
            ("EDGEGHOST_LAB_BIN", self.lab.clone().into_os_string()),
            (
                "EDGEGHOST_SCENARIOS_BIN",
                self.scenarios.clone().into_os_string(),
            ),
            ("EDGEGHOST_BENCH_BIN", self.bench.clone().into_os_string()),
            ("EDGEGHOST_PYTHON_BIN", python::programs().into_os_string()),
            ("CARGO_MANIFEST_DIR", tests_folder().into_os_string()),
            ("RUST_BACKTRACE", "1".into()),
        ]
        .into_iter()
        .chain(
            self.otlp
                .iter()
                .map(|path| ("EDGEGHOST_OTLP_BIN", path.clone().into_os_string())),
        )
        .collect()
    }
}

/// The daemon with export to OpenTelemetry, beside where cargo puts the one without.
fn with_otlp() -> Result<PathBuf> {
    let built = cargo::build_agent_with_otlp(Profile::default())?;
    let beside = built.with_file_name("edgeghost-otlp");
    fs::copy(&built, &beside).with_context(|| format!("cannot copy {}", built.display()))?;
    Ok(beside)
}

/// Unit tests and documentation examples.
pub(super) fn unit(options: &Options, tally: &mut Tally) -> Result<()> {
    ui::step("unit tests");
    // With what not everybody builds; the other tests run the program that everybody has.
    let selection = UNIT_PACKAGES.map(|package| ["--package", package]);
    let selection = [selection.as_flattened(), &["--features", cargo::OTLP]].concat();
    run_cargo_test("unit", &selection, options, Vec::new(), tally)
}

/// Tests of the finished program that need no rights.
pub(super) fn process(options: &Options, binaries: &Binaries, tally: &mut Tally) -> Result<()> {
    ui::step("process tests");
    let selection = ["--package", "edgeghost-tests", "--test", "process"];
    run_cargo_test("process", &selection, options, binaries.env(), tally)
}

/// Tests on the real kernel: built as the user, and only the test program itself is run as root.
pub(super) fn privileged(options: &Options, binaries: &Binaries, tally: &mut Tally) -> Result<()> {
    ui::step("privileged tests (as root: they load eBPF programs and make network namespaces)");
    let program = cargo::build_test("privileged")?;
    let chosen: Vec<&str> = options.program_args().collect();
    let names = cargo::test_names(&program, &chosen)?;
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")
        .context("cannot read which kernel this is")?;
    let place = Place {
        release: release.trim(),
        guest: false,
        netem: limits::has_netem(),
    };
    let left_out = limits::left_out(place, &names);
    for left in &left_out {
        tally.leave_out(format!("{}: {}", left.test, left.why));
    }
    as_root(
        "privileged",
        &limits::skips(&left_out),
        binaries.env(),
        options,
        tally,
    )
}

/// Tests of packages of a development build, and of an older version to upgrade from.
pub(super) fn package(options: &Options, binaries: &Binaries, tally: &mut Tally) -> Result<()> {
    ui::step("making packages to test");
    let folder = cargo::target_folder().join("package/test");
    let mut env = binaries.env();
    for (variable, version, name) in [
        ("EDGEGHOST_OLD_PACKAGES", Some("0.0.9"), "old"),
        ("EDGEGHOST_PACKAGES", None, "new"),
        // The same once more, elsewhere.
        ("EDGEGHOST_SAME_PACKAGES", None, "the/same"),
    ] {
        let made = package::Options::for_tests(version, folder.join(name));
        env.push((variable, package::make(&made)?.into_os_string()));
    }
    ui::step("package tests (as root: dpkg and rpm install below a folder)");
    as_root("package", &[], env, options, tally)
}

fn as_root(
    name: &str,
    further: &[String],
    env: Vec<(&'static str, OsString)>,
    options: &Options,
    tally: &mut Tally,
) -> Result<()> {
    let program = cargo::build_test(name)?;
    let threads = format!("--test-threads={}", options.test_threads);
    let args = options
        .program_args()
        .chain([threads.as_str()])
        .chain(further.iter().map(String::as_str))
        .map(OsString::from)
        .collect();
    let program = RootProgram {
        path: &program,
        args,
        env,
    };
    let mut command = options.elevation.command(&program)?;
    // Where cargo would start them: fixtures are named from the crate's folder.
    command.current_dir(tests_folder());
    record(name, &mut command, tally)
}

/// Compiles first, so that a compiler's complaint ends the run, and a failed test does not.
fn run_cargo_test(
    stage: &str,
    selection: &[&str],
    options: &Options,
    env: Vec<(&'static str, OsString)>,
    tally: &mut Tally,
) -> Result<()> {
    let test = |extra: &str| {
        let mut command = cargo(["test", "--locked"]);
        command.args(selection).arg(extra);
        command
    };
    exec::run(&mut test("--no-run"))?;
    let mut command = test("--no-fail-fast");
    let separator = options.program_args().next().map(|_| "--");
    command
        .args(separator)
        .args(options.program_args())
        .envs(env);
    record(stage, &mut command, tally)
}

fn record(stage: &str, command: &mut Command, tally: &mut Tally) -> Result<()> {
    let (status, output) = exec::tee(command)?;
    tally.add(stage, &output, status.success());
    Ok(())
}
