//! One line that the agent wrote.

use std::time::Instant;

use serde_json::Value;

/// A line as it was read.
#[derive(Debug, Clone)]
pub struct Event {
    /// The line itself, without its newline.
    pub line: String,
    /// When it was read.
    pub at: Instant,
    /// What it says; null when it is not JSON.
    pub value: Value,
}

impl Event {
    /// Reads a line.
    pub fn new(line: String, at: Instant) -> Self {
        let value = serde_json::from_str(&line).unwrap_or_default();
        Self { line, at, value }
    }

    /// `event.name`.
    pub fn name(&self) -> &str {
        self.text("event.name")
    }

    /// The value at a dotted path; null where there is none.
    pub fn get(&self, path: &str) -> &Value {
        path.split('.').fold(&self.value, |value, key| &value[key])
    }

    /// The text at a dotted path; empty where there is none.
    pub fn text(&self, path: &str) -> &str {
        self.get(path).as_str().unwrap_or_default()
    }

    /// The count at a dotted path; 0 where there is none.
    pub fn count(&self, path: &str) -> u64 {
        self.get(path).as_u64().unwrap_or_default()
    }

    /// The number at a dotted path.
    pub fn number(&self, path: &str) -> Option<f64> {
        self.get(path).as_f64()
    }

    /// The objects of the list at a dotted path.
    pub fn list(&self, path: &str) -> &[Value] {
        self.get(path).as_array().map_or(&[], Vec::as_slice)
    }

    /// Whether it is a `name` about the local address `local`.
    pub fn is_about(&self, name: &str, local: std::net::IpAddr) -> bool {
        self.name() == name && self.text("network.local.address").parse() == Ok(local)
    }

    /// Whether it is advice that touches an address; what else there is to say of a verdict is none.
    pub fn is_advice(&self) -> bool {
        self.name() == "recommendation" && self.get("remediation.touches_address") == true
    }

    /// Whether its peer is `peer`.
    pub fn has_peer(&self, peer: std::net::IpAddr) -> bool {
        self.text("network.peer.address").parse() == Ok(peer)
    }
}
