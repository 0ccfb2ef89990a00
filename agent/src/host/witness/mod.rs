//! Witnesses: what the agent asks of the network itself, if it is told whom.
//!
//! One bad client is not one bad address, and a host that has only one client cannot tell. So when
//! an address is suspect, and only then, a few small TCP connections go out from it to targets on
//! other networks. Their flows are seen by the programs in the kernel as any other's, and vote as
//! their networks: nothing here speaks to the detector. Beside it, the way to a bad peer is looked
//! at hop by hop, to be shown.

mod bounds;
mod connection;
mod hops;
mod plan;
mod round;
mod target;
mod tcp_info;
mod view;

pub use bounds::{Bounds, Cost, HOP_DESTINATIONS, HOP_PACKETS, HOPS_EVERY_S};
pub use connection::{Outcome, Visit};
pub use hops::{PASSES, look};
pub use plan::{Look, Planner, Step};
pub use round::Round;
pub use target::{Talk, Target};
pub use view::{Hop, View};
