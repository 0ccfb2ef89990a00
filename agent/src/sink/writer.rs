//! The thread that writes, so that a slow reader never holds up the kernel's records.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::output::Output;
use super::queue::Queue;

/// How long the last lines may take at the end.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Failed writes are logged no more often than this.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// The writing thread.
pub struct Writer {
    queue: Arc<Queue>,
    thread: JoinHandle<()>,
    reader_gone: Arc<AtomicBool>,
}

impl Writer {
    /// Starts writing what `queue` holds to `output`. `gone` is notified when its reader has
    /// closed it.
    pub fn start(mut output: Output, queue: Arc<Queue>, gone: Arc<Notify>) -> io::Result<Self> {
        let reader_gone = Arc::new(AtomicBool::new(false));
        let (lines, flag) = (Arc::clone(&queue), Arc::clone(&reader_gone));
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || {
                write_all(&mut output, &lines, &flag, &gone);
            })?;
        Ok(Self {
            queue,
            thread,
            reader_gone,
        })
    }

    /// Waits a moment for the last lines, and ends. A reader that does not read cannot hold the
    /// daemon up.
    pub fn finish(self) {
        self.queue.close();
        if self.reader_gone.load(Ordering::Relaxed) {
            return;
        }
        if self.queue.wait_until_written(LAST_LINES) {
            // It has nothing left to do but return.
            let _ = self.thread.join();
        } else {
            let left = self.queue.read().depth;
            log::warn!("the output's reader is too slow: {left} or more events not written");
        }
    }
}

fn write_all(output: &mut Output, queue: &Queue, reader_gone: &AtomicBool, gone: &Notify) {
    let mut logged: Option<Instant> = None;
    while let Some(lines) = queue.take() {
        for line in lines {
            if reader_gone.load(Ordering::Relaxed) {
                continue;
            }
            let Err(error) = output.write(&line) else {
                continue;
            };
            if output.is_standard() && error.kind() == io::ErrorKind::BrokenPipe {
                reader_gone.store(true, Ordering::Relaxed);
                gone.notify_one();
                continue;
            }
            queue.count_lost(line.name);
            complain(&mut logged, Err(error));
        }
        complain(&mut logged, output.rest());
        queue.written();
    }
    complain(&mut logged, output.finish());
}

/// Logs a failure, but not every one of many.
fn complain(logged: &mut Option<Instant>, result: io::Result<()>) {
    if let Err(error) = result
        && logged.is_none_or(|at| at.elapsed() >= LOG_EVERY)
    {
        log::error!("events could not be written and are lost: {error}");
        *logged = Some(Instant::now());
    }
}
