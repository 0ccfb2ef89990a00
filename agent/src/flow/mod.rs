//! Flows: decoding what the kernel half tells, remembering each flow, summing over windows.

mod decode;
mod names;
mod sample;
mod table;
mod window;

pub use decode::{DecodeError, Record, decode};
pub use names::{ca_state, state};
#[cfg(test)]
pub(crate) use sample::quiet;
pub use sample::{FlowKey, FlowSample, Kinds, Local};
pub use table::{FlowTable, Step};
pub use window::{PathSums, PeerSums, Sums, Windows};
