//! The host's own state: what could be at fault before any path is.

mod addresses;
mod drops;
mod filter;
mod proc;
mod protocol;
mod sample;
mod watch;
pub mod witness;

pub use addresses::{AddressWatch, own_netns};
pub use filter::{DropNews, DropWatch, Filtered};
pub use sample::HostSample;
pub use watch::HostWatch;
