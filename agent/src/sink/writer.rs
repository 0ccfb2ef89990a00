//! The thread that writes a recording, so that compressing never holds up the kernel's records.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::queue::{Next, Queue};
use super::recording::Recording;
use super::stream::Outlet as _;

/// How long the last lines may take at the end.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Failed writes are logged no more often than this.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Whoever reads along finds all but so much.
const FLUSH_EVERY: Duration = Duration::from_secs(2);

/// The writing thread of a recording.
pub struct Writer {
    queue: Arc<Queue>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Starts writing what `queue` holds to `recording`.
    pub fn start(mut recording: Recording, queue: Arc<Queue>) -> io::Result<Self> {
        let lines = Arc::clone(&queue);
        let thread = thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || write_all(&mut recording, &lines))?;
        Ok(Self { queue, thread })
    }

    /// Waits a moment for the last lines, and ends. A disk that does not write cannot hold the
    /// daemon up.
    pub fn finish(self) {
        self.queue.close();
        let deadline = Instant::now() + LAST_LINES;
        if self.queue.wait_until_written(deadline) {
            // It has nothing left to do but close the file.
            let _ = self.thread.join();
        } else {
            let left = self.queue.read().depth;
            log::warn!("the disk is too slow: {left} or more lines not recorded");
        }
    }
}

fn write_all(recording: &mut Recording, queue: &Queue) {
    let mut logged: Option<Instant> = None;
    loop {
        match queue.next(FLUSH_EVERY) {
            Next::Write(line) => {
                if let Err(error) = recording.write(&line) {
                    queue.count_lost(line.name);
                    complain(&mut logged, Err(error));
                }
                queue.done();
            }
            Next::Reopen | Next::Nothing => {}
            Next::End => break,
        }
        complain(&mut logged, recording.rest());
    }
    complain(&mut logged, recording.finish());
}

/// Logs a failure, but not every one of many.
fn complain(logged: &mut Option<Instant>, result: io::Result<()>) {
    if let Err(error) = result
        && logged.is_none_or(|at| at.elapsed() >= LOG_EVERY)
    {
        log::error!("the recording could not be written and lacks lines: {error}");
        *logged = Some(Instant::now());
    }
}
