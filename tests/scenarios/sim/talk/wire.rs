//! Packets between the two ends, and what they make each other send.

use super::super::due::{End, Event};
use super::super::sender::Arrival;
use super::{ESTABLISHED, Talk};

/// How long an end sits on the acknowledgement of a lone segment, seconds (Linux's least).
const DELAYED_ACK: f64 = 0.04;

impl Talk<'_> {
    /// Sends segments, which acknowledge what came in so far.
    pub(super) fn transmit(&mut self, now: f64, from: End, numbers: &[u64]) {
        if from == End::Host {
            self.report_sending(now, numbers);
        }
        for &number in numbers {
            let half = self.half(from);
            half.owed = 0;
            let again = number < half.fresh;
            half.fresh = half.fresh.max(number + 1);
            let arrival = match from {
                End::Host => self.link.send_data(now, again),
                End::Peer => self.link.receive(now),
            };
            if let Some(at) = arrival {
                let to = from.other();
                self.push(
                    at,
                    Event::Segment {
                        to,
                        number,
                        emitted: now,
                    },
                );
            }
        }
    }

    /// A segment reaches an end. Every second one, and whatever is out of order, is acknowledged
    /// at once (RFC 5681, 4.2), unless an answer does so.
    pub(super) fn reach(&mut self, now: f64, to: End, number: u64, emitted: f64) {
        self.inbox.received += u64::from(to == End::Host);
        self.hear(now, to, emitted, false);
        let arrival = self.half(to.other()).sender.arrived(now, number);
        match arrival {
            Arrival::Duplicate => self.acknowledge(now, to, true),
            Arrival::Beyond => {
                self.inbox.out_of_order += u64::from(to == End::Host);
                self.acknowledge(now, to, false);
            }
            Arrival::Next | Arrival::Filling => {
                self.half(to).owed += 1;
                self.read(now, to);
                match self.half(to).owed {
                    // What was said in answer acknowledged it.
                    0 => {}
                    1 if arrival == Arrival::Next => {
                        self.push(now + DELAYED_ACK, Event::Overdue(to));
                    }
                    _ => self.acknowledge(now, to, false),
                }
            }
        }
    }

    /// An acknowledgement reaches an end.
    pub(super) fn hear(&mut self, now: f64, to: End, emitted: f64, duplicate: bool) {
        if to == End::Host && self.state == ESTABLISHED {
            self.reporter.look(now, &self.view(self.state));
        }
        let sent = self.half(to).sender.acknowledged(now, emitted, duplicate);
        self.transmit(now, to, &sent);
    }

    pub(super) fn acknowledge(&mut self, now: f64, from: End, duplicate: bool) {
        self.half(from).owed = 0;
        let arrival = match from {
            End::Host => self.link.send(now),
            End::Peer => self.link.receive(now),
        };
        if let Some(at) = arrival {
            let to = from.other();
            self.push(
                at,
                Event::Ack {
                    to,
                    emitted: now,
                    duplicate,
                },
            );
        }
    }

    /// Whether this host can send at all just now.
    pub(super) fn look_for_route(&mut self, now: f64) {
        self.host.sender.stuck = !self.link.has_route(now);
    }

    fn report_sending(&mut self, now: f64, numbers: &[u64]) {
        for _ in 0..self.host.sender.take_refusals() {
            self.link.refuse(now);
        }
        if numbers.is_empty() {
            return;
        }
        let view = self.view(self.state);
        self.reporter.note(view.cwnd);
        if self.host.sender.take_news() {
            self.reporter.look(now, &view);
        }
    }
}
