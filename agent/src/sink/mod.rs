//! Events on their way out: the envelope, one bounded queue, and the thread that writes.

mod output;
mod queue;
mod stream;
mod writer;

pub use output::{Output, OutputError, Reader};
pub use queue::{Queue, QueueReading};
pub use stream::Stream;
pub use writer::Writer;
