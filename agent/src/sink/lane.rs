//! One output with all that is its own: a queue, a thread, its state, its kept alerts.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::ecs;
use super::output::Output;
use super::queue::{Line, Next, Queue, QueueReading};
use super::settings::{Format, Settings};
use super::socket::{is_slow, is_too_long};
use super::spool::{self, Spool};
use super::stream::Outlet as _;
use crate::event::Priority;

/// Housekeeping is done this often when there is nothing to write.
const IDLE: Duration = Duration::from_secs(1);

/// First rest after a failure; each further one is twice as long.
const FIRST_REST: Duration = Duration::from_millis(250);

/// Longest rest.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// An output that takes nothing for so long is in trouble.
const STALLED: Duration = Duration::from_secs(5);

/// One output.
pub(super) struct Lane {
    pub(super) settings: Settings,
    pub(super) queue: Queue,
    state: Mutex<State>,
    spool: Mutex<Option<Spool>>,
    /// Told when an output fails, and when it works again.
    pub(super) news: Arc<Notify>,
    /// Told when standard output has no reader any more.
    pub(super) gone: Arc<Notify>,
}

/// How an output fares.
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

impl Lane {
    pub(super) fn new(
        settings: Settings,
        spool: Option<Spool>,
        (news, gone): (Arc<Notify>, Arc<Notify>),
    ) -> Self {
        Self {
            queue: Queue::new(settings.queue_lines),
            settings,
            state: Mutex::default(),
            spool: Mutex::new(spool),
            news,
            gone,
        }
    }

    /// Takes a line, if it is one of those that this output gets.
    pub(super) fn push(&self, line: &Line) {
        if self.settings.wanted.has(line) && !self.lock().closed {
            self.queue.push(line.clone());
        }
    }

    /// Writes until the queue is closed and empty, or closed and nothing can be written.
    pub(super) fn run(&self, output: &mut Output) {
        let mut rest = FIRST_REST;
        loop {
            let done = match self.queue.next(IDLE) {
                Next::End => break,
                Next::Reopen => {
                    output.reopen();
                    Ok(())
                }
                Next::Nothing => output.rest().and_then(|()| self.deliver(output)),
                Next::Write(line) => self.take(&line, output),
            };
            let Err(error) = done else {
                rest = FIRST_REST;
                continue;
            };
            if output.is_over(&error) {
                self.over();
                break;
            }
            let pause = if is_slow(&error) {
                // It has waited already; the sooner it looks again, the better.
                self.lock().slow.get_or_insert_with(Instant::now);
                Duration::ZERO
            } else {
                self.fails(&error);
                let longer = (rest * 2).min(LONGEST_REST);
                std::mem::replace(&mut rest, longer)
            };
            if !self.queue.rest(pause) {
                break;
            }
        }
        self.queue.ended();
    }

    /// Writes a line, what is kept on disk before it: that is older. But the first line of a run
    /// stays the first.
    fn take(&self, line: &Line, output: &mut Output) -> io::Result<()> {
        let before = if line.head {
            Ok(())
        } else {
            self.deliver(output)
        };
        match before.and_then(|()| self.write(line, output)) {
            Err(error) if is_too_long(&error) => {
                self.queue.count_lost(line.name);
                self.queue.done();
                log::error!(
                    "{} takes no line of {} bytes, {} is lost: {error}",
                    self.settings.target,
                    line.bytes.len(),
                    line.name
                );
                Ok(())
            }
            Err(error) => {
                self.queue.put_back();
                Err(error)
            }
            Ok(()) => {
                self.queue.done();
                Ok(())
            }
        }
    }

    fn write(&self, line: &Line, output: &mut Output) -> io::Result<()> {
        match self.settings.format {
            Format::Otel => output.write(line)?,
            Format::Ecs => output.write(&Line {
                bytes: ecs::line(&line.bytes).into(),
                ..line.clone()
            })?,
        }
        self.works();
        Ok(())
    }

