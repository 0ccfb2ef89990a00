//! How things stand, for whoever asks the running daemon: kept by a [`Board`] that sees every event
//! on its way out, told at a Unix socket (`edgeghost status`) and as metrics ([`crate::metrics`]).
//!
//! ```text
//! events ── Board ── Status, once a second ── Latest ── Server (a thread of its own) ┬─ Unix socket
//!                                                                                    └─ HTTP
//! ```
//!
//! The daemon's loop only ever assigns the latest status; whoever asks, and however slowly, holds
//! up nobody but the server.

mod ask;
mod board;
mod document;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
mod lock;
mod peers;
#[cfg(test)]
mod sample;
mod schema;
mod serve;
mod socket;
mod table;
mod totals;

pub use ask::{AskError, ask};
pub use board::{Board, Latest};
pub use document::{
    AddressStatus, Advice, AgentStatus, Counts, OpenIncident, PathTotals, PeerTotals, SinkStatus,
    State, Status, Sums, VerdictStatus,
};
pub use lock::{Lock, LockError};
pub use peers::PeerBounds;
pub use schema::schema;
pub use serve::{Server, Sites};
pub use socket::{Socket, SocketError};
