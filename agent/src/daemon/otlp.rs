//! Export of metrics to an OpenTelemetry collector, in a program that was built with it.

#[cfg(feature = "otlp")]
use std::time::Duration;

#[cfg(feature = "otlp")]
use crate::otlp::Exporter;
use crate::sink::LaneReading;
use crate::status::Latest;

use crate::config;

/// The export, if there is one.
#[derive(Default)]
pub(super) struct Export {
    #[cfg(feature = "otlp")]
    exporter: Option<Exporter>,
}

#[cfg(feature = "otlp")]
impl Export {
    /// Whether these settings ask for one.
    pub(super) fn is_wanted(otlp: &config::Otlp) -> bool {
        otlp.metrics && otlp.endpoint.0.is_some()
    }

    /// Exports what is `latest`. What cannot be had is told of in the log: the daemon runs on
    /// without.
    pub(super) fn start(otlp: &config::Otlp, latest: &Latest) -> Self {
        let site = otlp.endpoint.0.clone().filter(|_| otlp.metrics);
        let period = Duration::from_secs_f64(otlp.metrics_seconds);
        let exporter = site.and_then(|site| {
            Exporter::start(site, period, latest.clone())
                .inspect_err(|error| log::error!("no metrics are exported: {error}"))
                .ok()
        });
        Self { exporter }
    }

    /// How it fares, in the terms of outputs.
    pub(super) fn read(&self) -> Option<LaneReading> {
        self.exporter.as_ref().map(Exporter::read)
    }

    /// Exports once more, and ends.
    pub(super) fn finish(self) {
        if let Some(exporter) = self.exporter {
            exporter.finish();
        }
    }
}

/// Configurations that ask for one are refused.
#[cfg(not(feature = "otlp"))]
#[expect(clippy::unused_self, reason = "the same calls, with nothing to do")]
impl Export {
    pub(super) const fn is_wanted(_: &config::Otlp) -> bool {
        false
    }

    pub(super) fn start(_: &config::Otlp, _: &Latest) -> Self {
        Self::default()
    }

    pub(super) const fn read(&self) -> Option<LaneReading> {
        None
    }

    pub(super) const fn finish(self) {}
}
