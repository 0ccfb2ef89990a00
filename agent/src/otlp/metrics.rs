//! A status as metrics: those of the page for Prometheus, under the names from which a collector
//! makes the same ones again (OpenTelemetry, "Prometheus and `OpenMetrics` Compatibility": the unit
//! and `_total` are appended there).

use std::fmt;

use prometheus_client::registry::Unit;

use super::message::{
    Data, Gauge, KeyValue, Metric, MetricsRequest, Number, Point, Resource, ResourceMetrics,
    ScopeMetrics, Sum, Value, attribute, nanos, scope,
};
use crate::metrics::{Family, Figure, Kind, Paper, Series, own, process};
use crate::status::Status;

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`: counts since the start.
const CUMULATIVE: i32 = 2;

/// All metrics of a status.
pub(super) fn request(status: &Status) -> Result<MetricsRequest, fmt::Error> {
    let mut sheet = Metrics::new(status, "edgeghost");
    own(status, &mut sheet)?;
    let mut metrics = sheet.all;
    let mut sheet = Metrics::new(status, "process");
    process(status, &mut sheet)?;
    metrics.append(&mut sheet.all);
    Ok(MetricsRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource(status)),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(scope()),
                metrics,
            }],
        }],
    })
}

/// Metrics in the making.
struct Metrics {
    prefix: &'static str,
    start: u64,
    now: u64,
    all: Vec<Metric>,
}

impl Metrics {
    fn new(status: &Status, prefix: &'static str) -> Self {
        Self {
            prefix,
            start: nanos(status.agent.started),
            now: nanos(status.timestamp),
            all: Vec::new(),
        }
    }
}

impl Paper for Metrics {
    fn take(&mut self, family: &Family, kind: Kind, series: Series<'_>) -> fmt::Result {
        let data_points: Vec<Point> = series
            .map(|(labels, figure)| Point {
                start_time_unix_nano: self.start,
                time_unix_nano: self.now,
                value: Some(match figure {
                    Figure::Whole(count) => Number::Int(i64::try_from(count).unwrap_or(i64::MAX)),
                    Figure::Real(value) => Number::Double(value),
                }),
                attributes: labels
                    .into_iter()
                    .map(|(key, value)| attribute(key, Value::String(value)))
                    .collect(),
            })
            .collect();
        if data_points.is_empty() {
            return Ok(());
        }
        self.all.push(Metric {
            name: format!("{}.{}", self.prefix, family.name),
            description: family.help.to_owned(),
            unit: unit(family.unit.as_ref()).to_owned(),
            data: Some(match kind {
                Kind::Gauge => Data::Gauge(Gauge { data_points }),
                Kind::Counter => Data::Sum(Sum {
                    data_points,
                    aggregation_temporality: CUMULATIVE,
                    is_monotonic: true,
                }),
            }),
        });
        Ok(())
    }
}

/// By the Unified Code for Units of Measure, as OpenTelemetry has them.
fn unit(unit: Option<&Unit>) -> &str {
    match unit {
        None => "",
        Some(Unit::Seconds) => "s",
        Some(Unit::Bytes) => "By",
        // Shares, of which there is no other unit here.
        Some(_) => "1",
    }
}

/// As the envelope of the events has it.
fn resource(status: &Status) -> Resource {
    let agent = &status.agent;
    let context = status.context.as_ref();
    let of = |pick: fn(&crate::event::ContextInfo) -> Option<&String>| {
        context.and_then(pick).map(String::as_str)
    };
    let told = [
        ("service.name", Some("edgeghost")),
        ("service.version", Some(agent.version)),
        ("service.instance.id", Some(agent.run_id.as_str())),
        ("host.name", Some(agent.host_name.as_str())),
        ("host.id", of(|context| context.instance_id.as_ref())),
        ("cloud.region", of(|context| context.region.as_ref())),
        (
            "cloud.availability_zone",
            of(|context| context.availability_zone.as_ref()),
        ),
        (
            "cloud.account.id",
            of(|context| context.account_id.as_ref()),
        ),
    ];
    let attributes: Vec<KeyValue> = told
        .into_iter()
        .filter_map(|(key, value)| Some(attribute(key, Value::String(value?.to_owned()))))
        .collect();
    Resource { attributes }
}
