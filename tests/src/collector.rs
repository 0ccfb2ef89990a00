//! A collector of OpenTelemetry for tests: takes OTLP over HTTP, and reads it with the types that
//! OpenTelemetry generates from its own definitions.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, metric, number_data_point};
use prost::Message as _;

/// Between two looks at whether it is over.
const STEP: Duration = Duration::from_millis(5);

/// A request is read within this.
const LIMIT: Duration = Duration::from_secs(20);

/// Requests are not longer than this, bytes.
const MOST: usize = 16 << 20;

/// A running collector; dropping it ends it.
#[derive(Debug)]
pub struct Collector {
    shared: Arc<Shared>,
    at: SocketAddr,
}

#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    state: Mutex<Got>,
}

/// What came so far.
#[derive(Debug, Clone, Default)]
pub struct Got {
    /// Requests for metrics that were taken.
    pub metrics: Vec<ExportMetricsServiceRequest>,
    /// Requests for logs that were taken.
    pub logs: Vec<ExportLogsServiceRequest>,
    /// Requests that were not taken, by what they were answered with.
    pub refused: Vec<u16>,
    /// What no collector would take.
    pub faults: Vec<String>,
    /// Answers to come; 200 once there are none left.
    answers: Vec<u16>,
}

impl Collector {
    /// Begins to take what comes to `listener`; the first requests for logs get these answers.
    pub fn start(listener: TcpListener, answers: &[u16]) -> Result<Self> {
        listener.set_nonblocking(true)?;
        let at = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        shared.lock().answers = answers.iter().rev().copied().collect();
        let server = Arc::clone(&shared);
        std::thread::spawn(move || {
            while !server.over.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => server.serve(stream),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        std::thread::sleep(STEP);
                    }
                    Err(_) => return,
                }
            }
        });
        Ok(Self { shared, at })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.at
    }

    /// What came so far.
    pub fn got(&self) -> Got {
        self.shared.lock().clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Got> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever sent it may have gone away meanwhile.
    fn serve(&self, mut stream: TcpStream) {
        let code = match read(&mut stream).and_then(|(head, body)| self.take(&head, &body)) {
            Ok(code) => code,
            Err(error) => {
                self.lock().faults.push(format!("{error:#}"));
                400
            }
        };
        let head = "Content-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
        drop(stream.write_all(format!("HTTP/1.0 {code} x\r\n{head}").as_bytes()));
    }

    fn take(&self, head: &str, body: &[u8]) -> Result<u16> {
        if !head.contains("\r\nContent-Type: application/x-protobuf") {
            bail!("no protobuf: {head}");
        }
        let mut got = self.lock();
        match head.split(' ').nth(1) {
            Some("/v1/metrics") => got.metrics.push(ExportMetricsServiceRequest::decode(body)?),
            Some("/v1/logs") => {
                let request = ExportLogsServiceRequest::decode(body)?;
                if let Some(code) = got.answers.pop().filter(|code| *code != 200) {
                    got.refused.push(code);
                    return Ok(code);
                }
                got.logs.push(request);
            }
            other => bail!("nobody takes {other:?}"),
        }
        Ok(200)
    }
}

fn read(stream: &mut TcpStream) -> Result<(String, Vec<u8>)> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(LIMIT))?;
    let mut bytes = Vec::new();
    let mut some = vec![0_u8; 65_536];
    let mut more = |bytes: &mut Vec<u8>| -> Result<()> {
        match stream.read(&mut some)? {
            0 => bail!("it ends early: {}", String::from_utf8_lossy(bytes)),
            read if bytes.len() < MOST => bytes.extend_from_slice(&some[..read]),
            _ => bail!("it is longer than {MOST} bytes"),
        }
        Ok(())
    };
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        more(&mut bytes)?;
    };
    let head = String::from_utf8(bytes[..end].to_vec())?;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .context("no length")?;
    let length: usize = length.parse()?;
    while bytes.len() < end + 4 + length {
        more(&mut bytes)?;
    }
    Ok((head, bytes.split_off(end + 4)))
}

impl Got {
    /// All log records.
    pub fn records(&self) -> Vec<&LogRecord> {
        self.logs
            .iter()
            .flat_map(|request| &request.resource_logs)
            .flat_map(|resource| &resource.scope_logs)
            .flat_map(|scope| &scope.log_records)
            .collect()
    }

    /// The metrics of the latest export.
    pub fn latest(&self) -> Vec<&Metric> {
        self.metrics
            .last()
            .iter()
            .flat_map(|request| &request.resource_metrics)
            .flat_map(|resource| &resource.scope_metrics)
            .flat_map(|scope| &scope.metrics)
            .collect()
    }
}

/// The points of a metric.
pub fn points(metric: &Metric) -> &[NumberDataPoint] {
    match &metric.data {
        Some(metric::Data::Sum(sum)) => &sum.data_points,
        Some(metric::Data::Gauge(gauge)) => &gauge.data_points,
        _ => &[],
    }
}

/// The number of a point.
pub fn number(point: &NumberDataPoint) -> f64 {
    match point.value {
        Some(number_data_point::Value::AsDouble(real)) => real,
        Some(number_data_point::Value::AsInt(whole)) => whole as f64,
        None => f64::NAN,
    }
}

/// The text of an attribute; empty where there is none.
pub fn text<'a>(attributes: &'a [KeyValue], key: &str) -> &'a str {
    let pair = attributes.iter().find(|pair| pair.key == key);
    pair.and_then(|pair| pair.value.as_ref()).map_or("", words)
}

/// The text of a value; empty where it is none.
pub fn words(value: &AnyValue) -> &str {
    match &value.value {
        Some(Value::StringValue(text)) => text,
        _ => "",
    }
}

/// The name that the exporters of OpenTelemetry give a metric for Prometheus: dots become
/// underscores, the unit is appended, and `_total` to what only grows.
pub fn prometheus_name(metric: &Metric) -> String {
    let unit = match metric.unit.as_str() {
        "" => "",
        "s" => "_seconds",
        "By" => "_bytes",
        "1" => "_ratio",
        other => return format!("the unit {other} is not known"),
    };
    let total = match &metric.data {
        Some(metric::Data::Sum(sum)) if sum.is_monotonic => "_total",
        _ => "",
    };
    format!("{}{unit}{total}", metric.name.replace('.', "_"))
}
