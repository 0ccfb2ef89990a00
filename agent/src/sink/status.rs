//! How an output fares, and telling it: once when it begins to fail, once when it works again.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::queue::QueueReading;
use super::settings::Target;

/// How an output fares.
#[derive(Debug)]
pub(super) struct Status {
    state: Mutex<State>,
    /// Told when it fails, and when it works again.
    news: Arc<Notify>,
}

#[derive(Debug, Clone, Default)]
struct State {
    trouble: Option<Trouble>,
    /// Since when its reader takes nothing, though it is there.
    slow: Option<Instant>,
    /// Alerts could not be kept on disk, and that was told.
    spool_failed: bool,
    closed: bool,
    written: u64,
    late: u64,
}

#[derive(Debug, Clone)]
struct Trouble {
    since: Instant,
    error: String,
    lost_before: u64,
}

/// How an output fares at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LaneReading {
    /// What kind it is, as configurations name it.
    pub kind: &'static str,
    /// Where it is, unless it is standard output.
    pub path: Option<String>,
    /// Its queue.
    pub queue: QueueReading,
    /// Lines that it took.
    pub written: u64,
    /// Of these, alerts that it could not take when they came.
    pub late: u64,
    /// Alerts on disk that wait for it.
    pub spooled: usize,
    /// Why it takes nothing, and for how long now.
    pub trouble: Option<(String, Duration)>,
    /// It will never take anything again.
    pub closed: bool,
}

impl Status {
    /// Of an output that nothing is known of yet.
    pub(super) fn new(news: Arc<Notify>) -> Self {
        Self {
            state: Mutex::default(),
            news,
        }
    }

    /// It took nothing; it has lost so many lines by now.
    pub(super) fn fails(&self, target: &Target, error: &io::Error, lost_before: u64) {
        let mut state = self.lock();
        if let Some(trouble) = &mut state.trouble {
            trouble.error = error.to_string();
            return;
        }
        state.trouble = Some(Trouble {
            since: Instant::now(),
            error: error.to_string(),
            lost_before,
        });
        drop(state);
        log::error!(
            "events cannot be written to {target}: {error}; it is tried again and again, incidents \
             and recommendations are kept meanwhile"
        );
        self.news.notify_one();
    }

    /// It took a line; `lost` tells how many it has lost by now.
    pub(super) fn works(&self, target: &Target, lost: impl FnOnce() -> u64) {
        let mut state = self.lock();
        state.written += 1;
        state.slow = None;
        let Some(trouble) = state.trouble.take() else {
            return;
        };
        drop(state);
        log::info!(
            "events are written to {target} again after {:.0} s ({}); {} were lost meanwhile",
            trouble.since.elapsed().as_secs_f64(),
            trouble.error,
            lost().saturating_sub(trouble.lost_before)
        );
        self.news.notify_one();
    }

    /// Its reader takes nothing for now.
    pub(super) fn is_slow(&self) {
        self.lock().slow.get_or_insert_with(Instant::now);
    }

    /// For how long its reader has taken nothing.
    pub(super) fn slow_for(&self) -> Duration {
        let since = self.lock().slow;
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// It has no reader, and never will have one again.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.news.notify_one();
    }

    /// Alerts were delivered that had waited on disk.
    pub(super) fn delivered_late(&self, count: usize) {
        self.lock().late += count as u64;
    }

    /// The disk does not take alerts either.
    pub(super) fn keeps_in_memory(&self, error: &io::Error) {
        if !std::mem::replace(&mut self.lock().spool_failed, true) {
            log::error!("alerts cannot be kept on disk, only in memory: {error}");
        }
    }

    /// Whether it takes nothing.
    pub(super) fn is_in_trouble(&self) -> bool {
        self.lock().trouble.is_some()
    }

    /// Whether it will never take anything again.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// What there is to say of it; of its queue nothing.
    pub(super) fn read(&self) -> LaneReading {
        let state = self.lock().clone();
        LaneReading {
            written: state.written,
            late: state.late,
            trouble: state
                .trouble
                .map(|trouble| (trouble.error, trouble.since.elapsed())),
            closed: state.closed,
            ..LaneReading::default()
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
