//! Events on their way out: the envelope, one bounded queue, and the thread that writes.

mod identity;
mod output;
mod queue;
mod recording;
mod stream;
mod writer;

pub use identity::{CloudIdentity, Identity};
pub use output::{Output, OutputError, Reader};
pub use queue::{Queue, QueueReading};
pub use recording::Bounds;
pub use stream::Stream;
pub use writer::Writer;