    /// Delivers what is kept on disk.
    fn deliver(&self, output: &mut Output) -> io::Result<()> {
        let mut spool = self.spool();
        let Some(spool) = spool.as_mut().filter(|spool| spool.len() > 0) else {
            return Ok(());
        };
        let mut count = 0;
        let mut result = Ok(());
        while let Some(bytes) = spool.get(count).filter(|_| result.is_ok()) {
            result = self.write(&late(bytes), output).or_else(|error| {
                if !is_too_long(&error) {
                    return Err(error);
                }
                self.queue.count_lost(spool::name(bytes));
                Ok(())
            });
            count += usize::from(result.is_ok());
        }
        if count > 0 {
            self.lock().late += count as u64;
            log::info!("{}: {count} alerts delivered late", self.settings.target);
        }
        if let Err(error) = spool.delivered(count) {
            log::error!(
                "alerts that were delivered cannot be taken out of the spool, and may come again \
                 after a restart: {error}"
            );
        }
        result
    }

    /// Looks whether its reader has stopped reading, and puts the alerts that wait on disk while
    /// this output takes none.
    pub(super) fn tend(&self) {
        let slow = self
            .lock()
            .slow
            .map_or(Duration::ZERO, |since| since.elapsed());
        if slow.max(self.queue.stalled()) >= STALLED {
            self.fails(&io::Error::other("its reader does not read"));
        }
        if self.lock().trouble.is_some() {
            self.keep_alerts(false);
        }
    }

    /// Puts the alerts that wait on disk; with what is in hand at the very end.
    pub(super) fn keep_alerts(&self, at_the_end: bool) {
        // Whoever delivers just now needs no help.
        let Ok(mut spool) = self.spool.try_lock() else {
            return;
        };
        let Some(spool) = spool.as_mut() else {
            return;
        };
        let alerts = self.queue.take_alerts(at_the_end);
        if alerts.is_empty() {
            return;
        }
        let lines: Vec<&[u8]> = alerts.iter().map(|line| &*line.bytes).collect();
        match spool.keep(&lines) {
            Ok(gone) => gone.iter().for_each(|name| self.queue.count_lost(name)),
            Err(error) => {
                self.queue.put_back_alerts(alerts);
                if !std::mem::replace(&mut self.lock().spool_failed, true) {
                    log::error!("alerts cannot be kept on disk, only in memory: {error}");
                }
            }
        }
    }

    fn fails(&self, error: &io::Error) {
        let lost_before = self.lost();
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
            "events cannot be written to {}: {error}; it is tried again and again, incidents and \
             recommendations are kept meanwhile",
            self.settings.target
        );
        self.news.notify_one();
    }

    fn works(&self) {
        let mut state = self.lock();
        state.written += 1;
        state.slow = None;
        let Some(trouble) = state.trouble.take() else {
            return;
        };
        drop(state);
        log::info!(
            "events are written to {} again after {:.0} s ({}); {} lines were lost meanwhile",
            self.settings.target,
            trouble.since.elapsed().as_secs_f64(),
            trouble.error,
            self.lost() - trouble.lost_before
        );
        self.news.notify_one();
    }

    /// Standard output has no reader, and never will have one again.
    fn over(&self) {
        self.lock().closed = true;
        self.gone.notify_one();
        self.news.notify_one();
    }

    fn lost(&self) -> u64 {
        self.queue.read().dropped.values().sum()
    }

    /// How it fares.
    pub(super) fn read(&self) -> LaneReading {
        let state = self.lock().clone();
        let target = &self.settings.target;
        LaneReading {
            kind: target.kind(),
            path: target.path().map(|path| path.display().to_string()),
            queue: self.queue.read(),
            written: state.written,
            late: state.late,
            spooled: self
                .spool
                .try_lock()
                .map_or(0, |spool| spool.as_ref().map_or(0, Spool::len)),
            trouble: state
                .trouble
                .map(|trouble| (trouble.error, trouble.since.elapsed())),
            closed: state.closed,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spool(&self) -> MutexGuard<'_, Option<Spool>> {
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line that waited on disk.
fn late(bytes: &[u8]) -> Line {
    Line {
        name: spool::name(bytes),
        priority: Priority::Alert,
        head: false,
        bytes: bytes.into(),
    }
}
