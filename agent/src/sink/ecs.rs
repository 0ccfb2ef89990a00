//! A line in the Elastic Common Schema, made from the line as it is published.
//!
//! What ECS has a name for stands under that name; everything else under `edgeghost`, as it was.
//! `agent/docs/ecs.md` has the table and an example.

use serde_json::{Map, Value, json};

/// The version of ECS whose names these are.
pub(super) const VERSION: &str = "8.17.0";

/// What stands atop a published line, and not under `edgeghost`.
const ENVELOPE: [&str; 9] = [
    "timestamp",
    "event",
    "severity_text",
    "severity_number",
    "message",
    "service",
    "host",
    "cloud",
    "network",
];

/// `line` in ECS, newline included; as it is where it is no event.
pub fn line(line: &[u8]) -> Vec<u8> {
    let rendered = match serde_json::from_slice(line) {
        Ok(Value::Object(event)) => serde_json::to_vec(&render(event)).ok(),
        _ => None,
    };
    match rendered {
        Some(mut bytes) => {
            bytes.push(b'\n');
            bytes
        }
        None => line.to_vec(),
    }
}

fn render(mut event: Map<String, Value>) -> Value {
    let mut envelope = Map::new();
    for name in ENVELOPE {
        if let Some(value) = event.remove(name) {
            envelope.insert(name.to_owned(), value);
        }
    }
    let mut take = |name: &str| envelope.remove(name).unwrap_or_default();
    let about = take("event");
    let name = about["name"].as_str().unwrap_or_default().to_owned();
    let state = event
        .get("incident")
        .and_then(|incident| incident["state"].as_str());
    let (kind, category, kinds) = class(&name, state);
    event.insert("run_id".to_owned(), about["run_id"].clone());
    let host = take("host");
    let mut ecs = json!({
        "@timestamp": take("timestamp"),
        "ecs": { "version": VERSION },
        "message": take("message"),
        "event": {
            "kind": kind,
            "category": category,
            "type": kinds,
            "action": name,
            "module": "edgeghost",
            "dataset": "edgeghost.events",
            "sequence": about["sequence"],
            "severity": take("severity_number"),
        },
        "log": { "level": level(&take("severity_text")) },
        "service": service(take("service")),
        "cloud": cloud(take("cloud"), &host),
        "host": with_hostname(host),
    });
    ends(&take("network"), &mut ecs);
    ecs["edgeghost"] = Value::Object(event);
    prune(&mut ecs);
    ecs
}

/// `event.kind`, `event.category` and `event.type`, of the values that ECS allows.
fn class(name: &str, state: Option<&str>) -> (&'static str, [&'static str; 1], [&'static str; 1]) {
    let (kind, category, kinds) = match (name, state) {
        ("incident", Some("opened")) => ("alert", "network", "start"),
        ("incident", Some("closed")) => ("alert", "network", "end"),
        ("incident" | "recommendation", _) => ("alert", "network", "info"),
        ("agent_start", _) => ("event", "process", "start"),
        ("agent_stop", _) => ("event", "process", "end"),
        ("config_reload", _) => ("event", "configuration", "change"),
        ("agent_health", _) => ("metric", "process", "info"),
        ("path_window" | "peer_window" | "flow_sample", _) => ("metric", "network", "info"),
        ("host_sample", _) => ("metric", "host", "info"),
        ("context" | "host_evidence", _) => ("state", "host", "info"),
        ("socket_snapshot", _) => ("state", "network", "connection"),
        ("tcp_retransmit" | "tcp_cwnd" | "witness", _) => ("event", "network", "connection"),
        _ => ("event", "network", "info"),
    };
    (kind, [category], [kinds])
}

fn level(severity: &Value) -> Value {
    severity
        .as_str()
        .map_or(Value::Null, |text| json!(text.to_ascii_lowercase()))
}

fn service(mut service: Value) -> Value {
    if service.is_object() {
        service["type"] = json!("edgeghost");
    }
    service
}

fn with_hostname(mut host: Value) -> Value {
    if let Some(name) = host.get("name").cloned() {
        host["hostname"] = name;
    }
    host
}

fn cloud(mut cloud: Value, host: &Value) -> Value {
    if let Value::Object(members) = &mut cloud {
        members.remove("platform");
        members.insert("service".to_owned(), json!({ "name": "EC2" }));
        members.insert("instance".to_owned(), json!({ "id": host["id"] }));
    }
    cloud
}

/// The two ends of a connection: the host's own is the source. A local address alone is one, too.
fn ends(network: &Value, ecs: &mut Value) {
    if network.is_null() {
        return;
    }
    let end = |name: &str| {
        let end = &network[name];
        json!({ "address": end["address"], "ip": end["address"], "port": end["port"] })
    };
    let ips: Vec<&Value> = ["local", "peer"]
        .map(|name| &network[name]["address"])
        .into_iter()
        .filter(|ip| !ip.is_null())
        .collect();
    let version = if ips
        .iter()
        .any(|ip| ip.as_str().is_some_and(|ip| ip.contains(':')))
    {
        "ipv6"
    } else {
        "ipv4"
    };
    ecs["network"] = json!({ "transport": "tcp", "type": version });
    ecs["related"] = json!({ "ip": ips });
    ecs["source"] = end("local");
    ecs["destination"] = end("peer");
}

/// Takes away what is not known, at every depth above `edgeghost`.
fn prune(ecs: &mut Value) {
    let Value::Object(members) = ecs else {
        return;
    };
    members.iter_mut().for_each(|(name, value)| {
        if name != "edgeghost" {
            prune(value);
        }
    });
    members.retain(|_, value| {
        !value.is_null() && value.as_object().is_none_or(|members| !members.is_empty())
    });
}

#[cfg(test)]
mod tests;
