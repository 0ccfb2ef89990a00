//! A status as a page of metrics.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::sheet::{Paper, Sheet};
use super::{agent, classic, paths};
use crate::status::Status;

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `OpenMetrics` 1.0.
    OpenMetrics,
    /// The text format of Prometheus, 0.0.4: for whoever asks for nothing in particular.
    Classic,
}

impl Format {
    /// Its content type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Classic => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// The page of a status.
pub fn page(status: &Arc<Status>, format: Format) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    let paths_and_agent = registry.sub_registry_with_prefix("edgeghost");
    paths_and_agent.register_collector(Box::new(Own(Arc::clone(status))));
    let process = registry.sub_registry_with_prefix("process");
    process.register_collector(Box::new(Process(Arc::clone(status))));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(match format {
        Format::OpenMetrics => text,
        Format::Classic => classic::from_open_metrics(&text),
    })
}

/// Writes the metrics of traffic, verdicts and the agent on `paper`.
pub(crate) fn own(status: &Status, paper: &mut dyn Paper) -> fmt::Result {
    let mut sheet = Sheet(paper);
    paths::write(status, &mut sheet)?;
    agent::write(status, &mut sheet)
}

/// Writes those of the agent's process on `paper`.
pub(crate) fn process(status: &Status, paper: &mut dyn Paper) -> fmt::Result {
    agent::process(status, &mut Sheet(paper))
}

#[derive(Debug)]
struct Own(Arc<Status>);

impl Collector for Own {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        own(&self.0, &mut encoder)
    }
}

#[derive(Debug)]
struct Process(Arc<Status>);

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        process(&self.0, &mut encoder)
    }
}
