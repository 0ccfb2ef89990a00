//! Writing families of metrics.

use std::fmt;

use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeMetric,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// Names and values of a series' labels.
pub(super) type Labels = Vec<(&'static str, String)>;

/// What a family is.
#[derive(Debug, Clone)]
pub(super) struct Family {
    /// Without prefix, unit and `_total`.
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
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

/// A page in the making.
pub(super) struct Sheet<'a>(pub(super) DescriptorEncoder<'a>);

impl Sheet<'_> {
    /// A counter's series.
    pub(super) fn counters<V: EncodeCounterValue>(
        &mut self,
        family: &Family,
        series: impl IntoIterator<Item = (Labels, V)>,
    ) -> fmt::Result {
        let series = series.into_iter();
        self.write(
            family,
            MetricType::Counter,
            series.map(|(labels, value)| (labels, ConstCounter::new(value))),
        )
    }

    /// A gauge's series.
    pub(super) fn gauges<V: EncodeGaugeValue>(
        &mut self,
        family: &Family,
        series: impl IntoIterator<Item = (Labels, V)>,
    ) -> fmt::Result {
        let series = series.into_iter();
        self.write(
            family,
            MetricType::Gauge,
            series.map(|(labels, value)| (labels, ConstGauge::new(value))),
        )
    }

    /// A counter without labels.
    pub(super) fn counter(
        &mut self,
        family: &Family,
        value: impl EncodeCounterValue,
    ) -> fmt::Result {
        self.counters(family, [(Vec::new(), value)])
    }

    /// A gauge without labels.
    pub(super) fn gauge(&mut self, family: &Family, value: impl EncodeGaugeValue) -> fmt::Result {
        self.gauges(family, [(Vec::new(), value)])
    }

    fn write<M: EncodeMetric>(
        &mut self,
        family: &Family,
        kind: MetricType,
        series: impl Iterator<Item = (Labels, M)>,
    ) -> fmt::Result {
        let mut encoder =
            self.0
                .encode_descriptor(family.name, family.help, family.unit.as_ref(), kind)?;
        for (labels, metric) in series {
            if labels.is_empty() {
                // One family has one series without labels at most.
                return metric.encode(encoder);
            }
            metric.encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
