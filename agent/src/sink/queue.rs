//! The bounded queue between the daemon and the thread of one output.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::lines::Lines;
use super::stream::Outlet;
use crate::event::Priority;

/// A queue takes so many bytes for each line that it may hold: most lines are shorter, and a few may
/// be as long as any.
const BYTES_A_LINE: usize = 2_048;

/// But so many at least.
const LEAST_BYTES: usize = 262_144;

/// Lines on their way to an output. A full queue drops what matters least, and counts it.
pub struct Queue {
    capacity: usize,
    most_bytes: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    lines: Lines,
    /// What the writing thread has taken and is not done with, and since when.
    in_hand: Option<(Line, Instant)>,
    dropped: BTreeMap<&'static str, u64>,
    reopen: bool,
    closed: bool,
    ended: bool,
}

/// A finished line. Several outputs share its bytes.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) priority: Priority,
    /// See [`Event::heads_files`](crate::event::Event::heads_files).
    pub(super) head: bool,
    pub(super) bytes: Arc<[u8]>,
}

/// What the writing thread is to do next.
#[derive(Debug)]
pub(super) enum Next {
    /// Write this, and say [`Queue::done`] or [`Queue::put_back`].
    Write(Line),
    /// Open the output anew: somebody has moved it.
    Reopen,
    /// Nothing for now.
    Nothing,
    /// Nothing any more.
    End,
}

/// The queue at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueReading {
    /// Lines waiting.
    pub depth: usize,
    /// Most lines that fit.
    pub capacity: usize,
    /// Lines lost so far by event name.
    pub dropped: BTreeMap<&'static str, u64>,
}

impl QueueReading {
    /// This and another together.
    pub fn add(&mut self, other: &Self) {
        self.depth += other.depth;
        self.capacity += other.capacity;
        for (name, count) in &other.dropped {
            *self.dropped.entry(name).or_default() += count;
        }
    }
}

impl Queue {
    /// An empty queue for at most `capacity` lines, of 2 KiB each on average.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            most_bytes: capacity.saturating_mul(BYTES_A_LINE).max(LEAST_BYTES),
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

    /// Waits for something to do, at most `limit`.
    pub(super) fn next(&self, limit: Duration) -> Next {
        let deadline = Instant::now() + limit;
        let mut state = self.lock();
        loop {
            if std::mem::take(&mut state.reopen) {
                return Next::Reopen;
            }
            if let Some(line) = state.lines.pop_front() {
                state.in_hand = Some((line.clone(), Instant::now()));
                return Next::Write(line);
            }
            if state.closed {
                return Next::End;
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return Next::Nothing;
            };
            state = self.wait(state, left);
        }
    }

    /// The line taken last is out.
    pub(super) fn done(&self) {
        let mut state = self.lock();
        state.in_hand = None;
        let empty = state.lines.is_empty();
        drop(state);
        if empty {
            self.changed.notify_all();
        }
    }

    /// The line taken last could not be written: it is the next one again.
    pub(super) fn put_back(&self) {
        let mut state = self.lock();
        if let Some((line, _)) = state.in_hand.take() {
            state.lines.push_front(line);
            self.shed(&mut state);
        }
    }

    /// Rests before the next try; ends early, and says `false`, once the queue is closed.
    pub(super) fn rest(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.lock();
        while !state.closed && !state.reopen {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return true;
            };
            state = self.wait(state, left);
        }
        !state.closed
    }

    /// How long the writing thread has been at the same line.
    pub(super) fn stalled(&self) -> Duration {
        let state = self.lock();
        let since = state.in_hand.as_ref().map(|(_, since)| since.elapsed());
        since.unwrap_or_default()
    }

    /// Takes out the alerts that wait; with what is in hand, once nothing else will be done.
    pub(super) fn take_alerts(&self, in_hand: bool) -> Vec<Line> {
        let mut state = self.lock();
        let held = if in_hand { state.in_hand.take() } else { None };
        if let Some((line, _)) = held {
            state.lines.push_front(line);
        }
        state.lines.take_alerts()
    }

    /// Puts alerts back that could be kept nowhere else; they go before all others.
    pub(super) fn put_back_alerts(&self, alerts: Vec<Line>) {
        let mut state = self.lock();
        for alert in alerts.into_iter().rev() {
            state.lines.push_front(alert);
        }
        self.shed(&mut state);
    }

    /// Has the output opened anew.
    pub(super) fn reopen(&self) {
        self.lock().reopen = true;
        self.changed.notify_all();
    }

    /// Lets the writer end once it has written everything.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// The writer has ended.
    pub(super) fn ended(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Waits until everything is written, or the writer has given up, at most until `deadline`;
    /// tells whether all is written.
    pub(super) fn wait_until_written(&self, deadline: Instant) -> bool {
        self.wait_until(deadline, |state| state.ended || state.is_empty());
        self.lock().is_empty()
    }

    /// Waits until the writer has ended, at most until `deadline`; tells whether it has.
    pub(super) fn wait_until_ended(&self, deadline: Instant) -> bool {
        self.wait_until(deadline, |state| state.ended);
        self.lock().ended
    }

    /// Whether nothing is left to write.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn wait_until(&self, deadline: Instant, condition: impl Fn(&State) -> bool) {
        let mut state = self.lock();
        while !condition(&state) {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return;
            };
            state = self.wait(state, left);
        }
    }

    /// Drops the oldest lines of the least priority until the rest fits.
    fn shed(&self, state: &mut State) {
        while state.lines.len() > self.capacity || state.lines.bytes() > self.most_bytes {
            let Some(victim) = state.lines.shed() else {
                return;
            };
            *state.dropped.entry(victim.name).or_default() += 1;
        }
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        self.changed
            .wait_timeout(state, limit)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// A thread that panicked while it held the lock left a whole queue behind: every change to
    /// it is one step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outlet for Queue {
    /// When there is no room, the oldest line of the least priority goes, be it this one.
    fn push(&self, line: Line) {
        let mut state = self.lock();
        state.lines.push_back(line);
        self.shed(&mut state);
        let first = state.lines.len() == 1;
        drop(state);
        if first {
            self.changed.notify_all();
        }
    }

    fn count_lost(&self, name: &'static str) {
        *self.lock().dropped.entry(name).or_default() += 1;
    }
}

impl State {
    fn is_empty(&self) -> bool {
        self.in_hand.is_none() && self.lines.is_empty()
    }
}

#[cfg(test)]
mod tests;
