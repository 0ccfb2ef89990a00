//! What the agent's kernel half would report of a flow.
//!
//! It looks when a segment arrives in state `ESTABLISHED`, before it is processed, and when one
//! is sent again, and reports if the last report is a second ago; and it reports at the end.

use std::net::IpAddr;

use edgeghost::flow::{FlowKey, FlowSample, Kinds};
use edgeghost::path::{Network, PathClass};

/// Moment 0 of a scenario on the clock of the samples: flows are older than the agent.
const EPOCH_S: f64 = 10_000.0;

/// Nanoseconds of the samples' clock.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "scenarios last hours, and begin after the epoch"
)]
pub(crate) fn nanos(at: f64) -> u64 {
    ((EPOCH_S + at) * 1e9) as u64
}

/// The moment of a scenario that this is.
pub(crate) fn moment(time_ns: u64) -> f64 {
    time_ns as f64 / 1e9 - EPOCH_S
}

/// Totals of a flow since it began, and its present state.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct View {
    pub(crate) sent: u64,
    pub(crate) delivered: u64,
    pub(crate) retransmitted: u64,
    pub(crate) kinds: Kinds,
    pub(crate) cwnd: u32,
    pub(crate) ssthresh: u32,
    pub(crate) srtt: f64,
    pub(crate) min_rtt: f64,
    pub(crate) in_flight: u32,
    pub(crate) state: u8,
    pub(crate) ca_state: u8,
    pub(crate) app_limited: bool,
    /// Segments that came in, again or not; and of these, how many ahead of their turn.
    pub(crate) received: u64,
    pub(crate) out_of_order: u64,
    /// Segments that the peer said it had twice.
    pub(crate) duplicates: u64,
    /// Times that own segments were seen to overtake each other.
    pub(crate) reordered: u64,
    /// Seconds that the peer's window was the limit, without the time that it is now.
    pub(crate) rwnd_limited: f64,
}

/// What does not change in the life of a flow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity {
    pub(crate) key: FlowKey,
    class: PathClass,
    network: Network,
    /// Payload of a segment, bytes.
    payload: u32,
    /// The peer's receive window, segments.
    window: u32,
    control: [u8; 16],
}

impl Identity {
    pub(crate) fn new(
        key: FlowKey,
        class: PathClass,
        (payload, window): (u32, u32),
        control: &str,
    ) -> Self {
        Self {
            key,
            class,
            network: Network::of(key.peer, class),
            payload,
            window,
            control: padded(control),
        }
    }

    /// The same with another peer of the same class.
    pub(crate) fn redirect(&mut self, peer: IpAddr) {
        self.key.peer = peer;
        self.network = Network::of(peer, self.class);
    }
}

/// The reports of one flow.
pub(crate) struct Reporter<'a> {
    identity: Identity,
    out: &'a mut Vec<FlowSample>,
    told: View,
    reported: f64,
    cwnd_min: u32,
    /// `None` for a flow older than the agent until its first report, which is a baseline.
    handshake: Option<u32>,
    known: bool,
    /// Reported before.
    heard_of: bool,
    /// When the handshake completed.
    established: Option<f64>,
}

impl<'a> Reporter<'a> {
    /// A flow that begins.
    pub(crate) fn new(identity: Identity, now: f64, out: &'a mut Vec<FlowSample>) -> Self {
        let born = now >= 0.0;
        Self {
            identity,
            out,
            told: View::default(),
            reported: now,
            cwnd_min: u32::MAX,
            handshake: born.then_some(0),
            known: born,
            heard_of: false,
            established: None,
        }
    }

    /// The handshake took so many retransmissions.
    pub(crate) fn established(&mut self, now: f64, retransmitted: u32) {
        self.established = Some(now);
        if self.known {
            self.handshake = Some(retransmitted);
        }
    }

    /// Notes the window, which can be low between two reports.
    pub(crate) fn note(&mut self, cwnd: u32) {
        self.cwnd_min = self.cwnd_min.min(cwnd);
    }

    /// Reports if a report is due.
    pub(crate) fn look(&mut self, now: f64, view: &View) {
        if now < 0.0 {
            return;
        }
        if !self.known {
            // Found in mid-life: its totals are no news.
            self.known = true;
            self.told = *view;
            self.report(now, view, false);
        } else if now - self.reported >= 1.0 {
            self.report(now, view, false);
        }
    }

    /// The last report.
    pub(crate) fn close(&mut self, now: f64, view: &View) {
        if now >= 0.0 {
            if !self.known {
                self.told = *view;
            }
            self.report(now, view, true);
        }
    }

    /// Seconds since the handshake, if the agent was there.
    fn age(&self, now: f64) -> Option<f64> {
        let since = self.established.filter(|since| *since >= 0.0)?;
        Some(now - since)
    }

    fn report(&mut self, now: f64, view: &View, closed: bool) {
        let told = &self.told;
        let payload = u64::from(self.identity.payload);
        let sent = view.sent - told.sent;
        let delivered = view.delivered - told.delivered;
        let retransmitted = view.retransmitted - told.retransmitted;
        self.out.push(FlowSample {
            time_ns: nanos(now),
            key: self.identity.key,
            class: self.identity.class,
            network: self.identity.network,
            judged: true,
            sent,
            delivered,
            retransmitted,
            kinds: Kinds {
                syn: view.kinds.syn - told.kinds.syn,
                fast: view.kinds.fast - told.kinds.fast,
                timeout: view.kinds.timeout - told.kinds.timeout,
                tail_loss_probe: view.kinds.tail_loss_probe - told.kinds.tail_loss_probe,
            },
            bytes_sent: sent * payload,
            bytes_acked: delivered * payload,
            bytes_retransmitted: retransmitted * payload,
            handshake_retransmitted: self.handshake.take().unwrap_or(0),
            snd_cwnd: view.cwnd,
            snd_cwnd_min: self.cwnd_min.min(view.cwnd),
            snd_ssthresh: view.ssthresh,
            srtt_us: micros(view.srtt),
            min_rtt_us: micros(view.min_rtt),
            packets_out: view.in_flight,
            snd_wnd: self.identity.window.saturating_mul(1_448),
            mss: 1_448,
            state: view.state,
            ca_state: view.ca_state,
            ca_name: self.identity.control,
            received: view.received - told.received,
            out_of_order: view.out_of_order - told.out_of_order,
            duplicates: view.duplicates - told.duplicates,
            reordered: view.reordered - told.reordered,
            rwnd_limited_ms: millis(view.rwnd_limited) - millis(told.rwnd_limited),
            established: self.established.is_some(),
            age_ms: self.age(now).map(millis),
            known: self.heard_of,
            app_limited: view.app_limited,
            closed,
        });
        self.heard_of = true;
        self.told = *view;
        self.reported = now;
        self.cwnd_min = u32::MAX;
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "round-trip times are positive and far below an hour"
)]
fn micros(seconds: f64) -> u32 {
    if seconds.is_finite() {
        (seconds * 1e6) as u32
    } else {
        0
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "times are positive and hours at most"
)]
fn millis(seconds: f64) -> u64 {
    (seconds * 1e3) as u64
}

fn padded(name: &str) -> [u8; 16] {
    let mut padded = [0; 16];
    for (to, from) in padded.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    padded
}
