//! Flows: decoding what the kernel half tells, remembering each flow, summing over windows.

mod decode;
mod names;
mod sample;
mod side_by_side;
mod table;
mod window;

pub use decode::{DecodeError, Record, decode};
pub use names::{ca_state, state};
#[cfg(test)]
pub(crate) use sample::quiet;
pub use sample::{FlowKey, FlowSample, Kinds, Local};
pub use side_by_side::{SideBySide, side_by_side};
pub use table::{FlowTable, Recent, Step};
pub use window::{PathSums, PeerSums, Sums, Windows};
