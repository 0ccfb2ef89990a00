//! Writing families of metrics.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// Names and values of a series' labels.
pub(crate) type Labels = Vec<(&'static str, String)>;

/// What a family is.
#[derive(Debug, Clone)]
pub(crate) struct Family {
    /// Without prefix, unit and `_total`.
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) unit: Option<Unit>,
}

/// Whether a figure only ever grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
}

/// A figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Figure {
    Whole(u64),
    Real(f64),
}

/// Series of a family.
pub(crate) type Series<'a> = &'a mut dyn Iterator<Item = (Labels, Figure)>;

/// What families are written on.
pub(crate) trait Paper {
    /// Takes all of a family.
    fn take(&mut self, family: &Family, kind: Kind, series: Series<'_>) -> fmt::Result;
}

/// A family without a unit.
pub(super) const fn family(name: &'static str, help: &'static str) -> Family {
    Family {
        name,
        help,
        unit: None,
    }
}

impl Family {
    /// In seconds.
    pub(super) fn seconds(mut self) -> Self {
        self.unit = Some(Unit::Seconds);
        self
    }

    /// In bytes.
    pub(super) fn bytes(mut self) -> Self {
        self.unit = Some(Unit::Bytes);
        self
    }

    /// A share, 0 to 1.
    pub(super) fn ratio(mut self) -> Self {
        self.unit = Some(Unit::Other("ratio".to_owned()));
        self
    }
}

/// Families on their way to paper.
pub(super) struct Sheet<'a>(pub(super) &'a mut dyn Paper);

impl Sheet<'_> {
    /// A counter's series.
    pub(super) fn counters<V: Into<Figure>>(
        &mut self,
        family: &Family,
        series: impl IntoIterator<Item = (Labels, V)>,
    ) -> fmt::Result {
        self.write(family, Kind::Counter, series)
    }

    /// A gauge's series.
    pub(super) fn gauges<V: Into<Figure>>(
        &mut self,
        family: &Family,
        series: impl IntoIterator<Item = (Labels, V)>,
    ) -> fmt::Result {
        self.write(family, Kind::Gauge, series)
    }

    /// A counter without labels.
    pub(super) fn counter(&mut self, family: &Family, value: impl Into<Figure>) -> fmt::Result {
        self.counters(family, [(Vec::new(), value)])
    }

    /// A gauge without labels.
    pub(super) fn gauge(&mut self, family: &Family, value: impl Into<Figure>) -> fmt::Result {
        self.gauges(family, [(Vec::new(), value)])
    }

    fn write<V: Into<Figure>>(
        &mut self,
        family: &Family,
        kind: Kind,
        series: impl IntoIterator<Item = (Labels, V)>,
    ) -> fmt::Result {
        let mut series = series
            .into_iter()
            .map(|(labels, value)| (labels, value.into()));
        self.0.take(family, kind, &mut series)
    }
}

impl From<u32> for Figure {
    fn from(count: u32) -> Self {
        Self::Whole(count.into())
    }
}

impl From<u64> for Figure {
    fn from(count: u64) -> Self {
        Self::Whole(count)
    }
}

impl From<usize> for Figure {
    fn from(count: usize) -> Self {
        Self::Whole(count as u64)
    }
}

impl From<f64> for Figure {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

/// A page for Prometheus.
impl Paper for DescriptorEncoder<'_> {
    fn take(&mut self, family: &Family, kind: Kind, series: Series<'_>) -> fmt::Result {
        let kind_there = match kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
        };
        let unit = family.unit.as_ref();
        let mut encoder = self.encode_descriptor(family.name, family.help, unit, kind_there)?;
        for (labels, figure) in series {
            let metric = metric(kind, figure);
            if labels.is_empty() {
                // One family has one series without labels at most.
                return metric.encode(encoder);
            }
            metric.encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

fn metric(kind: Kind, figure: Figure) -> Box<dyn EncodeMetric> {
    match (kind, figure) {
        (Kind::Counter, Figure::Whole(count)) => Box::new(ConstCounter::new(count)),
        (Kind::Counter, Figure::Real(value)) => Box::new(ConstCounter::new(value)),
        (Kind::Gauge, Figure::Whole(count)) => Box::new(ConstGauge::new(count)),
        (Kind::Gauge, Figure::Real(value)) => Box::new(ConstGauge::new(value)),
    }
}
