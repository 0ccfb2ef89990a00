//! What people looked at by hand in the incident, a row each, out of the agent's events.

use edgeghost_tests::event::Event;
use serde_json::{Value, json};

/// Rows that the host's own evidence fills, with the checks behind each.
const HOST: [(&str, &[&str]); 9] = [
    ("network card", &["nic_driver_counters"]),
    ("driver resets", &["driver_resets"]),
    ("network allowances", &["allowances", "conntrack_allowance"]),
    ("interface", &["interface_errors", "interface_drops"]),
    ("carrier", &["carrier"]),
    ("queues", &["queue_drops", "local_drops", "host_queues"]),
    ("routes", &["default_route", "peer_route", "no_route"]),
    ("firewall", &["firewall", "retransmissions_failed"]),
    (
        "kernel's TCP counters",
        &[
            "tcp_retransmissions",
            "tcp_timeouts",
            "lost_retransmits",
            "fast_retransmits",
            "sack_recovery_failures",
            "spurious_timeouts",
        ],
    ),
];

/// Rows that the sockets fill.
const SOCKETS: [(&str, &str); 2] = [
    ("worst public socket", "sockets.public"),
    ("best private socket", "sockets.private"),
];

/// The whole table.
#[derive(Debug, Clone)]
pub(crate) struct Diagnosis {
    /// In the order that people look in.
    pub(crate) rows: Vec<Row>,
}

/// One thing looked at.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// From 1 on.
    pub(crate) number: usize,
    /// What.
    pub(crate) name: &'static str,
    /// `clean`, `fault`, `noteworthy`, `unknown` or `seen`; `missing` if the agent said nothing.
    pub(crate) state: String,
    /// What was found.
    pub(crate) lines: Vec<String>,
}

impl Diagnosis {
    /// Out of the latest events of each kind.
    pub(crate) fn of(evidence: Option<&Event>, sockets: Option<&Event>) -> Self {
        let host = HOST
            .iter()
            .map(|(name, checks)| (*name, host(evidence, checks)));
        let pairs = SOCKETS.iter().map(|(name, side)| {
            let first = sockets.and_then(|event| event.list(side).first());
            let found = first.map(|figures| ("seen".to_owned(), vec![socket(figures)]));
            (*name, found)
        });
        let rows = host.chain(pairs).enumerate().map(|(index, (name, found))| {
            let (state, lines) = found.unwrap_or_else(|| ("missing".to_owned(), Vec::new()));
            Row {
                number: index + 1,
                name,
                state,
                lines,
            }
        });
        Self {
            rows: rows.collect(),
        }
    }

    /// Why it is not what a collapse of the public path alone looks like from the host.
    pub(crate) fn fault(&self) -> Option<String> {
        let wrong = |row: &&Row| row.state == "missing" || row.state == "fault";
        let row = self.rows.iter().find(wrong)?;
        Some(format!("diagnosis: {} is {}", row.name, row.state))
    }

    /// For machines.
    pub(crate) fn to_json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            json!({ "row": row.number, "name": row.name, "state": row.state, "found": row.lines })
        });
        rows.collect()
    }
}

/// The gravest state of some checks, and a line for each.
fn host(evidence: Option<&Event>, checks: &[&str]) -> Option<(String, Vec<String>)> {
    let findings = evidence?.list("host_evidence.findings");
    let found: Vec<&Value> = checks
        .iter()
        .filter_map(|check| findings.iter().find(|finding| finding["check"] == *check))
        .collect();
    let graver = ["fault", "noteworthy", "clean", "unknown"];
    let state = graver
        .into_iter()
        .find(|state| found.iter().any(|finding| finding["state"] == *state))?;
    let lines = found.iter().map(|finding| {
        let text = |key: &str| finding[key].as_str().unwrap_or("?");
        format!("{}: {} ({})", text("check"), text("value"), text("meaning"))
    });
    Some((state.to_owned(), lines.collect()))
}

/// One socket in a line.
fn socket(figures: &Value) -> String {
    let text = |key: &str| figures[key].as_str().unwrap_or("-").to_owned();
    let number = |key: &str| {
        figures[key]
            .as_u64()
            .map_or("-".to_owned(), |n| n.to_string())
    };
    format!(
        "{}:{} cwnd {}, ssthresh {}, {} retransmissions, {} bytes sent again, {} acknowledged, \
         round trip {} us, {}",
        figures["peer"]["address"].as_str().unwrap_or("?"),
        figures["peer"]["port"],
        number("snd_cwnd"),
        number("snd_ssthresh"),
        number("total_retrans"),
        number("bytes_retrans"),
        number("bytes_acked"),
        number("srtt_us"),
        text("congestion_control"),
    )
}
