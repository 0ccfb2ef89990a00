//! What was decoded, counted and judged, put into published events.

mod advice;
mod agent;
mod context;
mod drops;
mod firewall;
mod host;
mod incident;
mod origin;
mod reload;
mod sample;
mod sides;
mod sockets;
mod tcp;
mod verdict;
mod window;
mod witness;

pub use agent::{StartFacts, health, netns, start, stop};
pub use context::{context, context_in_words, recorded_context, source};
pub use host::HostWitness;
pub use incident::Incidents;
pub use reload::reload;
pub use sample::{flow_sample, host_sample, recorded, recorded_host};
#[cfg(test)]
pub(crate) use sockets::a_socket;
pub use sockets::sockets;
pub use tcp::{cwnd, retransmit, syn_ack};
pub use window::{path_window, peer_window};
pub use witness::{RoundTold, hops};

use crate::event::{Event, Severity, Time};

/// An event with what the envelope says about it.
#[derive(Debug, Clone)]
pub struct Note {
    /// When it happened.
    pub time: Time,
    /// How much it matters.
    pub severity: Severity,
    /// In one sentence.
    pub message: String,
    /// What it is about.
    pub event: Event,
}

/// A ratio as a percentage for sentences.
fn percent(ratio: f64) -> String {
    format!("{:.1} %", ratio * 100.0)
}

/// A figure for publication: six significant decimals are more than it is worth.
fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
