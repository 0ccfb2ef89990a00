//! The kernel half, seen from user space: loaded, attached, read. The only room that names aya.

mod cost;
mod counters;
mod drops;
mod fill;
mod object;
mod probes;
mod reader;
mod walk;

pub use cost::{ProgramCost, ProgramMissed};
pub use counters::{CounterReading, Loss, Totals};
pub use drops::DropCounts;
pub use object::{Kernel, LoadError, Options};
pub use probes::{ProbeOutcome, ProbeState, names as probe_names};
pub use reader::{Crowded, Records, RingReading};
pub use walk::FlowsReading;
