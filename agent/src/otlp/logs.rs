//! Events as log records: the message is the body, all else of the line are attributes under the
//! names that it has there.

use std::io;
use std::time::Instant;

use prost::Message as _;
use serde_json::{Map, Value as Json};

use super::message::{
    AnyValue, ArrayValue, KeyValue, KeyValueList, LogRecord, LogsRequest, Resource, ResourceLogs,
    ScopeLogs, Value, attribute, nanos, scope,
};
use super::request::{LIMIT, refused, send};
use crate::config::Site;
use crate::event::Time;

const PATH: &str = "/v1/logs";

/// What of a line is of the writer, not of the event: it is the resource (OpenTelemetry, "Resource
/// semantic conventions").
const OF_RESOURCE: [&str; 3] = ["service", "host", "cloud"];

/// What of a line has a place of its own in a log record.
const OF_RECORD: [&str; 4] = ["timestamp", "severity_text", "severity_number", "message"];

/// A collector that takes log records.
#[derive(Debug)]
pub(crate) struct Logs(Site);

impl Logs {
    /// The collector at `site`.
    pub(crate) const fn new(site: Site) -> Self {
        Self(site)
    }

    /// Sends the event of a line.
    pub(crate) fn write(&self, line: &[u8]) -> io::Result<()> {
        let body = request(line)?.encode_to_vec();
        send(&self.0, PATH, &body, Instant::now() + LIMIT)
    }
}

fn request(line: &[u8]) -> io::Result<LogsRequest> {
    let line: Map<String, Json> =
        serde_json::from_slice(line).map_err(|error| refused(&error.to_string()))?;
    Ok(LogsRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(resource(&line)),
            scope_logs: vec![ScopeLogs {
                scope: Some(scope()),
                log_records: vec![record(&line)],
            }],
        }],
    })
}

fn record(line: &Map<String, Json>) -> LogRecord {
    let text = |key: &str| line.get(key).and_then(Json::as_str).unwrap_or_default();
    let time = text("timestamp").parse().map_or(0, nanos);
    let severity = line.get("severity_number").and_then(Json::as_i64);
    let name = line.get("event").and_then(|event| event.get("name"));
    let mut attributes = Vec::new();
    for (key, value) in line {
        if ![&OF_RESOURCE[..], &OF_RECORD]
            .concat()
            .contains(&key.as_str())
        {
            flatten(key, value, &mut attributes);
        }
    }
    LogRecord {
        time_unix_nano: time,
        severity_number: severity.and_then(|n| n.try_into().ok()).unwrap_or(0),
        severity_text: text("severity_text").to_owned(),
        body: Some(AnyValue {
            value: Some(Value::String(text("message").to_owned())),
        }),
        attributes,
        observed_time_unix_nano: nanos(Time::now()),
        event_name: name.and_then(Json::as_str).unwrap_or_default().to_owned(),
    }
}

fn resource(line: &Map<String, Json>) -> Resource {
    let mut attributes = Vec::new();
    for key in OF_RESOURCE {
        if let Some(value) = line.get(key) {
            flatten(key, value, &mut attributes);
        }
    }
    let run = line.get("event").and_then(|event| event.get("run_id"));
    if let Some(run) = run.and_then(Json::as_str) {
        let value = Value::String(run.to_owned());
        attributes.push(attribute("service.instance.id", value));
    }
    Resource { attributes }
}

/// An attribute for each value within objects, by its dotted path; lists stay whole.
fn flatten(path: &str, value: &Json, out: &mut Vec<KeyValue>) {
    match value {
        Json::Object(inside) => {
            for (key, value) in inside {
                flatten(&format!("{path}.{key}"), value, out);
            }
        }
        other => out.extend(any(other).map(|value| attribute(path, value))),
    }
}

/// A value as OTLP has it; nothing for null.
fn any(value: &Json) -> Option<Value> {
    let wrapped = |value: &Json| any(value).map(|value| AnyValue { value: Some(value) });
    Some(match value {
        Json::Null => return None,
        Json::Bool(is) => Value::Bool(*is),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Double(number.as_f64()?),
        },
        Json::String(text) => Value::String(text.clone()),
        Json::Array(list) => Value::Array(ArrayValue {
            values: list.iter().filter_map(wrapped).collect(),
        }),
        Json::Object(inside) => {
            let pairs = inside.iter().filter_map(|(key, value)| {
                let value = wrapped(value)?;
                Some(KeyValue {
                    key: key.clone(),
                    value: Some(value),
                })
            });
            Value::Object(KeyValueList {
                values: pairs.collect(),
            })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::request::is_refused;
    use super::*;

    const LINE: &[u8] = br#"{"timestamp":"1970-01-01T00:00:01.000000002Z","schema_version":"1.0",
        "event":{"name":"incident","sequence":7,"run_id":"ab"},"severity_text":"ERROR",
        "severity_number":17,"message":"bad","service":{"name":"edgeghost","version":"1"},
        "host":{"name":"web3","id":"i-1"},"cloud":{"provider":"aws","account":{"id":"1"}},
        "incident":{"id":"eg-1","confidence":0.5,"told":true,"netns":4026531840,
        "peers":[{"address":"192.0.2.1","segments":3}]}}"#;

    fn shown(pairs: &[KeyValue]) -> Vec<String> {
        let mut shown: Vec<String> = pairs
            .iter()
            .map(|pair| match pair.value.clone().unwrap().value.unwrap() {
                Value::String(text) => format!("{}={text}", pair.key),
                Value::Int(whole) => format!("{}={whole}", pair.key),
                Value::Double(real) => format!("{}={real:?}", pair.key),
                Value::Bool(is) => format!("{}={is}", pair.key),
                Value::Object(inside) => format!("{}={:?}", pair.key, shown(&inside.values)),
                Value::Array(list) => {
                    let list = list.values.into_iter().map(|value| KeyValue {
                        key: String::new(),
                        value: Some(value),
                    });
                    format!("{}={:?}", pair.key, shown(&list.collect::<Vec<_>>()))
                }
            })
            .collect();
        shown.sort();
        shown
    }

    #[test]
    fn nothing_of_an_event_is_left_out() {
        let request = request(LINE).unwrap();
        let [of] = request.resource_logs.as_slice() else {
            panic!("{request:?}");
        };
        assert_eq!(
            shown(&of.resource.as_ref().unwrap().attributes),
            [
                "cloud.account.id=1",
                "cloud.provider=aws",
                "host.id=i-1",
                "host.name=web3",
                "service.instance.id=ab",
                "service.name=edgeghost",
                "service.version=1"
            ]
        );
        let record = &of.scope_logs[0].log_records[0];
        assert_eq!(record.time_unix_nano, 1_000_000_002);
        assert_eq!(
            (record.severity_number, &*record.severity_text),
            (17, "ERROR")
        );
        assert_eq!(record.event_name, "incident");
        assert_eq!(
            record.body.as_ref().unwrap().value,
            Some(Value::String("bad".to_owned()))
        );
        let peers = r#"incident.peers=["=[\"address=192.0.2.1\", \"segments=3\"]"]"#;
        assert_eq!(
            shown(&record.attributes),
            [
                "event.name=incident",
                "event.run_id=ab",
                "event.sequence=7",
                "incident.confidence=0.5",
                "incident.id=eg-1",
                "incident.netns=4026531840",
                peers,
                "incident.told=true",
                "schema_version=1.0"
            ]
        );
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        for line in [&b"[1]"[..], b"{"] {
            assert!(is_refused(&request(line).unwrap_err()), "never tried again");
        }
    }
}
