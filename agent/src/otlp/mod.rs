//! Export to an OpenTelemetry collector: OTLP/HTTP with binary protobuf (OpenTelemetry, "OTLP
//! Specification" 1.x), without encryption and without compression.
//!
//! ```text
//! incidents, recommendations ── sink::Lane (queue, spool, back-off) ── Logs ─┐
//!                                                                            ├─ request ── collector
//! Status, once a second ── Latest ── Exporter (a thread of its own) ─────────┘
//! ```

mod exporter;
mod logs;
mod message;
mod metrics;
mod request;

pub use exporter::Exporter;
pub(crate) use logs::Logs;
pub(crate) use request::is_refused;
