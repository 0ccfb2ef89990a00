//! The sending half of one end: what is in flight, what counts as lost, what is sent again.
//!
//! Losses are found as Linux finds them: by time against later deliveries (RACK) and by probing
//! the tail (TLP), both RFC 8985; by timeout (RFC 6298, with Linux's least of 200 ms); timeouts
//! that were none are taken back (Eifel, RFC 3522).

mod arrival;
mod loss;
mod output;

use std::collections::VecDeque;

pub(crate) use arrival::Arrival;

use super::clock::{Alarm, RoundTrip, Timer};
use super::report::View;
use super::window::Window;

/// Congestion-avoidance states, with the kernel's numbers (enum `tcp_ca_state`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open = 0,
    Disorder = 1,
    Recovery = 3,
    Loss = 4,
}

/// A segment that is not yet acknowledged in sequence.
#[derive(Debug, Clone)]
struct Segment {
    sent: f64,
    times: u32,
    /// When the other end got it.
    received: f64,
    delivered: bool,
    lost: bool,
}

/// The sending half.
#[derive(Debug)]
pub(crate) struct Sender {
    segments: VecDeque<Segment>,
    /// Number of the first of them.
    base: u64,
    /// Number that the other end waits for, and how many segments it has beyond that.
    next: u64,
    beyond: usize,
    unsent: u32,
    sacked: usize,
    lost: usize,
    /// The other end's receive window, segments.
    room: usize,
    /// Since when that is the limit.
    bound_since: Option<f64>,
    window: Window,
    /// Most in flight in the present round, and where the round ends; Linux judges by it whether
    /// the window was the limit.
    peak: (usize, u64),
    state: State,
    /// The state is left when everything below this number is delivered.
    until: u64,
    pub(super) clock: RoundTrip,
    pub(super) timer: Timer,
    /// Below this number is what a tail loss probe asked about.
    probed: Option<u64>,
    /// Most recently sent segment among those delivered: when, its number, and how long it took.
    newest: (f64, u64),
    took: f64,
    /// When something was last sent.
    last: f64,
    patient: bool,
    again: bool,
    /// Segments sent again since the last loss, less those that the other end had already: at
    /// none, the loss was none (RFC 3708).
    doubtful: Option<u32>,
    /// There is no route: nothing can be sent.
    pub(super) stuck: bool,
    refused: u32,
    totals: View,
}

impl Sender {
    pub(crate) fn new(window: Window, room: u32) -> Self {
        Self {
            segments: VecDeque::new(),
            base: 0,
            next: 0,
            beyond: 0,
            unsent: 0,
            sacked: 0,
            lost: 0,
            room: room as usize,
            bound_since: None,
            window,
            peak: (0, 0),
            state: State::Open,
            until: 0,
            clock: RoundTrip::default(),
            timer: Timer::default(),
            probed: None,
            newest: (f64::NEG_INFINITY, 0),
            took: 0.0,
            last: f64::INFINITY,
            patient: false,
            again: false,
            doubtful: None,
            stuck: false,
            refused: 0,
            totals: View::default(),
        }
    }

    /// The handshake took so many retransmissions, SYNs if this end opened the connection; it
    /// counts as one segment delivered.
    pub(crate) fn established(&mut self, retransmitted: u32, active: bool) {
        self.totals.delivered += 1;
        self.totals.retransmitted += u64::from(retransmitted);
        if active {
            self.totals.kinds.syn += u64::from(retransmitted);
        }
    }

    /// Whether anything was sent again since this was asked last.
    pub(crate) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.again)
    }

    /// How often there was no route since this was asked last.
    pub(crate) fn take_refusals(&mut self) -> u32 {
        std::mem::take(&mut self.refused)
    }

    /// More to send.
    pub(crate) fn write(&mut self, segments: u32) {
        self.unsent += segments;
    }

    /// Something waits for its turn.
    pub(crate) const fn is_held_up(&self) -> bool {
        self.unsent > 0
    }

    /// Nothing to send, and everything acknowledged.
    pub(crate) fn is_idle(&self) -> bool {
        self.unsent == 0 && self.segments.is_empty()
    }

    /// An acknowledgement of all that the other end had at `emitted`. Returns what is sent upon
    /// it.
    pub(crate) fn acknowledged(&mut self, now: f64, emitted: f64, duplicate: bool) -> Vec<u64> {
        if duplicate {
            self.note_duplicate();
        } else if self.segments.is_empty() && self.unsent == 0 {
            return Vec::new();
        }
        let limited = self.is_limited();
        let (delivered, spurious) = self.take(now, emitted);
        if self.probed.is_some_and(|probed| self.base >= probed) {
            self.probed = None;
        }
        let needless = duplicate && self.doubtful == Some(0);
        if needless || spurious && matches!(self.state, State::Recovery | State::Loss) {
            self.take_back();
        }
        if self.base >= self.until && matches!(self.state, State::Recovery | State::Loss) {
            self.window.recovered();
            self.state = State::Open;
        }
        if delivered > 0 && limited && self.state != State::Recovery {
            self.window.grow(now, self.clock.smooth(), delivered);
        }
        let entered = self.find_losses(now);
        if matches!(self.state, State::Open | State::Disorder) {
            self.state = if self.sacked > 0 {
                State::Disorder
            } else {
                State::Open
            };
        }
        if delivered > 0 {
            self.arm(now);
        }
        self.send(now, entered)
    }

    /// The timer went off. Returns what is sent upon it; `None` if the connection is given up.
    pub(crate) fn alarmed(&mut self, now: f64, alarm: Alarm) -> Option<Vec<u64>> {
        match alarm {
            Alarm::Reordering => {
                self.timer.reordering = None;
                let entered = self.find_losses(now);
                Some(self.send(now, entered))
            }
            Alarm::Probe => Some(self.probe(now).into_iter().collect()),
            Alarm::Timeout => {
                self.timer.at = None;
                if !self.clock.back_off() {
                    return None;
                }
                if !self.segments.is_empty() {
                    self.lose_all();
                }
                Some(self.send(now, false))
            }
        }
    }

    /// Totals and state.
    pub(crate) fn view(&self, state: u8) -> View {
        View {
            cwnd: self.window.allowed(),
            ssthresh: self.window.threshold(),
            srtt: self.clock.smooth(),
            min_rtt: self.clock.least(),
            in_flight: u32::try_from(self.segments.len()).unwrap_or(u32::MAX),
            state,
            ca_state: self.state as u8,
            app_limited: self.unsent == 0 && !self.is_limited(),
            ..self.totals
        }
    }

    fn end(&self) -> u64 {
        self.base + self.segments.len() as u64
    }

    fn in_flight(&self) -> usize {
        self.segments.len() - self.sacked - self.lost
    }

    fn is_limited(&self) -> bool {
        let allowed = self.window.allowed();
        let peak = self.peak.0;
        let starting = allowed < self.window.threshold();
        peak >= allowed as usize || starting && 2 * peak > allowed as usize
    }
}
