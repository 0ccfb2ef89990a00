//! The thread that exports metrics. It keeps one snapshot at most: counters go on from the start of
//! the run, so a newer one makes up for those that were not taken, which are counted.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use prost::Message as _;

use super::metrics::request;
use super::request::{LIMIT, is_refused, send};
use crate::config::Site;
use crate::sink::{LaneReading, QueueReading};
use crate::status::Latest;

const PATH: &str = "/v1/metrics";

/// First rest after a failure; each further one is twice as long, up to the next export.
const FIRST_REST: Duration = Duration::from_secs(1);

/// The last export may take so long.
const LAST: Duration = Duration::from_millis(500);

/// What outputs of this kind are called.
const KIND: &str = "otlp-metrics";

/// The running thread.
#[derive(Debug)]
pub struct Exporter {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    site: Site,
    period: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    ending: bool,
    ended: bool,
    waits: bool,
    written: u64,
    lost: u64,
    trouble: Option<(String, Instant)>,
}

impl Exporter {
    /// Exports what is `latest` to the collector at `site`, once in `period`.
    pub fn start(site: Site, period: Duration, latest: Latest) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            site,
            period,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("otlp metrics".to_owned())
            .spawn(move || of_thread.run(&latest))?;
        Ok(Self { shared, thread })
    }

    /// How it fares, in the terms of outputs.
    pub fn read(&self) -> LaneReading {
        let state = self.shared.lock();
        let lost = (state.lost > 0).then_some(("metrics", state.lost));
        LaneReading {
            kind: KIND,
            path: Some(format!("{}{PATH}", self.shared.site)),
            queue: QueueReading {
                depth: usize::from(state.waits),
                capacity: 1,
                dropped: lost.into_iter().collect(),
            },
            written: state.written,
            trouble: state
                .trouble
                .as_ref()
                .map(|(error, since)| (error.clone(), since.elapsed())),
            ..LaneReading::default()
        }
    }

    /// Exports once more and ends; a collector that does not answer cannot hold it up.
    pub fn finish(self) {
        self.shared.lock().ending = true;
        self.shared.changed.notify_all();
        let deadline = Instant::now() + LAST;
        let mut state = self.shared.lock();
        while !state.ended {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return;
            };
            state = self.shared.wait(state, left);
        }
        drop(state);
        // It has nothing left to do but return.
        let _ = self.thread.join();
    }
}

impl Shared {
    fn run(&self, latest: &Latest) {
        let mut due = Instant::now() + self.period;
        while self.rest_until(due) {
            // As often as it was told, whatever an export takes.
            due = (due + self.period).max(Instant::now());
            self.export(latest, due);
        }
        self.lock().waits = true;
        let last = self.try_once(latest, Instant::now() + LAST);
        self.told(&last);
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Exports once, at the latest until the next one is due; tells whether that was so.
    fn export(&self, latest: &Latest, due: Instant) {
        if latest.read().is_none() {
            // In the first second of a run.
            return;
        }
        let mut rest = FIRST_REST;
        self.lock().waits = true;
        loop {
            let tried = self.try_once(latest, Instant::now() + LIMIT);
            let again = tried.as_ref().is_err_and(|error| !is_refused(error));
            let next = Instant::now() + rest;
            if !again || next >= due {
                self.told(&tried);
                return;
            }
            if let Err(error) = tried {
                self.fails(&error);
            }
            if !self.rest_until(next) {
                return;
            }
            rest *= 2;
        }
    }

    /// What there is now: a try that comes later tells more.
    fn try_once(&self, latest: &Latest, deadline: Instant) -> io::Result<()> {
        let Some(status) = latest.read() else {
            return Ok(());
        };
        let body = request(&status).map_err(io::Error::other)?.encode_to_vec();
        send(&self.site, PATH, &body, deadline)
    }

    /// Counts an export that is over.
    fn told(&self, result: &io::Result<()>) {
        if let Err(error) = result {
            self.fails(error);
        }
        let mut state = self.lock();
        state.waits = false;
        if result.is_err() {
            state.lost += 1;
            return;
        }
        state.written += 1;
        if let Some((error, since)) = state.trouble.take() {
            log::info!(
                "metrics are exported to {} again after {:.0} s ({error}); {} exports were lost so \
                 far",
                self.site,
                since.elapsed().as_secs_f64(),
                state.lost
            );
        }
    }

    fn fails(&self, error: &io::Error) {
        let mut state = self.lock();
        if let Some((known, _)) = &mut state.trouble {
            *known = error.to_string();
            return;
        }
        state.trouble = Some((error.to_string(), Instant::now()));
        drop(state);
        log::error!(
            "metrics cannot be exported to {}: {error}; it is tried again and again",
            self.site
        );
    }

    /// Rests; tells whether the run goes on.
    fn rest_until(&self, deadline: Instant) -> bool {
        let mut state = self.lock();
        while !state.ending {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return true;
            };
            state = self.wait(state, left);
        }
        false
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        self.changed
            .wait_timeout(state, limit)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// Every change to it is one step, so a panic elsewhere leaves it whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
