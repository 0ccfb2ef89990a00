//! The sending half of a connection: what is in flight, what counts as lost, what is sent again.
//!
//! Losses are found as Linux finds them: by time against later deliveries (RACK) and by probing
//! the tail (TLP), both RFC 8985; by timeout (RFC 6298, with Linux's least of 200 ms); timeouts
//! that were none are taken back (Eifel, RFC 3522).

mod loss;

use std::collections::VecDeque;

use edgeghost::flow::Kinds;

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
    /// When the peer got it.
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
    unsent: u32,
    sacked: usize,
    lost: usize,
    /// The peer's receive window, segments.
    room: usize,
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
    /// Most recently sent segment among those delivered: when, and how long it took.
    newest: (f64, f64),
    reordered: bool,
    again: bool,
    /// Segments sent again since the last loss, less those that the peer had already: at none,
    /// the loss was none (RFC 3708).
    doubtful: Option<u32>,
    totals: View,
}

impl Sender {
    pub(crate) fn new(window: Window, room: u32) -> Self {
        Self {
            segments: VecDeque::new(),
            base: 0,
            unsent: 0,
            sacked: 0,
            lost: 0,
            room: room as usize,
            window,
            peak: (0, 0),
            state: State::Open,
            until: 0,
            clock: RoundTrip::default(),
            timer: Timer::default(),
            probed: None,
            newest: (f64::NEG_INFINITY, 0.0),
            reordered: false,
            again: false,
            doubtful: None,
            totals: View::default(),
        }
    }

    /// The handshake took so many retransmissions, SYNs if this host opened the connection; it
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

    /// More to send.
    pub(crate) fn write(&mut self, segments: u32) {
        self.unsent += segments;
    }

    /// Nothing to send, and everything acknowledged.
    pub(crate) fn is_idle(&self) -> bool {
        self.unsent == 0 && self.segments.is_empty()
    }

    /// The segment came in at the peer. Whether it was new there, and in order.
    pub(crate) fn arrived(&mut self, now: f64, number: u64) -> Arrival {
        let before = self.segments.iter().position(|s| s.received > now);
        let expected = before.map_or(self.base + self.segments.len() as u64, |n| {
            self.base + n as u64
        });
        let index = number.checked_sub(self.base);
        let segment = index
            .and_then(|index| usize::try_from(index).ok())
            .and_then(|index| self.segments.get_mut(index));
        match segment {
            Some(segment) if segment.received > now => {
                segment.received = now;
                let gaps = self.segments.iter().any(|s| s.received > now);
                let in_order = number == expected && !(gaps && self.sacked > 0);
                Arrival::New { in_order }
            }
            _ => Arrival::Duplicate,
        }
    }

    /// What may be sent now, as numbers of segments, each with a note of it taken here.
    pub(crate) fn send(&mut self, now: f64, force: bool) -> Vec<u64> {
        let mut sent = Vec::new();
        let mut force = force;
        while force || self.in_flight() < self.window.allowed() as usize {
            force = false;
            if self.lost > 0 {
                let Some(index) = self.segments.iter().position(|segment| segment.lost) else {
                    break;
                };
                sent.push(self.send_again(now, index));
            } else if self.unsent > 0 && self.segments.len() < self.room {
                sent.push(self.send_new(now));
            } else {
                break;
            }
        }
        let in_flight = self.in_flight();
        if self.base >= self.peak.1 || in_flight > self.peak.0 {
            self.peak = (in_flight, self.end());
        }
        if !sent.is_empty() && self.timer.at.is_none() {
            self.arm(now);
        }
        sent
    }

    /// An acknowledgement of all that the peer had at `emitted`. Returns what is sent upon it.
    pub(crate) fn acknowledged(&mut self, now: f64, emitted: f64, duplicate: bool) -> Vec<u64> {
        let limited = self.is_limited();
        let (delivered, spurious) = self.take(now, emitted);
        // A duplicate arrival widens the wait for late segments (RFC 8985, 6.2).
        self.reordered |= duplicate && self.probed.is_none();
        if self.probed.is_some_and(|probed| self.base >= probed) {
            self.probed = None;
        }
        if duplicate {
            self.doubtful = self.doubtful.map(|segments| segments.saturating_sub(1));
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
            Alarm::Probe => Some(vec![self.probe(now)]),
            Alarm::Timeout => {
                self.timer.at = None;
                if !self.clock.back_off() {
                    return None;
                }
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

    fn probe(&mut self, now: f64) -> u64 {
        self.probed = Some(self.end());
        let last = self.segments.iter().rposition(|s| !s.delivered);
        let number = if self.unsent > 0 && self.segments.len() < self.room {
            self.send_new(now)
        } else {
            self.send_again(now, last.unwrap_or(0))
        };
        self.timer.at = Some((now + self.clock.timeout(), Alarm::Timeout));
        number
    }

    fn arm(&mut self, now: f64) {
        if self.segments.is_empty() {
            self.timer.at = None;
            return;
        }
        let timeout = self.clock.timeout();
        let probe = self.clock.probe(self.segments.len());
        let probes = self.state == State::Open && self.sacked == 0 && self.probed.is_none();
        self.timer.at = Some(if probes && probe < timeout {
            (now + probe, Alarm::Probe)
        } else {
            (now + timeout, Alarm::Timeout)
        });
    }
}

/// What a segment was to the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Not had before.
    New {
        /// Nothing is missing before it.
        in_order: bool,
    },
    /// Had before.
    Duplicate,
}
