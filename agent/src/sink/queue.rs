//! The bounded queue between the daemon and its writer.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::event::Priority;

/// Lines that the writer takes in one go.
const TAKEN_AT_ONCE: usize = 256;

/// Lines on their way to the writer. A full queue drops what matters least, and counts it.
pub struct Queue {
    capacity: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    lines: VecDeque<Line>,
    dropped: BTreeMap<&'static str, u64>,
    writing: bool,
    closed: bool,
}

/// A finished line.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) priority: Priority,
    /// See [`Event::heads_files`](crate::event::Event::heads_files).
    pub(super) head: bool,
    pub(super) bytes: Vec<u8>,
}

/// The queue at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueReading {
    /// Lines waiting.
    pub depth: usize,
    /// Most lines that fit.
    pub capacity: usize,
    /// Lines lost so far by event name.
    pub dropped: BTreeMap<&'static str, u64>,
}

impl Queue {
    /// An empty queue for at most `capacity` lines.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// The queue now.
    pub fn read(&self) -> QueueReading {
        let state = self.lock();
        QueueReading {
            depth: state.lines.len(),
            capacity: self.capacity,
            dropped: state.dropped.clone(),
        }
    }

    /// Puts a line in; when there is no room, the oldest line of the least priority goes, be it
    /// this one.
    pub(super) fn push(&self, line: Line) {
        let mut state = self.lock();
        if state.lines.len() < self.capacity {
            state.lines.push_back(line);
        } else {
            state.make_room_for(line);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Counts a line that was lost elsewhere.
    pub(super) fn count_lost(&self, name: &'static str) {
        *self.lock().dropped.entry(name).or_default() += 1;
    }

    /// Waits for lines and takes some; `None` once the queue is closed and empty. The caller
    /// says [`Self::written`] when it is done with them.
    pub(super) fn take(&self) -> Option<VecDeque<Line>> {
        let mut state = self.lock();
        while state.lines.is_empty() {
            if state.closed {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.writing = true;
        // Not all at once: what was taken is beyond the reach of priorities.
        let some = state.lines.len().min(TAKEN_AT_ONCE);
        Some(state.lines.drain(..some).collect())
    }

    /// The lines taken last are out.
    pub(super) fn written(&self) {
        self.lock().writing = false;
        self.changed.notify_all();
    }

    /// Lets the writer end once it has written everything.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits until everything is written, at most `limit`; tells whether it is.
    pub(super) fn wait_until_written(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.lock();
        while state.writing || !state.lines.is_empty() {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return false;
            };
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }

    /// A thread that panicked while it held the lock left a whole queue behind: every change to
    /// it is one step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn make_room_for(&mut self, line: Line) {
        let least = self.lines.iter().map(|waiting| waiting.priority).min();
        let victim = match least {
            Some(least) if least <= line.priority => self
                .lines
                .iter()
                .position(|waiting| waiting.priority == least),
            _ => None,
        };
        let dropped = match victim.and_then(|at| self.lines.remove(at)) {
            Some(victim) => {
                self.lines.push_back(line);
                victim.name
            }
            None => line.name,
        };
        *self.dropped.entry(dropped).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &'static str, priority: Priority) -> Line {
        Line {
            name,
            priority,
            head: false,
            bytes: name.into(),
        }
    }

    #[test]
    fn detail_goes_first_and_alerts_stay() {
        let queue = Queue::new(3);
        queue.push(line("incident", Priority::Alert));
        queue.push(line("tcp_retransmit", Priority::Detail));
        queue.push(line("path_window", Priority::Window));
        queue.push(line("recommendation", Priority::Alert));
        queue.push(line("tcp_retransmit", Priority::Detail));
        queue.push(line("incident", Priority::Alert));
        let names: Vec<_> = queue
            .take()
            .unwrap()
            .into_iter()
            .map(|line| line.name)
            .collect();
        assert_eq!(names, ["incident", "recommendation", "incident"]);
        let dropped = queue.read().dropped;
        assert_eq!(dropped.get("tcp_retransmit"), Some(&2));
        assert_eq!(dropped.get("path_window"), Some(&1));
        assert_eq!(dropped.get("incident"), None);
    }

    #[test]
    fn among_equals_the_oldest_goes() {
        let queue = Queue::new(1);
        queue.push(Line {
            bytes: b"1".into(),
            ..line("incident", Priority::Alert)
        });
        queue.push(Line {
            bytes: b"2".into(),
            ..line("incident", Priority::Alert)
        });
        assert_eq!(queue.take().unwrap()[0].bytes, b"2");
    }

    #[test]
    fn it_ends_when_closed_and_says_when_all_is_out() {
        let queue = Queue::new(4);
        queue.push(line("agent_stop", Priority::State));
        assert!(!queue.wait_until_written(Duration::from_millis(1)));
        assert!(queue.take().is_some());
        assert!(!queue.wait_until_written(Duration::from_millis(1)));
        queue.written();
        assert!(queue.wait_until_written(Duration::ZERO));
        queue.close();
        assert!(queue.take().is_none());
    }
}
