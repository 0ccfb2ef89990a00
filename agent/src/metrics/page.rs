//! A status as a page of metrics.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::sheet::Sheet;
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

#[derive(Debug)]
struct Own(Arc<Status>);

impl Collector for Own {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut sheet = Sheet(encoder);
        paths::write(&self.0, &mut sheet)?;
        agent::write(&self.0, &mut sheet)
    }
}

#[derive(Debug)]
struct Process(Arc<Status>);

impl Collector for Process {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        agent::process(&self.0, &mut Sheet(encoder))
    }
}
