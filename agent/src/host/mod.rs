//! The host's own state: what could be at fault before any path is.

mod addresses;
mod detail;
mod driver;
mod drops;
mod filter;
mod finding;
mod history;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
mod link;
mod netlink;
mod proc;
mod protocol;
mod qdisc;
mod reader;
mod route;
mod sample;
pub mod sockets;
mod watch;
pub mod witness;

pub use addresses::{AddressWatch, own_netns};
pub use filter::{DropNews, DropWatch, Filtered};
pub use finding::{EXPLAINING_LEAST, EXPLAINING_SHARE, Subject, excludes_a_cause, findings};
pub use history::{History, Window};
pub use sample::HostSample;
pub use watch::HostWatch;
