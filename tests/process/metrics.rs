//! What is shipped for Prometheus and Grafana, held to what promtool says and to what the agent
//! tells; and the format of the metrics with labels that nobody would choose.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use edgeghost::event::{
    Event, KernelInfo, LocalOnly, PathWindow, Probe, ProbeState, RetransmitCounts, Severity, Time,
    WindowInfo,
};
use edgeghost::metrics::{Format, page};
use edgeghost::path::PathClass;
use edgeghost::publish::Note;
use edgeghost::status::{AgentStatus, Board, SinkStatus};
use edgeghost_tests::binary;
use edgeghost_tests::scrape::{expressions, promtool, sum};
use serde_json::Value;

fn rules() -> String {
    std::fs::read_to_string(binary::packaging().join("prometheus/edgeghost.rules.yml")).unwrap()
}

fn dashboard() -> Value {
    let text = std::fs::read_to_string(binary::packaging().join("grafana/edgeghost.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Worse than any real one.
const WEIRD: &str = "a\"b\\c\nd{e=\"f\"} 7";

fn traffic(local: &str, class: PathClass) -> Note {
    Note {
        time: Time::now(),
        severity: Severity::Info,
        message: String::new(),
        event: Event::PathWindow(PathWindow {
            network: LocalOnly::new(local.parse().unwrap()),
            path: WindowInfo {
                class,
                netns: 1,
                window_seconds: 10.0,
                flows: 1,
                peers: 1,
                networks: 1,
                segments_sent: 100,
                segments_delivered: 90,
                segments_retransmitted: 10,
                bytes_sent: 1_000,
                bytes_acked: 900,
                bytes_retransmitted: 100,
                retransmit_ratio: Some(0.1),
                retransmits: RetransmitCounts {
                    timeout: 10,
                    ..RetransmitCounts::default()
                },
                collapsed_flows: 0,
                snd_cwnd: None,
                srtt_us: None,
            },
        }),
    }
}

fn text(format: Format) -> String {
    let agent = AgentStatus {
        version: "0.1.0",
        pid: 1,
        run_id: "0123456789abcdef".to_owned(),
        host_name: "web3".to_owned(),
        started: Time::now(),
        kernel: KernelInfo {
            release: "6.1".to_owned(),
            machine: "x86_64".to_owned(),
            missing_fields: Vec::new(),
        },
        probes: vec![Probe {
            name: WEIRD.to_owned(),
            state: ProbeState::Attached,
            reason: None,
        }],
        config_digest: String::new(),
        config_file: None,
        recording: None,
    };
    let mut board = Board::new(agent, 8, None);
    board.note(&traffic("10.1.0.207", PathClass::Public));
    board.note(&traffic("2001:db8::7", PathClass::Public));
    let sink = SinkStatus {
        name: WEIRD.to_owned(),
        kind: "file",
        works: false,
        error: None,
        failing_seconds: None,
        written: 5,
        queued: 1,
        capacity: 2,
        spooled: 0,
        lost: [("verdict", 3)].into(),
    };
    let status = board.status(1_000_000_000, |_| true, None, vec![sink]);
    page(&Arc::new(status), format).unwrap()
}

#[test]
fn promtool_takes_metrics_with_weird_labels() {
    let page = text(Format::Classic);
    promtool(&["check", "metrics"], &binary::packaging(), &page)
        .unwrap_or_else(|e| panic!("{e}\n{page}"));
    let local = [("local_address", "2001:db8::7")];
    let sent = sum(&page, "edgeghost_segments_sent_total", &local);
    assert_eq!(sent, Some(100.0), "{page}");
    let escaped = r#"edgeghost_probe_attached{probe="a\"b\\c\nd{e=\"f\"} 7"} 1"#;
    assert!(page.lines().any(|line| line == escaped), "{page}");
}

#[test]
fn open_metrics_have_units_and_an_end() {
    let page = text(Format::OpenMetrics);
    assert!(page.ends_with("# EOF\n"), "{page}");
    for line in [
        "# TYPE edgeghost_sent_bytes counter",
        "# UNIT edgeghost_sent_bytes bytes",
        "# TYPE edgeghost_window_retransmit_ratio gauge",
    ] {
        assert!(page.lines().any(|other| other == line), "{line}: {page}");
    }
}

#[test]
fn promtool_takes_the_rules_and_their_tests() {
    let folder = binary::packaging().join("prometheus");
    let said = promtool(&["check", "rules", "edgeghost.rules.yml"], &folder, "").unwrap();
    assert!(said.contains("13 rules found"), "{said}");
    promtool(&["check", "config", "prometheus.yml"], &folder, "").unwrap();
    promtool(&["test", "rules", "edgeghost.rules.test.yml"], &folder, "").unwrap();
}

/// A rule whose test was forgotten would be held to nothing.
#[test]
fn every_alert_has_a_test() {
    let tests = binary::packaging().join("prometheus/edgeghost.rules.test.yml");
    let tests = std::fs::read_to_string(tests).unwrap();
    let rules = rules();
    let alerts: BTreeSet<&str> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert!(alerts.len() >= 10, "{alerts:?}");
    for alert in alerts {
        let fires = tests.split("alertname: ").skip(1).any(|case| {
            case.lines().next() == Some(alert) && !case.contains("exp_alerts: []")
                || case.starts_with(alert) && case.contains("exp_labels")
        });
        assert!(fires, "no test lets {alert} fire");
    }
}

#[test]
fn the_dashboards_expressions_are_promql() {
    let expressions = expressions(&dashboard());
    assert!(expressions.len() > 25, "{expressions:?}");
    let mut rules = "groups:\n- name: dashboard\n  rules:\n".to_owned();
    for (number, expression) in expressions.iter().enumerate() {
        let whole = expression
            .replace("$__rate_interval", "5m")
            .replace("$instance", ".*")
            .replace("$local_address", ".*");
        // Queries of variables are no PromQL.
        if whole.starts_with("label_values(") {
            continue;
        }
        let quoted = serde_json::to_string(&whole).unwrap();
        let _ = writeln!(rules, "  - record: dashboard:{number}\n    expr: {quoted}");
    }
    let folder = edgeghost_tests::temp::TempDir::new().unwrap();
    folder.write("dashboard.yml", &rules).unwrap();
    promtool(&["check", "rules", "dashboard.yml"], folder.path(), "")
        .unwrap_or_else(|error| panic!("{error}\n{rules}"));
}
