//! What this kernel is and has, without asking a version number.
//!
//! Everything here is pure: bytes in, facts out. Whoever reads `/sys/kernel/btf/vmlinux` or calls
//! `uname` hands the result over.

pub mod btf;
pub mod capabilities;
pub mod drops;
pub mod jiffies;
pub mod offsets;
pub mod version;

pub use btf::{Btf, BtfError};
pub use drops::{DropReasons, NoReasons};
pub use offsets::{ResolveError, has_tracepoint, resolve};
pub use version::Release;
