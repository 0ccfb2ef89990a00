//! What the two programs say, and when it is whose turn.

use super::super::due::{End, Event};
use super::super::script::{Amount, Prompt};
use super::{ESTABLISHED, Talk};

const FIN_WAIT1: u8 = 4;
const LAST_ACK: u8 = 9;

impl Talk<'_> {
    /// This host says something.
    pub(super) fn say(&mut self, now: f64) {
        self.turns = self.turns.saturating_sub(1);
        self.speaking = true;
        self.waiting = self.script.prompt == Prompt::Need;
        let segments = self.amount(self.script.answer);
        self.host.sender.write(segments);
        if self.turns == 0 && self.script.hangs_up && !self.waiting {
            self.hang_up();
        }
        let sent = self.host.sender.send(now, false);
        self.transmit(now, End::Host, &sent);
    }

    /// The peer says something.
    pub(super) fn ask(&mut self, now: f64) {
        if self.script.prompt == Prompt::Keystroke {
            self.prompt(now, End::Peer);
            // What waits for its turn is sent in one segment.
            if self.peer.sender.is_held_up() {
                return;
            }
        }
        let segments = self.amount(self.script.ask);
        self.peer.sender.write(segments);
        let sent = self.peer.sender.send(now, false);
        self.transmit(now, End::Peer, &sent);
    }

    /// An end's program can read on.
    pub(super) fn read(&mut self, now: f64, end: End) {
        match (end, self.script.prompt) {
            (End::Host, Prompt::Keystroke) => self.say(now),
            (End::Host, Prompt::Request) if self.peer.sender.is_heard() => self.say(now),
            (End::Host, Prompt::Need) if self.peer.sender.is_heard() => self.waiting = false,
            (End::Peer, Prompt::Need) if self.waiting && self.host.sender.is_heard() => {
                self.ask(now);
            }
            _ => {}
        }
    }

    /// When everything said is acknowledged: the next turn, or the end.
    pub(super) fn turn_over(&mut self, now: f64) -> Option<f64> {
        if !self.speaking || self.waiting || !self.host.sender.is_idle() {
            return None;
        }
        if self.turns > 0 {
            self.speaking = false;
            match self.script.prompt {
                Prompt::Request => self.prompt(now, End::Peer),
                Prompt::Need => self.prompt(now, End::Host),
                Prompt::Keystroke | Prompt::Clock => {}
            }
            return None;
        }
        if self.state != ESTABLISHED {
            self.reporter.close(now, &self.view(self.state));
            return Some(now);
        }
        if self.script.hangs_up {
            self.hang_up();
        } else {
            // The peer hangs up; our answer to that has to be acknowledged too.
            self.state = LAST_ACK;
            self.host.sender.write(1);
        }
        self.look_for_route(now);
        let sent = self.host.sender.send(now, false);
        self.transmit(now, End::Host, &sent);
        None
    }

    fn hang_up(&mut self) {
        self.state = FIN_WAIT1;
        self.host.sender.write(1);
    }

    fn amount(&mut self, amount: Amount) -> u32 {
        match amount {
            Amount::Exactly(segments) => segments,
            Amount::Around(median) => self.random.segments(median, 1),
            Amount::Terminal if self.random.chance(0.9) => 1,
            Amount::Terminal => self.random.segments(3.0, 2).min(6),
        }
    }

    /// Something will bring about an end's next turn.
    pub(super) fn prompt(&mut self, now: f64, end: End) {
        let at = now + self.random.exponential(self.script.gap);
        self.push(at, Event::Turn(end));
    }
}
