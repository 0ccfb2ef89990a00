//! Where the programs under test are.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// The agent: `EDGEGHOST_BIN`, or the one that the same build made.
pub fn agent() -> Result<PathBuf> {
    find("EDGEGHOST_BIN", "edgeghost", "cargo xtask build")
}

/// The agent with export to OpenTelemetry: `EDGEGHOST_OTLP_BIN`, or the copy that the tests made.
pub fn agent_with_otlp() -> Result<PathBuf> {
    find(
        "EDGEGHOST_OTLP_BIN",
        "edgeghost-otlp",
        "cargo xtask test --privileged otlp",
    )
}

/// The lab: `EDGEGHOST_LAB_BIN`, or the one that the same build made.
pub fn lab() -> Result<PathBuf> {
    find(
        "EDGEGHOST_LAB_BIN",
        "edgeghost-lab",
        "cargo build --package edgeghost-tests --bins",
    )
}

/// The scenarios: `EDGEGHOST_SCENARIOS_BIN`, or the one that the same build made.
pub fn scenarios() -> Result<PathBuf> {
    find(
        "EDGEGHOST_SCENARIOS_BIN",
        "edgeghost-scenarios",
        "cargo build --package edgeghost-tests --bins",
    )
}

/// The benchmarks: `EDGEGHOST_BENCH_BIN`, or those that the same build made.
pub fn bench() -> Result<PathBuf> {
    find(
        "EDGEGHOST_BENCH_BIN",
        "edgeghost-bench",
        "cargo build --package edgeghost-tests --bins",
    )
}

/// promtool: `EDGEGHOST_PROMTOOL_BIN`, or where `cargo xtask setup` unpacks it.
pub fn promtool() -> Result<PathBuf> {
    find(
        "EDGEGHOST_PROMTOOL_BIN",
        "../promtool/usr/bin/promtool",
        "cargo xtask setup",
    )
}

/// A program of `tests/requirements.txt`, such as `aws`: in `EDGEGHOST_PYTHON_BIN`, or where
/// `cargo xtask setup` puts it.
pub fn python_program(name: &str) -> Result<PathBuf> {
    let folder = match std::env::var_os("EDGEGHOST_PYTHON_BIN") {
        Some(folder) => PathBuf::from(folder),
        None => target()?.join("python/bin"),
    };
    let path = folder.join(name);
    if path.is_file() {
        return Ok(path);
    }
    bail!(
        "no `{name}` in {}: `cargo xtask setup` brings it",
        folder.display()
    )
}

/// The target folder that this program was built into.
fn target() -> Result<PathBuf> {
    let executable = std::env::current_exe().context("cannot tell where this program is")?;
    let profile = ["debug", "release"];
    executable
        .ancestors()
        .find(|folder| {
            folder
                .file_name()
                .is_some_and(|name| profile.iter().any(|p| name == *p))
        })
        .and_then(Path::parent)
        .map(Path::to_owned)
        .with_context(|| format!("{} is in no target folder", executable.display()))
}

/// Folder of the fixtures. The crate's folder is looked up when the test runs, for a test program
/// may have been built elsewhere.
pub fn fixtures() -> PathBuf {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    folder.join("fixtures")
}

/// What a host needs around the program.
pub fn packaging() -> PathBuf {
    fixtures().join("../../packaging")
}

fn find(variable: &str, name: &str, build: &str) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        let path = PathBuf::from(path);
        if path.is_file() {
            return path
                .canonicalize()
                .with_context(|| format!("{variable}={}", path.display()));
        }
        bail!("{variable} names {}, which is not there", path.display());
    }
    let executable = std::env::current_exe().context("cannot tell where this program is")?;
    // Programs lie in the profile's folder, test programs in `deps` below it.
    let folders: Vec<&Path> = executable.ancestors().skip(1).take(2).collect();
    folders
        .iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .with_context(|| {
            format!(
                "no `{name}` beside {}: build it with `{build}`, or name it in {variable}",
                executable.display()
            )
        })
}
