//! Collecting what the agent writes while it runs.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{ChildStderr, ChildStdout};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::event::Event;
use crate::schema::Schema;
use crate::wait;

/// Everything written so far, filled by two threads that end with the agent.
#[derive(Debug, Default)]
pub(super) struct Output {
    events: Mutex<Vec<Event>>,
    invalid: Mutex<Vec<String>>,
    stderr: Mutex<String>,
    hung_up: AtomicBool,
    closed: AtomicU8,
}

impl Output {
    /// Reads both streams to their ends.
    pub(super) fn collect(stdout: ChildStdout, stderr: ChildStderr, schema: Schema) -> Arc<Self> {
        let output = Arc::new(Self::default());
        let sink = Arc::clone(&output);
        std::thread::spawn(move || {
            sink.read_events(stdout, &schema);
            sink.closed.fetch_add(1, Ordering::Release);
        });
        let sink = Arc::clone(&output);
        std::thread::spawn(move || {
            sink.read_log(stderr);
            sink.closed.fetch_add(1, Ordering::Release);
        });
        output
    }

    fn read_events(&self, stdout: ChildStdout, schema: &Schema) {
        let mut reader = BufReader::new(stdout);
        let mut line = Vec::new();
        while !self.hung_up.load(Ordering::Relaxed) {
            line.clear();
            match reader.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => self.take_line(&line, schema),
            }
        }
    }

    fn take_line(&self, line: &[u8], schema: &Schema) {
        let whole = line.ends_with(b"\n");
        let text = String::from_utf8_lossy(line)
            .trim_end_matches('\n')
            .to_owned();
        let event = Event::new(text, Instant::now());
        let mut faults = schema.complaints(&event.value);
        if !whole {
            faults.push("the line has no end".to_owned());
        }
        if line.len() > 16 * 1024 {
            faults.push(format!(
                "the line has {} bytes, more than 16 KiB",
                line.len()
            ));
        }
        if !faults.is_empty() {
            let fault = format!("invalid ({}): {}", faults.join("; "), event.line);
            locked(&self.invalid).push(fault);
        }
        locked(&self.events).push(event);
    }

    fn read_log(&self, mut stderr: ChildStderr) {
        let mut chunk = [0; 4096];
        while let Ok(length @ 1..) = stderr.read(&mut chunk) {
            locked(&self.stderr).push_str(&String::from_utf8_lossy(&chunk[..length]));
        }
    }

    /// Closes the reader's end of the events with the next line.
    pub(super) fn hang_up(&self) {
        self.hung_up.store(true, Ordering::Relaxed);
    }

    /// Waits until both streams are at their ends.
    pub(super) fn wait_closed(&self, limit: Duration) -> Result<()> {
        wait::until_true("the end of the agent's output", limit, || {
            Ok(self.closed.load(Ordering::Acquire) == 2)
        })
    }

    pub(super) fn events(&self) -> Vec<Event> {
        self.events_from(0)
    }

    pub(super) fn events_from(&self, from: usize) -> Vec<Event> {
        locked(&self.events)
            .get(from..)
            .unwrap_or_default()
            .to_vec()
    }

    pub(super) fn invalid(&self) -> Vec<String> {
        locked(&self.invalid).clone()
    }

    pub(super) fn stderr(&self) -> String {
        locked(&self.stderr).clone()
    }
}

/// A panic elsewhere leaves what was collected as good as it was.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
