//! The agent as a child process.

mod launch;
mod output;

pub use launch::Launch;

use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::config::Config;
use crate::event::Event;
use crate::temp::TempDir;
use crate::{expect, wait};
use output::Output;

/// How long the agent may take to load its programs and say so.
const START: Duration = Duration::from_mins(1);

/// How long to wait for the end before it is called one that does not come.
const STOP: Duration = Duration::from_secs(20);

/// Its configuration, in its own folder.
const CONFIG: &str = "edgeghost.toml";

/// A running agent, killed when dropped.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    output: Arc<Output>,
    start: Option<Event>,
    folder: TempDir,
}

/// An agent that has ended.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// From the signal, or from the call that waited, to the end.
    pub took: Duration,
    /// Every line it wrote.
    pub events: Vec<Event>,
    /// Its log.
    pub stderr: String,
    /// Lines that its own schema forbids, with the reason.
    pub invalid: Vec<String>,
}

impl Agent {
    /// The first line.
    pub fn started(&self) -> Result<&Event> {
        self.start
            .as_ref()
            .context("started without waiting for agent_start")
    }

    /// An error, with everything seen, once the agent has ended.
    pub fn check_alive(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                self.output.wait_closed(STOP)?;
                Err(self.explain(&anyhow::anyhow!("the agent ended with {status}")))
            }
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes its configuration anew; it is read on SIGHUP.
    pub fn configure(&self, config: &Config) -> Result<()> {
        self.configure_text(&launch::complete(config.clone()).to_toml())
    }

    /// The same with any text.
    pub fn configure_text(&self, text: &str) -> Result<()> {
        self.folder.write(CONFIG, text)?;
        Ok(())
    }

    /// Takes its configuration away.
    pub fn remove_config(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.folder.path().join(CONFIG))?)
    }

    /// Every line so far.
    pub fn events(&self) -> Vec<Event> {
        self.output.events()
    }

    /// The lines from number `from` on, so far.
    pub fn events_from(&self, from: usize) -> Vec<Event> {
        self.output.events_from(from)
    }

    /// Its log so far.
    pub fn stderr(&self) -> String {
        self.output.stderr()
    }

    /// Waits for a line, one already there included.
    pub fn wait_for(
        &mut self,
        what: &str,
        limit: Duration,
        predicate: impl Fn(&Event) -> bool,
    ) -> Result<Event> {
        let mut seen = 0;
        self.wait(what, limit, |new| {
            seen += new.len();
            (new.iter().find(|event| predicate(event)).cloned(), seen)
        })
    }

    /// Waits until all lines together yield something.
    pub fn wait_until<T>(
        &mut self,
        what: &str,
        limit: Duration,
        mut condition: impl FnMut(&[Event]) -> Option<T>,
    ) -> Result<T> {
        self.wait(what, limit, |all| (condition(all), 0))
    }

    /// Gives `look` the lines from the number on that it asked for last.
    fn wait<T>(
        &mut self,
        what: &str,
        limit: Duration,
        mut look: impl FnMut(&[Event]) -> (Option<T>, usize),
    ) -> Result<T> {
        let mut from = 0;
        let outcome = wait::until(what, limit, || {
            // Asked first: what it wrote before it ended is then all there to look at.
            let ended = self.child.try_wait()?;
            if ended.is_some() {
                self.output.wait_closed(STOP)?;
            }
            let (found, next) = look(&self.output.events_from(from));
            from = next;
            match (found, ended) {
                (Some(found), _) => Ok(Some(found)),
                (None, Some(status)) => bail!("the agent ended with {status} before: {what}"),
                (None, None) => Ok(None),
            }
        });
        outcome.map_err(|error| self.explain(&error))
    }

    /// An error with everything seen.
    fn explain(&self, error: &anyhow::Error) -> anyhow::Error {
        anyhow::anyhow!(expect::report(
            &format!("{error:#}"),
            &self.events(),
            &self.stderr()
        ))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.context("a process id out of range")?;
        kill_process(pid, signal).context("cannot signal the agent")
    }

    /// Sends a signal and waits for the end.
    pub fn stop(self, signal: Signal) -> Result<Ended> {
        self.signal(signal)?;
        self.wait_end()
    }

    /// Waits for the end.
    pub fn wait_end(mut self) -> Result<Ended> {
        let begin = Instant::now();
        let status = wait::until("the end of the agent", STOP, || {
            Ok(self.child.try_wait()?)
        })
        .map_err(|error| self.explain(&error))?;
        let took = begin.elapsed();
        self.output.wait_closed(STOP)?;
        Ok(Ended {
            status,
            took,
            events: self.output.events(),
            stderr: self.output.stderr(),
            invalid: self.output.invalid(),
        })
    }

    /// Stops reading its standard output, as a reader does that has seen enough.
    pub fn close_stdout(&self) {
        self.output.hang_up();
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Ended {
    /// Holds the agent to what every run owes: exit code 0, every line valid, no gap,
    /// `agent_start` first and `agent_stop` last.
    ///
    /// # Panics
    ///
    /// With everything seen, where it is not so.
    pub fn assert_clean(&self) {
        let mut faults = self.invalid.clone();
        faults.extend(expect::stream_faults(&self.events));
        if !self.status.success() {
            faults.push(format!("the agent ended with {}", self.status));
        }
        if self.stderr.contains("panicked") {
            faults.push("the agent panicked".to_owned());
        }
        self.assert(faults.is_empty(), &faults.join("\n"));
    }

    /// Tells with `what`, and everything seen, that `condition` does not hold.
    ///
    /// # Panics
    ///
    /// Unless it does.
    pub fn assert(&self, condition: bool, what: &str) {
        assert!(
            condition,
            "{}",
            expect::report(what, &self.events, &self.stderr)
        );
    }

    /// The last line.
    pub fn last(&self) -> &Event {
        self.assert(!self.events.is_empty(), "the agent wrote nothing");
        &self.events[self.events.len() - 1]
    }

    /// The lines of one kind.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Event> {
        self.events.iter().filter(move |event| event.name() == name)
    }
}
