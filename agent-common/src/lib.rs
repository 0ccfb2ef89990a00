//! What both halves of edgeghost share: the records that travel through the ring buffer, the
//! table of kernel fields that the eBPF half reads, the counters and the limits.
//!
//! The two halves are built by different compilers for different targets, so everything here is
//! `repr(C)` with explicit padding, and every size is asserted at compile time.

#![no_std]

pub mod counters;
pub mod drops;
pub mod limits;
pub mod offsets;
pub mod record;

pub use counters::{Counter, NetnsTotals};
pub use drops::{DropCount, DropKey};
pub use limits::Settings;
pub use offsets::Offsets;
