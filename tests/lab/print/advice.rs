//! Verdicts, incidents and recommendations in full.

use std::fmt::Write as _;
use std::time::Duration;

use edgeghost_tests::event::Event;
use serde_json::Value;

use super::{INDENT, Printer, clock, percent};

impl Printer {
    pub(super) fn verdict(&self, event: &Event, at: Duration) {
        let name = event.text("verdict.name");
        let before = event.text("verdict.previous");
        let change = if before.is_empty() {
            name.to_owned()
        } else {
            format!("{before} -> {name}")
        };
        let confidence = event.number("verdict.confidence").unwrap_or_default();
        self.say(&format!(
            "{} VERDICT  {change}, confidence {confidence:.2}",
            clock(at)
        ));
        for side in ["public", "private"] {
            self.below(side, &numbers(event.get(&format!("verdict.{side}"))));
        }
        self.pairs(
            "ruled out",
            event.list("verdict.ruled_out"),
            "cause",
            "check",
        );
    }

    pub(super) fn incident(&self, event: &Event, at: Duration) {
        let state = event.text("incident.state").to_uppercase();
        let id = event.text("incident.id");
        self.say(&format!("{} INCIDENT {state} {id}", clock(at)));
        self.below("", event.text("message"));
        self.below("onset", event.text("incident.onset"));
        self.pairs(
            "evidence",
            event.list("incident.evidence"),
            "signal",
            "finding",
        );
        self.pairs(
            "ruled out",
            event.list("incident.ruled_out"),
            "cause",
            "check",
        );
        for peer in event.list("incident.worst_peers") {
            let text = format!(
                "{} ({}): cwnd {}, {} retransmits of {} delivered",
                text(peer, "address"),
                text(peer, "class"),
                peer["snd_cwnd_min"]
                    .as_u64()
                    .map_or("-".to_owned(), |cwnd| cwnd.to_string()),
                peer["segments_retransmitted"],
                peer["segments_delivered"],
            );
            self.below("worst peer", &text);
        }
    }

    pub(super) fn recommendation(&self, event: &Event, at: Duration) {
        let confidence = event.number("remediation.confidence").unwrap_or_default();
        self.say(&format!(
            "{} RECOMMENDATION {}, confidence {confidence:.2}",
            clock(at),
            event.text("remediation.action"),
        ));
        self.below("", event.text("remediation.summary"));
        self.below("run from", event.text("remediation.run_from"));
        let names = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let unknown: Vec<String> = event
            .list("remediation.placeholders")
            .iter()
            .map(names)
            .collect();
        if !unknown.is_empty() {
            self.below("to fill in", &unknown.join(", "));
        }
        self.points("check first", event.list("remediation.preconditions"));
        self.commands("commands", event.list("remediation.commands"));
        self.points("risks", event.list("remediation.risks"));
        self.commands("rollback", event.list("remediation.rollback"));
        self.points("verification", event.list("remediation.verification"));
    }

    fn pairs(&self, label: &str, list: &[Value], key: &str, value: &str) {
        for entry in list {
            self.below(
                label,
                &format!("{} - {}", text(entry, key), text(entry, value)),
            );
        }
    }

    fn points(&self, label: &str, list: &[Value]) {
        if !list.is_empty() {
            self.below("", &format!("{label}:"));
        }
        for (number, point) in list.iter().enumerate() {
            self.below(
                "",
                &format!("{}. {}", number + 1, point.as_str().unwrap_or_default()),
            );
        }
    }

    /// Commands are never wrapped: they are there to be copied.
    fn commands(&self, label: &str, list: &[Value]) {
        if !list.is_empty() {
            self.below("", &format!("{label}:"));
        }
        for (number, command) in list.iter().enumerate() {
            let changes = command["changes"].as_bool().unwrap_or_default();
            let kind = if changes {
                "changes something"
            } else {
                "only looks"
            };
            self.below(
                "",
                &format!("{}. {} ({kind})", number + 1, text(command, "purpose")),
            );
            for line in text(command, "command").lines() {
                self.say(&format!("{:INDENT$}   $ {line}", ""));
            }
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("?")
}

/// The numbers of one side of a verdict.
fn numbers(side: &Value) -> String {
    let mut text = format!(
        "{} networks ({} bad, {} good), {} retransmitted, {} delivered, {}",
        side["networks"],
        side["networks_bad"],
        side["networks_good"],
        side["segments_retransmitted"],
        side["segments_delivered"],
        percent(side["retransmit_ratio"].as_f64()),
    );
    if let Some(cwnd) = side["snd_cwnd_p50"].as_u64() {
        // Writing to a string cannot fail.
        let _ = write!(text, ", median cwnd {cwnd}");
    }
    text
}
