//! Calls of cargo, and where the programs it built lie.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::Value;

use crate::exec;

/// The build profile, as a command-line option of every command that builds.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Profile {
    /// Build optimised, as it is shipped
    #[arg(long)]
    release: bool,
}

impl Profile {
    /// As it is shipped.
    pub(crate) const RELEASE: Self = Self { release: true };
}

/// The one feature of the daemon that not everybody has.
pub(crate) const OTLP: &str = "edgeghost/otlp";

/// The folder of the crate with the tests and the lab.
pub(crate) fn tests_folder() -> PathBuf {
    exec::workspace_root().join("tests")
}

/// The folder that everything is built into.
pub(crate) fn target_folder() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    exec::workspace_root().join(target.unwrap_or_else(|| "target".into()))
}

/// A call of cargo from the workspace's top folder. By its plain name, so that the line shown is
/// one to copy; rustup sees to it that it is the cargo that runs us.
pub(crate) fn cargo<I: AsRef<OsStr>>(args: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new("cargo");
    command.args(args).current_dir(exec::workspace_root());
    command
}

/// The daemon, built.
pub(crate) fn build_agent(profile: Profile) -> Result<PathBuf> {
    build("build", "edgeghost", &["--bin", "edgeghost"], profile)
}

/// The daemon with export to OpenTelemetry, built: in the place of the one without.
pub(crate) fn build_agent_with_otlp(profile: Profile) -> Result<PathBuf> {
    let selection = ["--features", OTLP, "--bin", "edgeghost"];
    build("build", "edgeghost", &selection, profile)
}

/// The lab, built.
pub(crate) fn build_lab(profile: Profile) -> Result<PathBuf> {
    build(
        "build",
        "edgeghost-tests",
        &["--bin", "edgeghost-lab"],
        profile,
    )
}

/// The scenarios, built.
pub(crate) fn build_scenarios(profile: Profile) -> Result<PathBuf> {
    build(
        "build",
        "edgeghost-tests",
        &["--bin", "edgeghost-scenarios"],
        profile,
    )
}

/// The benchmarks, built.
pub(crate) fn build_bench(profile: Profile) -> Result<PathBuf> {
    build(
        "build",
        "edgeghost-tests",
        &["--bin", "edgeghost-bench"],
        profile,
    )
}

/// A test program of the tests crate, built but not run.
pub(crate) fn build_test(target: &str) -> Result<PathBuf> {
    build(
        "test",
        "edgeghost-tests",
        &["--no-run", "--test", target],
        Profile::default(),
    )
}

/// The names of the tests of a test program that `args` choose.
pub(crate) fn test_names<S: AsRef<str>>(program: &Path, args: &[S]) -> Result<Vec<String>> {
    let mut command = Command::new(program);
    command
        .args(["--list", "--format", "terse"])
        .args(args.iter().map(AsRef::as_ref));
    let listed = exec::capture(&mut command)?;
    Ok(listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test").map(str::to_owned))
        .collect())
}

/// Builds one target, named last in `selection`, and finds the file that came out: cargo's own
/// word for it holds for every target folder and profile that somebody may have configured.
fn build(verb: &str, package: &str, selection: &[&str], profile: Profile) -> Result<PathBuf> {
    let mut command = cargo([verb, "--locked", "--package", package]);
    command
        .args(selection)
        .arg("--message-format=json-render-diagnostics");
    if profile.release {
        command.arg("--release");
    }
    let target = selection.last().copied().unwrap_or(package);
    let messages = exec::capture(&mut command)
        .with_context(|| format!("{target} of package {package} was not built"))?;
    executable(&messages, target, verb == "test")
        .with_context(|| format!("cargo did not say where it put {target}"))
}

/// The file of `target` in cargo's messages. Building a test builds the package's ordinary
/// programs on the way; those have no test harness.
fn executable(messages: &str, target: &str, harness: bool) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| {
            message.get("reason").and_then(Value::as_str) == Some("compiler-artifact")
        })
        .filter(|message| message.pointer("/target/name").and_then(Value::as_str) == Some(target))
        .filter(|message| {
            message.pointer("/profile/test").and_then(Value::as_bool) == Some(harness)
        })
        .find_map(|message| {
            message
                .get("executable")?
                .as_str()
                .map(|path| Path::new(path).into())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGES: &str = r#"{"reason":"compiler-artifact","target":{"name":"privileged"},"profile":{"test":false},"executable":null}
{"reason":"build-script-executed","package_id":"x"}
{"reason":"compiler-artifact","target":{"name":"edgeghost-lab"},"profile":{"test":false},"executable":"/t/debug/edgeghost-lab"}
{"reason":"compiler-artifact","target":{"name":"privileged"},"profile":{"test":true},"executable":"/t/debug/deps/privileged-1f"}
not json
{"reason":"build-finished","success":true}"#;

    #[test]
    fn the_test_program_is_told_from_the_ordinary_one() {
        assert_eq!(
            executable(MESSAGES, "privileged", true),
            Some("/t/debug/deps/privileged-1f".into())
        );
        assert_eq!(executable(MESSAGES, "privileged", false), None);
        assert_eq!(
            executable(MESSAGES, "edgeghost-lab", false),
            Some("/t/debug/edgeghost-lab".into())
        );
    }
}
