//! What an acknowledgement says is delivered, and what must be lost then.
//!
//! Counted as Linux counts: a duplicate that the other end reports is a delivery too
//! (`tcp_dsack_seen`), and a reordering is noticed when a segment that was never sent again is
//! delivered below one that was delivered before (`tcp_check_sack_reordering`).

use super::{Sender, State};

/// Segments delivered beyond a hole that settle, without any waiting, that it is a loss.
const DUPLICATES: usize = 3;

impl Sender {
    /// The other end got a segment twice.
    pub(super) fn note_duplicate(&mut self) {
        self.totals.duplicates += 1;
        self.totals.delivered += 1;
        // A duplicate arrival widens the wait for late segments (RFC 8985, 6.2).
        self.patient |= self.probed.is_none();
        self.doubtful = self.doubtful.map(|segments| segments.saturating_sub(1));
    }

    /// Marks what the other end had at `emitted`: how many segments, and whether one of them was
    /// sent again for nothing.
    pub(super) fn take(&mut self, now: f64, emitted: f64) -> (u32, bool) {
        let (mut delivered, mut spurious, mut overtaken) = (0, false, false);
        let beyond = self.segments.iter().rposition(|segment| segment.delivered);
        for ((index, number), segment) in (0..).zip(self.base..).zip(&mut self.segments) {
            if segment.delivered || segment.received > emitted {
                continue;
            }
            segment.delivered = true;
            self.sacked += 1;
            self.lost -= usize::from(segment.lost);
            segment.lost = false;
            delivered += 1;
            let took = now - segment.sent;
            if segment.times == 1 {
                self.clock.measure(took);
                overtaken |= beyond.is_some_and(|beyond| index < beyond);
            } else {
                spurious |= emitted < segment.sent;
            }
            let plausible = segment.times == 1 || took >= self.clock.least();
            if plausible && (segment.sent, number) > self.newest {
                self.newest = (segment.sent, number);
                self.took = took;
            }
        }
        self.totals.delivered += u64::from(delivered);
        self.totals.reordered += u64::from(overtaken);
        self.patient |= overtaken;
        while self.segments.front().is_some_and(|s| s.delivered) {
            self.segments.pop_front();
            self.sacked -= 1;
            self.base += 1;
            self.clock.progressed();
        }
        (delivered, spurious)
    }

    /// A timeout: everything counts as lost.
    pub(super) fn lose_all(&mut self) {
        let first = self.state != State::Loss;
        if first {
            self.doubt();
        }
        self.window.collapse(first);
        self.state = State::Loss;
        self.until = self.end();
        self.lost = 0;
        for segment in &mut self.segments {
            segment.lost = !segment.delivered;
            self.lost += usize::from(segment.lost);
        }
    }

    /// What looked lost was not.
    pub(super) fn take_back(&mut self) {
        self.window.undo();
        self.doubtful = None;
        self.state = State::Open;
        self.lost = 0;
        for segment in &mut self.segments {
            segment.lost = false;
        }
    }

    /// What was sent before something that is delivered, and had its time, is lost. Whether that
    /// began a recovery.
    pub(super) fn find_losses(&mut self, now: f64) -> bool {
        let settled = self.sacked >= DUPLICATES || self.state == State::Recovery;
        let patience = if settled && !self.patient {
            0.0
        } else {
            self.clock.least() / 4.0
        };
        let mut next = f64::INFINITY;
        let mut found = false;
        for (number, segment) in (self.base..).zip(&mut self.segments) {
            // Of those sent at the same moment, the later in sequence (RFC 8985, 6.2).
            if segment.delivered || segment.lost || (segment.sent, number) >= self.newest {
                continue;
            }
            let deadline = segment.sent + self.took + patience;
            // Alarms are set to the deadline itself, which may round to just below it.
            if deadline <= now + 1e-9 {
                segment.lost = true;
                self.lost += 1;
                found = true;
            } else {
                next = next.min(deadline);
            }
        }
        self.timer.reordering = next.is_finite().then_some(next);
        let entered = found && matches!(self.state, State::Open | State::Disorder);
        if entered {
            self.doubt();
            self.window.reduce();
            self.state = State::Recovery;
            self.until = self.end();
        }
        entered
    }

    /// A loss: from here on, what is sent again for nothing is counted. A probe was so already.
    pub(super) fn doubt(&mut self) {
        self.doubtful = Some(u32::from(self.probed.is_some()));
    }
}
