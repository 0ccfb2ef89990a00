//! Events on their way out: the envelope, and for each output a bounded queue and a thread.
//!
//! ```text
//!  Stream ── Sinks ┬─ Lane: queue ─ thread ─ Output (standard output, file, socket)
//!                  └─ Lane: …          └─ spool, for alerts that the output cannot take
//! ```

mod ecs;
mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
mod identity;
mod lane;
mod lines;
mod output;
mod queue;
mod recording;
mod rest;
mod rotate;
mod set;
mod settings;
mod socket;
mod spool;
mod status;
mod stream;
mod writer;

pub use ecs::line as ecs;
pub use identity::{CloudIdentity, Identity};
pub use output::{OutputError, Reader, record};
pub use queue::{Queue, QueueReading};
pub use recording::Bounds;
pub use rotate::numbered;
pub use set::{Opened, Sinks, SpoolSettings, Writers, open};
pub use settings::{Format, Rotation, Settings, Target, Wanted};
pub use status::LaneReading;
pub use stream::Stream;
pub use writer::Writer;
