//! Lines in the order in which they came, of which those that matter least can be shed. Every step
//! takes the same short time, however many there are: a dead output is no reason to work harder.

use std::collections::VecDeque;

use super::queue::Line;
use crate::event::Priority;

/// Lines that wait.
#[derive(Default)]
pub(super) struct Lines {
    /// By priority, the least first; each with its place among all.
    waiting: [VecDeque<(i64, Line)>; 4],
    /// Place of the next one before all others.
    before: i64,
    /// Place of the next one after all others.
    after: i64,
    bytes: usize,
}

impl Lines {
    /// Puts a line behind all others.
    pub(super) fn push_back(&mut self, line: Line) {
        self.after += 1;
        let place = self.after;
        self.bytes += line.bytes.len();
        self.of(line.priority).push_back((place, line));
    }

    /// Puts a line before all others.
    pub(super) fn push_front(&mut self, line: Line) {
        self.before -= 1;
        let place = self.before;
        self.bytes += line.bytes.len();
        self.of(line.priority).push_front((place, line));
    }

    /// Takes the first line.
    pub(super) fn pop_front(&mut self) -> Option<Line> {
        let first = |queue: &VecDeque<(i64, Line)>| queue.front().map(|(place, _)| *place);
        let next = self
            .waiting
            .iter_mut()
            .filter(|queue| !queue.is_empty())
            .min_by_key(|queue| first(queue));
        let line = next?.pop_front().map(|(_, line)| line)?;
        self.bytes -= line.bytes.len();
        Some(line)
    }

    /// Takes the oldest line of those that matter least.
    pub(super) fn shed(&mut self) -> Option<Line> {
        let least = self.waiting.iter_mut().find(|queue| !queue.is_empty());
        let line = least?.pop_front().map(|(_, line)| line)?;
        self.bytes -= line.bytes.len();
        Some(line)
    }

    /// Takes all alerts.
    pub(super) fn take_alerts(&mut self) -> Vec<Line> {
        let [.., alerts] = &mut self.waiting;
        let alerts: Vec<Line> = alerts.drain(..).map(|(_, line)| line).collect();
        self.bytes -= alerts.iter().map(|line| line.bytes.len()).sum::<usize>();
        alerts
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.iter().all(VecDeque::is_empty)
    }

    /// Bytes of all of them.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The queue of a priority.
    fn of(&mut self, priority: Priority) -> &mut VecDeque<(i64, Line)> {
        let [detail, window, state, alert] = &mut self.waiting;
        match priority {
            Priority::Detail => detail,
            Priority::Window => window,
            Priority::State => state,
            Priority::Alert => alert,
        }
    }
}
