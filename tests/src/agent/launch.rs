//! How the agent is started.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use super::output::Output;
use super::{Agent, CONFIG, START};
use crate::binary;
use crate::config::Config;
use crate::netns::Netns;
use crate::schema::Schema;
use crate::temp::TempDir;
use crate::tool;

/// An agent about to be started.
#[derive(Debug, Clone, Default)]
pub struct Launch {
    config: Config,
    output: Option<PathBuf>,
    record: Option<PathBuf>,
    netns: Option<Netns>,
    log: Option<&'static str>,
    through: Vec<String>,
    env: Vec<(&'static str, OsString)>,
    binary: Option<PathBuf>,
}

impl Launch {
    /// With default configuration, writing to standard output, in the namespace of the caller.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a configuration file.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Writing to a file.
    #[must_use]
    pub fn output(mut self, path: impl Into<PathBuf>) -> Self {
        self.output = Some(path.into());
        self
    }

    /// Recording to a file, if one is given.
    #[must_use]
    pub fn record(mut self, path: Option<PathBuf>) -> Self {
        self.record = path;
        self
    }

    /// In a namespace.
    #[must_use]
    pub fn inside(mut self, netns: &Netns) -> Self {
        self.netns = Some(netns.clone());
        self
    }

    /// With its log at a level.
    #[must_use]
    pub const fn log(mut self, level: &'static str) -> Self {
        self.log = Some(level);
        self
    }

    /// Through another program, which becomes the agent (`setpriv`, `unshare`). The agent's file is
    /// then one that every user may run.
    #[must_use]
    pub fn through<S: AsRef<str>>(mut self, words: &[S]) -> Self {
        self.through
            .extend(words.iter().map(|word| word.as_ref().to_owned()));
        self
    }

    /// With a variable in its environment.
    #[must_use]
    pub fn env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// Another program than the agent that everybody has.
    #[must_use]
    pub fn binary(mut self, path: impl Into<PathBuf>) -> Self {
        self.binary = Some(path.into());
        self
    }

    /// Starts it and waits for `agent_start`.
    pub fn start(self) -> Result<Agent> {
        let mut agent = self.start_unwatched()?;
        let start = agent.wait_for("agent_start", START, |event| event.name() == "agent_start")?;
        agent.start = Some(start);
        Ok(agent)
    }

    /// Starts it without waiting for anything.
    pub fn start_unwatched(self) -> Result<Agent> {
        let binary = self.binary.clone().map_or_else(binary::agent, Ok)?;
        let schema = Schema::of(&binary)?;
        let folder = TempDir::new()?;
        let config = folder.write(CONFIG, &complete(self.config.clone()).to_toml())?;
        let mut args: Vec<OsString> = vec!["run".into(), "--config".into(), config.into()];
        if let Some(path) = &self.output {
            args.extend(["--output".into(), path.into()]);
        }
        if let Some(path) = &self.record {
            args.extend(["--record".into(), path.into()]);
        }
        let mut command = self.command(&binary, &folder)?;
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A Ctrl-C in the terminal is for whoever started this, who then stops the agent.
            .process_group(0);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(level) = self.log {
            command.env("RUST_LOG", level);
        }
        let spawned = match &self.netns {
            Some(netns) => netns.enter(|| command.spawn())?,
            None => command.spawn(),
        };
        let mut child = spawned.with_context(|| format!("cannot start {}", binary.display()))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let stderr = child.stderr.take().context("no standard error")?;
        let output = Output::collect(stdout, stderr, schema);
        Ok(Agent {
            child,
            output,
            start: None,
            folder,
        })
    }

    /// The agent, without arguments.
    fn command(&self, binary: &Path, folder: &TempDir) -> Result<Command> {
        let Some((first, rest)) = self.through.split_first() else {
            return Ok(Command::new(binary));
        };
        // Out of a home that others may not enter.
        let copy = folder.path().join("edgeghost");
        std::fs::copy(binary, &copy).context("cannot copy the agent")?;
        let mut command = tool::command(first);
        command.args(rest).arg(copy);
        Ok(command)
    }
}

/// What a test sees must not depend on the machine it runs on; and a system call that the sandbox
/// does not know ends the agent, and with it the test.
pub(super) fn complete(mut config: Config) -> Config {
    if !config.has("ec2") {
        config = config.set("ec2", "metadata", "\"off\"");
    }
    if !config.has("sandbox") {
        config = config.set("sandbox", "seccomp", "\"strict\"");
    }
    if !config.has("status") {
        // Agents of other tests run at the same time.
        config = config.set("status", "socket", "\"\"");
    }
    if !config.has("spool") {
        // What one agent has kept must not come out of another.
        config = config.set("spool", "folder", "\"\"");
    }
    config
}
