//! The service manager: told when the agent is ready, alive, stopping (`sd_notify(3)`).

use std::io;
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

use super::Daemon;

/// What the manager shows of the agent changes no more often than this.
const STATUS_EVERY: Duration = Duration::from_secs(10);

/// The service manager, or nobody.
pub(super) struct Supervisor {
    /// It is fed this often; absent where it does not watch.
    feed_every: Option<Duration>,
    fed: Option<Instant>,
    told: Option<Instant>,
    /// A manager that cannot be reached is told of once.
    complained: bool,
}

impl Supervisor {
    /// The one that the environment names (`NOTIFY_SOCKET`, `WATCHDOG_USEC`).
    pub(super) fn from_environment() -> Self {
        Self {
            // Twice within the time, as sd_watchdog_enabled(3) advises.
            feed_every: sd_notify::watchdog_enabled().map(|limit| limit / 2),
            fed: None,
            told: None,
            complained: false,
        }
    }

    /// The programs run, and the first line is on its way.
    pub(super) fn ready(&mut self) {
        self.send(&[NotifyState::Ready, NotifyState::Status("watching")]);
    }

    /// The ring has been drained and a tick made: only this proves that the agent works.
    pub(super) fn alive(&mut self, flows: usize, incident: bool) {
        let due = |last: Option<Instant>, every| last.is_none_or(|at| at.elapsed() >= every);
        if self.feed_every.is_some_and(|every| due(self.fed, every)) {
            self.fed = Some(Instant::now());
            self.send(&[NotifyState::Watchdog]);
        }
        if due(self.told, STATUS_EVERY) {
            self.told = Some(Instant::now());
            let state = if incident {
                "an incident is open"
            } else {
                "no incident"
            };
            self.send(&[NotifyState::Status(&format!(
                "watching {flows} flow(s), {state}"
            ))]);
        }
    }

    /// The configuration is read again; [`Self::ready`] ends that.
    pub(super) fn reloading(&mut self) {
        // The time is for `Type=notify-reload`; others do not mind it.
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.send(&[NotifyState::Reloading, now]),
            Err(_) => self.send(&[NotifyState::Reloading]),
        }
    }

    /// The last lines are being written.
    pub(super) fn stopping(&mut self, reason: &str) {
        self.send(&[
            NotifyState::Stopping,
            NotifyState::Status(&format!("stopping: {reason}")),
        ]);
    }

    fn send(&mut self, state: &[NotifyState<'_>]) {
        let sent: io::Result<()> = sd_notify::notify(state);
        if let Err(error) = sent
            && !self.complained
        {
            self.complained = true;
            log::warn!("the service manager cannot be told (NOTIFY_SOCKET): {error}");
        }
    }
}

impl Daemon {
    /// To be called after a tick: the ring has been looked at, and what was in it judged.
    pub(super) fn show_life(&mut self) {
        let flows = self.pipeline.figures().flows;
        let incident = self.pipeline.has_incident();
        self.supervisor.alive(flows, incident);
    }
}
