//! The host's own state: what could be at fault before any path is.

mod sample;

pub use sample::HostSample;
