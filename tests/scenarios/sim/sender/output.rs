//! What is sent when, and the timers that this winds up.

use edgeghost::flow::Kinds;

use super::{Segment, Sender, State};
use crate::sim::clock::Alarm;

impl Sender {
    /// What may be sent now, as numbers of segments, each with a note of it taken here.
    pub(crate) fn send(&mut self, now: f64, force: bool) -> Vec<u64> {
        let mut sent = Vec::new();
        let mut force = force;
        while force || self.in_flight() < self.window.allowed() as usize {
            force = false;
            if !self.has_work() {
                break;
            }
            if self.stuck {
                self.refuse(now);
                break;
            }
            if self.lost > 0 {
                let Some(index) = self.segments.iter().position(|segment| segment.lost) else {
                    break;
                };
                sent.push(self.send_again(now, index));
            } else {
                sent.push(self.send_new(now));
            }
        }
        self.note_bounds(now);
        if !sent.is_empty() && self.timer.at.is_none() {
            self.arm(now);
        }
        sent
    }

    /// A tail loss probe.
    pub(super) fn probe(&mut self, now: f64) -> Option<u64> {
        self.probed = Some(self.end());
        let number = if self.stuck {
            self.refuse(now);
            None
        } else if self.unsent > 0 && self.segments.len() < self.room {
            Some(self.send_new(now))
        } else {
            let last = self.segments.iter().rposition(|s| !s.delivered);
            Some(self.send_again(now, last.unwrap_or(0)))
        };
        self.timer.at = Some((now + self.clock.timeout(), Alarm::Timeout));
        number
    }

    pub(super) fn arm(&mut self, now: f64) {
        if self.segments.is_empty() {
            self.timer.at = None;
            return;
        }
        let timeout = self.clock.timeout();
        let probe = self.clock.probe(self.segments.len());
        let probes = self.state == State::Open && self.sacked == 0 && self.probed.is_none();
        // A timeout that would come first is a probe as well (`tcp_schedule_loss_probe`).
        self.timer.at = Some(if probes {
            (now + probe.min(timeout), Alarm::Probe)
        } else {
            (now + timeout, Alarm::Timeout)
        });
    }

    fn has_work(&self) -> bool {
        self.lost > 0 || self.unsent > 0 && self.segments.len() < self.room
    }

    /// Nothing leaves the host. What is new stays unsent, a retransmission is not even counted as
    /// one (`__tcp_retransmit_skb` gives up before it counts); either is tried again on time.
    fn refuse(&mut self, now: f64) {
        self.refused += 1;
        if self.timer.at.is_none() {
            self.timer.at = Some((now + self.clock.timeout(), Alarm::Timeout));
        }
    }

    /// Notes whether the window was the limit, and how long the peer's was.
    fn note_bounds(&mut self, now: f64) {
        let in_flight = self.in_flight();
        if self.base >= self.peak.1 || in_flight > self.peak.0 {
            self.peak = (in_flight, self.end());
        }
        let full = self.unsent > 0 && self.segments.len() >= self.room;
        let bound = full && self.lost == 0 && in_flight < self.window.allowed() as usize;
        match self.bound_since {
            None if bound => self.bound_since = Some(now),
            Some(since) if !bound => {
                self.totals.rwnd_limited += now - since;
                self.bound_since = None;
            }
            _ => {}
        }
    }

    fn send_new(&mut self, now: f64) -> u64 {
        self.unsent -= 1;
        self.totals.sent += 1;
        self.segments.push_back(Segment {
            sent: now,
            times: 1,
            received: f64::INFINITY,
            delivered: false,
            lost: false,
        });
        self.end() - 1
    }

    fn send_again(&mut self, now: f64, index: usize) -> u64 {
        if let Some(segment) = self.segments.get_mut(index) {
            self.lost -= usize::from(segment.lost);
            segment.lost = false;
            segment.times += 1;
            segment.sent = now;
        }
        let Kinds {
            fast,
            timeout,
            tail_loss_probe,
            ..
        } = &mut self.totals.kinds;
        *match self.state {
            State::Recovery => fast,
            State::Loss => timeout,
            State::Open | State::Disorder => tail_loss_probe,
        } += 1;
        self.totals.sent += 1;
        self.totals.retransmitted += 1;
        self.again = true;
        self.doubtful = self.doubtful.map(|segments| segments + 1);
        if index == 0 {
            self.arm(now);
        }
        self.base + index as u64
    }
}
