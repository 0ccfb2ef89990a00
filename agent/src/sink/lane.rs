//! One output with all that is its own: a queue, a thread, its state, its kept alerts.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::ecs;
use super::output::{Output, is_unwanted};
use super::queue::{Line, Next, Queue};
use super::settings::{Format, Settings};
use super::socket::is_slow;
use super::spool::{self, Spool};
use super::status::{LaneReading, Status};
use super::stream::Outlet as _;
use crate::event::Priority;

/// Housekeeping is done this often when there is nothing to write.
const IDLE: Duration = Duration::from_secs(5);

/// First rest after a failure; each further one is twice as long.
const FIRST_REST: Duration = Duration::from_millis(250);

/// Longest rest.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// An output that fails again after so long fails anew; one that fails sooner flaps, and rests
/// longer and longer, too.
const ANEW: Duration = Duration::from_secs(20);

/// Rest before a slow reader is tried again. Most have been waited for already.
const SLOW_REST: Duration = Duration::from_millis(20);

/// An output that takes nothing for so long is in trouble.
const STALLED: Duration = Duration::from_secs(5);

/// One output.
pub(super) struct Lane {
    pub(super) settings: Settings,
    pub(super) queue: Queue,
    status: Status,
    spool: Mutex<Option<Spool>>,
    /// Told when standard output has no reader any more.
    pub(super) gone: Arc<Notify>,
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
            status: Status::new(news),
            spool: Mutex::new(spool),
            gone,
        }
    }

    /// Takes a line, if it is one of those that this output gets.
    pub(super) fn push(&self, line: &Line) {
        if self.settings.wanted.has(line) && !self.status.is_closed() {
            self.queue.push(line.clone());
        }
    }

    /// Writes until the queue is closed and empty, or closed and nothing can be written.
    pub(super) fn run(&self, output: &mut Output) {
        let mut failed: Option<(Instant, Duration)> = None;
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
                continue;
            };
            if output.is_over(&error) {
                self.status.close();
                self.gone.notify_one();
                break;
            }
            if is_slow(&error) {
                self.status.is_slow();
                thread::sleep(SLOW_REST);
                continue;
            }
            self.fails(&error);
            let rest = next_rest(failed);
            failed = Some((Instant::now(), rest));
            if !self.queue.rest(rest) {
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
            Err(error) if is_unwanted(&error) => {
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
        self.status.works(&self.settings.target, || self.lost());
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
                if !is_unwanted(&error) {
                    return Err(error);
                }
                self.queue.count_lost(spool::name(bytes));
                Ok(())
            });
            count += usize::from(result.is_ok());
        }
        if count > 0 {
            self.status.delivered_late(count);
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

    /// Whether its reader has stopped reading, or it takes nothing for another reason.
    pub(super) fn needs_tending(&self) -> bool {
        self.is_stalled() || self.status.is_in_trouble()
    }

    fn is_stalled(&self) -> bool {
        self.status.slow_for().max(self.queue.stalled()) >= STALLED
    }

    /// Looks whether its reader has stopped reading, and puts the alerts that wait on disk while
    /// this output takes none.
    pub(super) fn tend(&self) {
        if self.is_stalled() {
            self.fails(&io::Error::other("its reader does not read"));
        }
        if self.status.is_in_trouble() {
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
                self.status.keeps_in_memory(&error);
            }
        }
    }

    fn fails(&self, error: &io::Error) {
        self.status.fails(&self.settings.target, error, self.lost());
    }

    fn lost(&self) -> u64 {
        self.queue.read().dropped.values().sum()
    }

    /// How it fares.
    pub(super) fn read(&self) -> LaneReading {
        let spooled = self.spool.try_lock();
        LaneReading {
            kind: self.settings.target.kind(),
            path: self.settings.target.place(),
            queue: self.queue.read(),
            spooled: spooled.map_or(0, |spool| spool.as_ref().map_or(0, Spool::len)),
            ..self.status.read()
        }
    }

    fn spool(&self) -> MutexGuard<'_, Option<Spool>> {
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rest after a failure, by when the one before was and the rest after it.
fn next_rest(failed: Option<(Instant, Duration)>) -> Duration {
    match failed {
        Some((at, rest)) if at.elapsed() < rest + ANEW => (rest * 2).min(LONGEST_REST),
        _ => FIRST_REST,
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
