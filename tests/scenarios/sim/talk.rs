//! One connection from handshake to end: what happens on it, in order of time.

mod handshake;
mod turns;
mod wire;

use std::collections::BinaryHeap;

use super::clock::Alarm;
use super::due::{Due, End, Event};
use super::link::Link;
use super::report::{Reporter, View};
use super::script::{Prompt, Script};
use super::sender::Sender;
use super::window::{Control, Window};
use crate::random::Random;

const ESTABLISHED: u8 = 1;
const SYN_SENT: u8 = 2;
const CLOSED: u8 = 7;

/// This host's receive window, segments.
const OWN_ROOM: u32 = 400;

/// One end of the connection.
struct Half {
    sender: Sender,
    /// In-order segments that it has not acknowledged.
    owed: u32,
    /// Number of the first segment that it never sent.
    fresh: u64,
}

/// What came in here.
#[derive(Default)]
struct Inbox {
    received: u64,
    out_of_order: u64,
}

/// A connection.
pub(crate) struct Talk<'a> {
    link: &'a mut Link,
    random: &'a mut Random,
    reporter: Reporter<'a>,
    script: Script,
    host: Half,
    peer: Half,
    inbox: Inbox,
    due: BinaryHeap<Due>,
    order: u64,
    turns: u32,
    /// This host has the word, or said something that is not acknowledged.
    speaking: bool,
    /// It waits for the peer's answer.
    waiting: bool,
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
        let half = |control, room| Half {
            sender: Sender::new(Window::new(control), room),
            owed: 0,
            fresh: 0,
        };
        Self {
            link,
            random,
            reporter,
            script,
            host: half(control, script.room),
            peer: half(Control::Cubic, OWN_ROOM),
            inbox: Inbox::default(),
            due: BinaryHeap::new(),
            order: 0,
            turns,
            speaking: false,
            waiting: false,
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
        match self.script.prompt {
            Prompt::Request | Prompt::Keystroke => self.prompt(begun, End::Peer),
            Prompt::Clock | Prompt::Need => self.push(begun, Event::Turn(End::Host)),
        }
        loop {
            let packet = self.due.peek().map_or(f64::INFINITY, |due| due.at);
            let alarm = self.next_alarm().filter(|(at, ..)| *at < packet);
            let now = alarm.map_or(packet, |(at, ..)| at);
            if now > until {
                return until;
            }
            if let Some((_, end, alarm)) = alarm {
                if !self.rings(now, end, alarm) {
                    return now;
                }
            } else if let Some(due) = self.due.pop() {
                self.happens(now, due.event);
            }
            if let Some(ended) = self.turn_over(now) {
                return ended;
            }
        }
    }

    fn next_alarm(&self) -> Option<(f64, End, Alarm)> {
        let of = |half: &Half, end| {
            let (at, alarm) = half.sender.timer.next()?;
            Some((at, end, alarm))
        };
        match (of(&self.host, End::Host), of(&self.peer, End::Peer)) {
            (Some(host), Some(peer)) => Some(if peer.0 < host.0 { peer } else { host }),
            (host, peer) => host.or(peer),
        }
    }

    /// A timer goes off. False if the connection ends with it.
    fn rings(&mut self, now: f64, end: End, alarm: Alarm) -> bool {
        self.look_for_route(now);
        let sender = &mut self.half(end).sender;
        if let Some(sent) = sender.alarmed(now, alarm) {
            self.transmit(now, end, &sent);
            return true;
        }
        if end == End::Host {
            self.reporter.close(now, &self.view(CLOSED));
            return false;
        }
        // The peer gave up, and nobody here hears of it.
        sender.timer.at = None;
        sender.timer.reordering = None;
        true
    }

    fn happens(&mut self, now: f64, event: Event) {
        self.look_for_route(now);
        match event {
            Event::Segment {
                to,
                number,
                emitted,
            } => self.reach(now, to, number, emitted),
            Event::Ack {
                to,
                emitted,
                duplicate,
            } => self.hear(now, to, emitted, duplicate),
            Event::Overdue(end) => {
                if self.half(end).owed > 0 {
                    self.acknowledge(now, end, false);
                }
            }
            Event::Turn(End::Host) => {
                self.say(now);
                if self.script.prompt == Prompt::Clock && self.turns > 0 {
                    self.push(now + self.script.gap, Event::Turn(End::Host));
                }
            }
            Event::Turn(End::Peer) => self.ask(now),
        }
    }

    fn view(&self, state: u8) -> View {
        View {
            received: self.inbox.received,
            out_of_order: self.inbox.out_of_order,
            ..self.host.sender.view(state)
        }
    }

    fn half(&mut self, end: End) -> &mut Half {
        match end {
            End::Host => &mut self.host,
            End::Peer => &mut self.peer,
        }
    }

    fn push(&mut self, at: f64, event: Event) {
        self.order += 1;
        let order = self.order;
        self.due.push(Due { at, order, event });
    }
}
