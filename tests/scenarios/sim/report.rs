//! What the agent's kernel half would report of a flow.
//!
//! It looks when a segment arrives in state `ESTABLISHED`, before it is processed, and when one
//! is sent again, and reports if the last report is a second ago; and it reports at the end.

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
}

/// What does not change in the life of a flow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity {
    pub(crate) key: FlowKey,
    pub(crate) class: PathClass,
    /// Payload of a segment, bytes.
    pub(crate) payload: u32,
    /// The peer's receive window, segments.
    pub(crate) window: u32,
    pub(crate) control: &'static str,
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
        }
    }

    /// The handshake took so many retransmissions.
    pub(crate) fn established(&mut self, retransmitted: u32) {
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
            network: Network::of(self.identity.key.peer, self.identity.class),
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
            ca_name: padded(self.identity.control),
            received: 0,
            out_of_order: 0,
            duplicates: 0,
            reordered: 0,
            rwnd_limited_ms: 0,
            established: true,
            age_ms: None,
            known: true,
            app_limited: view.app_limited,
            closed,
        });
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

fn padded(name: &str) -> [u8; 16] {
    let mut padded = [0; 16];
    for (to, from) in padded.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    padded
}
