//! The other end, as far as it decides what is acknowledged: what it has, and in which order.

use super::Sender;

/// What a segment was to the end that it reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The next in sequence, and nothing beyond it was there.
    Next,
    /// The next in sequence, with others beyond it that had come before.
    Filling,
    /// Something before it is missing.
    Beyond,
    /// Had before.
    Duplicate,
}

impl Sender {
    /// A segment comes in at the other end.
    pub(crate) fn arrived(&mut self, now: f64, number: u64) -> Arrival {
        match self.segment(number) {
            Some(segment) if segment.received > now => segment.received = now,
            _ => return Arrival::Duplicate,
        }
        if number != self.next {
            self.beyond += 1;
            return Arrival::Beyond;
        }
        self.next += 1;
        if self.beyond == 0 {
            return Arrival::Next;
        }
        while self.beyond > 0 {
            match self.segment(self.next) {
                Some(segment) if segment.received <= now => {
                    self.next += 1;
                    self.beyond -= 1;
                }
                _ => break,
            }
        }
        Arrival::Filling
    }

    /// Everything written so far is at the other end.
    pub(crate) fn is_heard(&self) -> bool {
        self.unsent == 0 && self.next == self.end()
    }

    fn segment(&mut self, number: u64) -> Option<&mut super::Segment> {
        let index = usize::try_from(number.checked_sub(self.base)?).ok()?;
        self.segments.get_mut(index)
    }
}
