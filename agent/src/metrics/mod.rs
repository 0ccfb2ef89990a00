//! How things stand as metrics, by the conventions of Prometheus (prometheus.io, "Metric and label
//! naming") and `OpenMetrics` 1.0: base units, `_total` on counters, few labels.
//!
//! Every metric is made from the same [`crate::status::Status`] that `edgeghost status` shows.
//! Counters of traffic grow when a window closes (`window.seconds`).

mod agent;
mod classic;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
mod http;
mod page;
mod paths;
mod sheet;

pub use http::answer;
pub use page::{Format, page};
#[cfg(feature = "otlp")]
pub(crate) use page::{own, process};
#[cfg(feature = "otlp")]
pub(crate) use sheet::{Family, Figure, Kind, Paper, Series};
