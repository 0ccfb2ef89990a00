//! Root rights, and only where they are needed: everything is built as the user, so that nothing
//! under `target/` ever belongs to root, and only the finished program is run with more.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::exec;

/// How a program that needs root rights is started.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Elevation {
    /// Start the program through this command instead (default: `sudo -E`, or nothing if you are
    /// root already)
    #[arg(long, value_name = "COMMAND")]
    runner: Option<String>,
}

/// A program to run as root, with what it needs from the environment.
///
/// The variables are handed over through `env`, because sudo's policy may drop any others.
#[derive(Debug)]
pub(crate) struct RootProgram<'a> {
    pub(crate) path: &'a Path,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: Vec<(&'static str, OsString)>,
}

impl Elevation {
    /// The command that runs `program` as root.
    pub(crate) fn command(&self, program: &RootProgram<'_>) -> Result<Command> {
        let words = program.words();
        let prefix = match &self.runner {
            Some(runner) => runner.split_whitespace().map(OsString::from).collect(),
            None if is_root()? => Vec::new(),
            None => sudo(&words)?,
        };
        let mut words = prefix.into_iter().chain(words);
        let first = words.next().context("nothing to run")?;
        let mut command = Command::new(first);
        command.args(words);
        Ok(command)
    }
}

impl RootProgram<'_> {
    fn words(&self) -> Vec<OsString> {
        let mut words = Vec::new();
        if !self.env.is_empty() {
            words.push(OsString::from("env"));
        }
        for (name, value) in &self.env {
            let mut pair = OsString::from(name);
            pair.push("=");
            pair.push(value);
            words.push(pair);
        }
        words.push(self.path.into());
        words.extend(self.args.iter().cloned());
        words
    }
}

/// Whether this process has root's rights.
pub(crate) fn is_root() -> Result<bool> {
    // The kernel gives a process's folder to its effective user.
    let this = fs::metadata("/proc/self").context("cannot read /proc/self to see who runs this")?;
    Ok(this.uid() == 0)
}

fn sudo(words: &[OsString]) -> Result<Vec<OsString>> {
    if exec::find_program("sudo").is_none() {
        bail!("{}", no_sudo(words));
    }
    Ok(vec!["sudo".into(), "-E".into()])
}

fn no_sudo(words: &[OsString]) -> String {
    let line: Vec<_> = words
        .iter()
        .map(|word| exec::quote(OsStr::new(word)))
        .collect();
    format!(
        "this needs root rights (it loads eBPF programs into the kernel), and there is no sudo \
         here.\nEverything is built; run this as root:\n\n    {}\n\nor name another way to become \
         root, for example --runner doas",
        line.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> RootProgram<'static> {
        RootProgram {
            path: Path::new("/target/debug/edgeghost"),
            args: vec!["run".into()],
            env: vec![("EDGEGHOST_BIN", "/a b".into())],
        }
    }

    #[test]
    fn a_runner_goes_first_and_variables_survive_it() {
        let elevation = Elevation {
            runner: Some("sudo -E -n".to_owned()),
        };
        let command = elevation.command(&program()).unwrap();
        assert_eq!(
            exec::shell_line(&command),
            "sudo -E -n env 'EDGEGHOST_BIN=/a b' /target/debug/edgeghost run"
        );
    }

    #[test]
    fn without_sudo_the_error_holds_the_whole_command() {
        let text = no_sudo(&program().words());
        assert!(text.contains("\n    env 'EDGEGHOST_BIN=/a b' /target/debug/edgeghost run\n"));
    }
}
