//! The daemon as a fleet runs it, to be measured: the default configuration, but for places of its
//! own, and its events read and thrown away.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use edgeghost_tests::temp::TempDir;
use edgeghost_tests::{binary, memory};
use rustix::process::Signal;
use serde_json::Value;

use crate::child::end;

/// A running daemon, stopped when dropped.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
    /// From the call that started the process to its first whole line.
    pub(crate) first_event: Duration,
    folder: TempDir,
}

/// What a process has used so far, all threads together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Processor time, user and system.
    pub(crate) processor: Duration,
    /// Times that a thread was put on a processor after it had waited for something.
    pub(crate) wakeups: u64,
}

impl Daemon {
    /// Starts it, and waits for its first event. Metadata are left alone: there is no instance.
    pub(crate) fn start() -> Result<Self> {
        let folder = TempDir::new()?;
        let place = |name: &str| folder.path().join(name).display().to_string();
        let mut child = Command::new(binary::agent()?)
            .args(["run", "--set", "ec2.metadata=off"])
            .arg("--set")
            .arg(format!("status.socket={}", place("status.sock")))
            .arg("--set")
            .arg(format!("spool.folder={}", place("spool")))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.path().join("log"))?)
            .spawn()
            .context("cannot start the agent")?;
        let begin = Instant::now();
        let stdout = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(stdout);
        let mut first = String::new();
        let read = lines.read_line(&mut first);
        let first_event = begin.elapsed();
        let daemon = Self {
            child,
            first_event,
            folder,
        };
        read.context("cannot read the agent's events")?;
        ensure!(
            first.contains("agent_start"),
            "the agent began with {first:?}, not with agent_start; its log: {}",
            daemon.log()
        );
        // Somebody reads on until it ends, or the pipe would fill and it would wait.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Ok(daemon)
    }

    /// How it fares, as `agent_health` has it: asked over its socket, not older than a second.
    pub(crate) fn health(&self) -> Result<Value> {
        let socket = self.folder.path().join("status.sock");
        let mut text = String::new();
        UnixStream::connect(&socket)
            .and_then(|mut stream| stream.read_to_string(&mut text))
            .with_context(|| format!("the daemon does not answer at {}", socket.display()))?;
        let mut status: Value = serde_json::from_str(&text).context("its status is no JSON")?;
        Ok(status["health"].take())
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory, MiB.
    pub(crate) fn resident_mib(&self) -> Result<f64> {
        Ok(memory::resident_kib(self.pid())? as f64 / 1024.0)
    }

    /// What it has used so far.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let mut usage = Usage::default();
        let threads = format!("/proc/{}/task", self.pid());
        for thread in fs::read_dir(&threads).with_context(|| threads.clone())? {
            let folder = thread?.path();
            let schedule = fs::read_to_string(folder.join("schedstat"))?;
            let nanos = schedule.split_whitespace().next().unwrap_or_default();
            usage.processor += Duration::from_nanos(nanos.parse()?);
            let status = fs::read_to_string(folder.join("status"))?;
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))
                .context("a thread's status tells no voluntary_ctxt_switches")?;
            usage.wakeups += line.trim().parse::<u64>()?;
        }
        Ok(usage)
    }

    /// Processor time since it had used so much.
    pub(crate) fn processor_since(&self, before: Usage) -> Result<Duration> {
        Ok(self.usage()?.processor.saturating_sub(before.processor))
    }

    /// Its threads' names.
    pub(crate) fn threads(&self) -> Result<Vec<String>> {
        let folder = format!("/proc/{}/task", self.pid());
        fs::read_dir(&folder)
            .with_context(|| folder.clone())?
            .map(|thread| {
                Ok(fs::read_to_string(thread?.path().join("comm"))?
                    .trim()
                    .to_owned())
            })
            .collect()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        end(&mut self.child, Signal::TERM);
    }
}
