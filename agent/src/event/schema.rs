//! The JSON Schema of the event stream, generated from the types.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{
    AgentHealth, AgentStart, AgentStop, ConfigReload, Context, FlowSample, Hops, HostEvidence,
    HostSample, Incident, Line, PathWindow, PeerWindow, Recommendation, SCHEMA_VERSION,
    SocketSnapshot, TcpCwnd, TcpRetransmit, Verdict, Witness,
};

/// The schema: one alternative per event, told apart by `event.name`.
pub fn document() -> Value {
    let mut generator = generator();
    let alternatives = [
        line::<AgentStart>(&mut generator, "agent_start"),
        line::<AgentStop>(&mut generator, "agent_stop"),
        line::<AgentHealth>(&mut generator, "agent_health"),
        line::<ConfigReload>(&mut generator, "config_reload"),
        line::<TcpRetransmit>(&mut generator, "tcp_retransmit"),
        line::<TcpCwnd>(&mut generator, "tcp_cwnd"),
        line::<PathWindow>(&mut generator, "path_window"),
        line::<PeerWindow>(&mut generator, "peer_window"),
        line::<Verdict>(&mut generator, "verdict"),
        line::<Incident>(&mut generator, "incident"),
        line::<HostEvidence>(&mut generator, "host_evidence"),
        line::<Recommendation>(&mut generator, "recommendation"),
        line::<FlowSample>(&mut generator, "flow_sample"),
        line::<HostSample>(&mut generator, "host_sample"),
        line::<Context>(&mut generator, "context"),
        line::<SocketSnapshot>(&mut generator, "socket_snapshot"),
        line::<Witness>(&mut generator, "witness"),
        line::<Hops>(&mut generator, "hops"),
    ];
    let definitions: Map<String, Value> = generator.take_definitions(true);
    let mut document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "edgeghost event",
        "description": "One line of the edgeghost event stream.",
        "x-schema-version": SCHEMA_VERSION,
        "oneOf": alternatives,
        "$defs": definitions,
    });
    forbid_null(&mut document);
    document
}

/// Something that writes down how a type looks once it is JSON.
pub(crate) fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .with(|settings| settings.contract = schemars::generate::Contract::Serialize)
        .into_generator()
}

/// What is not known is absent, never null: takes back the `null` that schemars allows for every
/// `Option`.
pub(crate) fn forbid_null(schema: &mut Value) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    forbid_null_alternative(schema);
    match schema {
        Value::Object(members) => members.values_mut().for_each(forbid_null),
        Value::Array(items) => items.iter_mut().for_each(forbid_null),
        _ => {}
    }
}

/// The alternative of the event called `name`, whose body is a `B`.
fn line<B: JsonSchema>(generator: &mut SchemaGenerator, name: &str) -> Value {
    let mut schema = Line::<'static, B>::json_schema(generator).to_value();
    schema["title"] = json!(name);
    if let Some(event) = schema.pointer_mut("/properties/event") {
        *event = json!({
            "allOf": [event.clone()],
            "properties": { "name": { "const": name } },
        });
    }
    schema
}

/// Of the alternatives "something" and "null", leaves the first in the schema's place.
fn forbid_null_alternative(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let Some(Value::Array(alternatives)) = object.get_mut("anyOf") else {
        return;
    };
    alternatives.retain(|alternative| *alternative != json!({ "type": "null" }));
    if let [Value::Object(only)] = alternatives.as_slice() {
        let only = only.clone();
        object.remove("anyOf");
        object.extend(only);
    }
}
