//! edgeghost watches every TCP connection of a host from inside the kernel, tells the public path
//! from the private one, notices when only the public one collapses, and says how to mend it.
//!
//! ```text
//!  kernel (agent-ebpf)                user space
//!  state per flow ── ring ── flow::decode ── path ── flow::table ┬─ flow::window ─┐
//!                                                                └─ detect ─ remedy ┴─ publish ── sink
//! ```
//!
//! The host's own counters and addresses (`host`) come in beside, once a second.
//!
//! A room knows only the rooms below it: `event` is plain data, `detect` has no clock and no I/O,
//! and only `bpf` names the eBPF library.

pub mod bpf;
pub mod check;
pub mod cli;
pub mod clock;
pub mod config;
pub mod configure;
pub mod daemon;
pub mod detect;
pub mod ec2;
pub mod event;
pub mod flow;
pub mod hash;
pub mod host;
#[cfg(any(test, fuzzing))]
pub mod hostile;
mod http;
pub mod kernel;
pub mod metrics;
#[cfg(feature = "otlp")]
pub mod otlp;
pub mod path;
pub mod pipeline;
pub mod privilege;
pub mod publish;
pub mod remedy;
pub mod replay;
pub mod runbook;
pub mod shown;
pub mod sink;
pub mod startup;
pub mod status;
pub mod unpack;
pub mod vitals;
