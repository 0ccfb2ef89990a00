//! One connection from handshake to end: two programs that talk, and the packets between them.

use std::collections::BinaryHeap;

use super::due::{Due, Event};
use super::link::Link;
use super::report::Reporter;
use super::script::{Answer, Prompt, Script};
use super::sender::{Arrival, Sender};
use super::window::{Control, Window};
use crate::random::Random;

/// How long a peer sits on the acknowledgement of a lone segment, seconds (Linux's least).
const DELAYED_ACK: f64 = 0.04;
/// Handshake packets are sent again this often at most (Linux's default for SYN-ACKs).
const HANDSHAKE_RETRIES: u32 = 5;

const ESTABLISHED: u8 = 1;
const SYN_SENT: u8 = 2;
const FIN_WAIT1: u8 = 4;
const CLOSED: u8 = 7;
const LAST_ACK: u8 = 9;

/// A connection.
pub(crate) struct Talk<'a> {
    link: &'a mut Link,
    random: &'a mut Random,
    reporter: Reporter<'a>,
    script: Script,
    sender: Sender,
    due: BinaryHeap<Due>,
    order: u64,
    /// In-order segments that the peer has not acknowledged.
    unacknowledged: u32,
    turns: u32,
    answering: bool,
    state: u8,
}

impl<'a> Talk<'a> {
    pub(crate) fn new(
        link: &'a mut Link,
        random: &'a mut Random,
        reporter: Reporter<'a>,
        script: Script,
        control: Control,
    ) -> Self {
        let turns = random.exponential(script.turns).min(1e9);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, and at most 1e9"
        )]
        let turns = 1 + turns as u32;
        let sender = Sender::new(Window::new(control), script.room);
        Self {
            link,
            random,
            reporter,
            script,
            sender,
            due: BinaryHeap::new(),
            order: 0,
            unacknowledged: 0,
            turns,
            answering: false,
            state: ESTABLISHED,
        }
    }

    /// Runs it from `start` to its end, but not beyond `until`. When it ended.
    pub(crate) fn run(mut self, start: f64, until: f64) -> f64 {
        let shaken = if self.script.active {
            self.open(start, until)
        } else {
            self.accept(start)
        };
        let begun = match shaken {
            Ok(begun) => begun,
            Err(ended) => return ended,
        };
        self.prompt(begun);
        loop {
            let packet = self.due.peek().map_or(f64::INFINITY, |due| due.at);
            let alarm = self.sender.timer.next();
            let now = alarm.map_or(packet, |(at, _)| at.min(packet));
            if now > until {
                return until;
            }
            let sent = match alarm {
                Some((at, alarm)) if at < packet => {
                    let Some(sent) = self.sender.alarmed(now, alarm) else {
                        self.reporter.close(now, &self.sender.view(CLOSED));
                        return now;
                    };
                    sent
                }
                _ => match self.due.pop() {
                    Some(due) => self.happens(now, due.event),
                    None => return until,
                },
            };
            self.transmit(now, sent);
            if let Some(ended) = self.turn_over(now) {
                return ended;
            }
        }
    }

    /// The peer opens the connection. Its SYN is lost unseen; the SYN-ACK is sent again, at
    /// doubling intervals, until the peer's acknowledgement or its first data are here.
    fn accept(&mut self, start: f64) -> Result<f64, f64> {
        let mut now = start;
        let mut wait = 1.0;
        while self.link.receive(now).is_none() {
            now += wait;
            wait *= 2.0;
            if wait > 64.0 {
                return Err(now);
            }
        }
        for retries in 0..=HANDSHAKE_RETRIES {
            if let Some(at) = self.link.send(now) {
                let arrival = self.link.receive(at).or_else(|| self.link.receive(at));
                if let Some(arrival) = arrival {
                    return Ok(self.established(arrival, now, retries));
                }
            }
            now += f64::from(1 << retries);
        }
        Err(now)
    }

    /// This host opens it; a SYN that is sent again is seen as it happens.
    fn open(&mut self, start: f64, until: f64) -> Result<f64, f64> {
        let mut now = start;
        let mut view = self.sender.view(SYN_SENT);
        for retries in 0..=HANDSHAKE_RETRIES {
            let answered = self.link.send(now).and_then(|at| self.link.receive(at));
            if let Some(arrival) = answered {
                return Ok(self.established(arrival, now, retries));
            }
            now += f64::from(1 << retries);
            if now > until {
                return Err(until);
            }
            if retries < HANDSHAKE_RETRIES {
                view.retransmitted += 1;
                view.kinds.syn += 1;
                self.reporter.look(now, &view);
            }
        }
        view.state = CLOSED;
        self.reporter.close(now, &view);
        Err(now)
    }

    fn established(&mut self, now: f64, sent: f64, retries: u32) -> f64 {
        self.sender.established(retries, self.script.active);
        self.reporter.established(retries);
        if retries == 0 {
            self.sender.clock.measure(now - sent);
        }
        now
    }

    fn happens(&mut self, now: f64, event: Event) -> Vec<u64> {
        match event {
            Event::Segment(number) => {
                self.reach(now, number);
                Vec::new()
            }
            Event::Overdue => {
                if self.unacknowledged > 0 {
                    self.acknowledge(now, false);
                }
                Vec::new()
            }
            Event::Ack { emitted, duplicate } => self.hear(now, emitted, duplicate),
            Event::Request(emitted) => {
                let mut sent = self.hear(now, emitted, false);
                self.answer();
                if self.script.prompt == Prompt::Keystroke {
                    self.prompt(now);
                }
                sent.extend(self.sender.send(now, false));
                sent
            }
            Event::Own => {
                self.answer();
                if self.turns > 0 {
                    self.push(now + self.script.gap, Event::Own);
                }
                self.sender.send(now, false)
            }
        }
    }

    /// A segment is at the peer's: every second one, and whatever is out of order, is
    /// acknowledged at once (RFC 5681, 4.2).
    fn reach(&mut self, now: f64, number: u64) {
        match self.sender.arrived(now, number) {
            Arrival::Duplicate => self.acknowledge(now, true),
            Arrival::New { in_order: false } => self.acknowledge(now, false),
            Arrival::New { in_order: true } => {
                self.unacknowledged += 1;
                if self.unacknowledged >= 2 {
                    self.acknowledge(now, false);
                } else {
                    self.push(now + DELAYED_ACK, Event::Overdue);
                }
            }
        }
    }

    fn acknowledge(&mut self, now: f64, duplicate: bool) {
        self.unacknowledged = 0;
        if let Some(at) = self.link.receive(now) {
            self.push(
                at,
                Event::Ack {
                    emitted: now,
                    duplicate,
                },
            );
        }
    }

    fn hear(&mut self, now: f64, emitted: f64, duplicate: bool) -> Vec<u64> {
        if self.state == ESTABLISHED {
            self.reporter.look(now, &self.sender.view(self.state));
        }
        self.sender.acknowledged(now, emitted, duplicate)
    }

    /// This host says something.
    fn answer(&mut self) {
        self.turns = self.turns.saturating_sub(1);
        self.answering = true;
        let segments = match self.script.answer {
            Answer::Exactly(segments) => segments,
            Answer::Around(median) => self.random.segments(median, 1),
            Answer::Terminal if self.random.chance(0.9) => 1,
            Answer::Terminal => self.random.segments(3.0, 2).min(6),
        };
        self.sender.write(segments);
        if self.turns == 0 && self.script.hangs_up {
            self.sender.write(1);
            self.state = FIN_WAIT1;
        }
    }

    /// Something brings about the next turn.
    fn prompt(&mut self, now: f64) {
        if self.script.prompt == Prompt::Clock {
            self.push(now, Event::Own);
            return;
        }
        let mut at = now + self.random.exponential(self.script.gap);
        let mut wait = 0.2 + self.link.rtt;
        // The peer sends its request again until it is here.
        for _ in 0..12 {
            if let Some(arrival) = self.link.receive(at) {
                self.push(arrival, Event::Request(at));
                return;
            }
            at += wait;
            wait *= 2.0;
        }
    }

    fn transmit(&mut self, now: f64, numbers: Vec<u64>) {
        if numbers.is_empty() {
            return;
        }
        let view = self.sender.view(self.state);
        self.reporter.note(view.cwnd);
        if self.sender.take_news() {
            self.reporter.look(now, &view);
        }
        for number in numbers {
            if let Some(at) = self.link.send(now) {
                self.push(at, Event::Segment(number));
            }
        }
    }

    /// When everything said is acknowledged: the next turn, or the end.
    fn turn_over(&mut self, now: f64) -> Option<f64> {
        if !self.answering || !self.sender.is_idle() {
            return None;
        }
        if self.turns > 0 {
            self.answering = false;
            if self.script.prompt == Prompt::Request {
                self.prompt(now);
            }
            return None;
        }
        if self.state == ESTABLISHED {
            // The peer hangs up; our answer to that has to be acknowledged too.
            self.state = LAST_ACK;
            self.sender.write(1);
            let sent = self.sender.send(now, false);
            self.transmit(now, sent);
            return None;
        }
        self.reporter.close(now, &self.sender.view(self.state));
        Some(now)
    }

    fn push(&mut self, at: f64, event: Event) {
        self.order += 1;
        let order = self.order;
        self.due.push(Due { at, order, event });
    }
}
