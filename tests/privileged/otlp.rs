//! Export to an OpenTelemetry collector, by the program that was built with it, as a service in its
//! whole sandbox.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use edgeghost_tests::agent::{Agent, Ended, Launch};
use edgeghost_tests::collector::{Collector, Got, number, points, prometheus_name, text, words};
use edgeghost_tests::config::Config;
use edgeghost_tests::event::Event;
use edgeghost_tests::pair::{Kind, Pair};
use edgeghost_tests::scrape::{free_address, scrape, sum};
use edgeghost_tests::{binary, traffic, wait};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use rustix::process::Signal;
use serde_json::Value;

use crate::confined::{as_service, folder_of_nobody};
use crate::witness::people::People;
use crate::witness::stage::{CLIENT, HOST, JUMP, Stage, WITNESSES};

const LIMIT: Duration = Duration::from_mins(1);

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`.
const CUMULATIVE: i32 = 2;

fn launch(config: Config) -> Launch {
    Launch::new()
        .binary(binary::agent_with_otlp().unwrap())
        .config(config)
        .through(&as_service())
}

fn exporting(to: SocketAddr) -> Config {
    Config::new()
        .set("window", "seconds", "1.0")
        .set("health", "seconds", "1.0")
        .set("otlp", "endpoint", &format!("\"http://{to}\""))
        .set("otlp", "metrics_seconds", "1.0")
}

/// Counters for a local address by an export: sent, sent again but for SYN-ACKs.
fn exported(got: &Got, local: &str) -> [f64; 2] {
    let of = |name: &str| -> f64 {
        let metrics = got.latest();
        let metric = metrics.iter().find(|metric| metric.name == name);
        let points = metric.map_or(&[][..], |metric| points(metric));
        points
            .iter()
            .filter(|point| text(&point.attributes, "local_address") == local)
            .filter(|point| text(&point.attributes, "kind") != "syn_ack")
            .map(number)
            .sum()
    };
    [
        of("edgeghost.segments_sent"),
        of("edgeghost.segments_retransmitted"),
    ]
}

/// The same by the page for Prometheus.
fn scraped(page: &str, local: &str) -> [f64; 2] {
    let of = |name: &str, more: &[(&str, &str)]| {
        let labels = [&[("local_address", local)], more].concat();
        sum(page, name, &labels).unwrap_or_default()
    };
    let again = "edgeghost_segments_retransmitted_total";
    [
        of("edgeghost_segments_sent_total", &[]),
        of(again, &[]) - of(again, &[("kind", "syn_ack")]),
    ]
}

#[test]
fn what_is_exported_is_what_is_scraped_under_the_same_names() {
    crate::require_root();
    let pair = Pair::new().unwrap();
    let collector = Collector::start(TcpListener::bind("127.0.0.1:0").unwrap(), &[]).unwrap();
    let page_at = free_address().unwrap();
    let config = exporting(collector.address()).set("metrics", "listen", &format!("\"{page_at}\""));
    let mut agent = launch(config).start().unwrap();
    let run = agent.started().unwrap().text("event.run_id").to_owned();
    let local = pair.near.v4.to_string();
    let (near, far) = pair.connect(Kind::V4, 7300).unwrap();
    let loss = pair.lose_outbound(20).unwrap();
    traffic::echo(&near, &far, 60, 100, LIMIT).unwrap();
    loss.lift().unwrap();
    traffic::close_in_order(near, far, LIMIT).unwrap();
    let (got, page) = wait::until("equal sums", LIMIT, || {
        agent.check_alive()?;
        let (got, page) = (collector.got(), scrape(page_at)?);
        let (one, other) = (exported(&got, &local), scraped(&page, &local));
        let enough = one[0] >= 60.0 && one[1] > 0.0;
        let equal = one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 0.5);
        Ok((enough && equal).then_some((got, page)))
    })
    .unwrap_or_else(|error| {
        let got = collector.got();
        panic!(
            "{error}: {:?} {:?}\n{}",
            exported(&got, &local),
            got.faults,
            agent.stderr()
        )
    });
    assert_eq!(got.faults, [] as [&str; 0]);
    // Series with the same names, so rules and dashboards work with either.
    let names: BTreeSet<String> = got.latest().into_iter().map(prometheus_name).collect();
    let series: BTreeSet<String> = page
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .map(str::to_owned)
        .collect();
    assert_eq!(names, series);
    assert!(names.len() > 30, "{names:?}");
    assert_described(&got, &run);
    agent.stop(Signal::TERM).unwrap().assert_clean();
    // The last word is that of the end.
    let last = collector.got();
    assert!(last.metrics.len() > got.metrics.len(), "none at the end");
}

/// Every metric tells what it is, since when and of whom.
fn assert_described(got: &Got, run: &str) {
    let [of] = got.metrics.last().unwrap().resource_metrics.as_slice() else {
        panic!("not one resource");
    };
    let resource = &of.resource.as_ref().unwrap().attributes;
    assert_eq!(text(resource, "service.name"), "edgeghost");
    assert_eq!(text(resource, "service.instance.id"), run);
    assert!(!text(resource, "host.name").is_empty(), "{resource:?}");
    for metric in got.latest() {
        assert!(!metric.description.is_empty(), "{metric:?}");
        assert!(!points(metric).is_empty(), "{metric:?}");
        if let Some(Data::Sum(sum)) = &metric.data {
            assert_eq!(sum.aggregation_temporality, CUMULATIVE, "{metric:?}");
        }
        for point in points(metric) {
            assert!(
                0 < point.start_time_unix_nano
                    && point.start_time_unix_nano <= point.time_unix_nano,
                "{metric:?}"
            );
            assert!(number(point).is_finite(), "{metric:?}");
        }
    }
}

/// A collector that is not there while a path collapses, is busy when it comes, and takes one record
/// for wrong.
#[test]
fn incidents_reach_a_collector_that_comes_late_and_is_busy() {
    crate::require_root();
    let stage = Stage::build().unwrap();
    stage.host.ip("link set lo up").unwrap();
    let to = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 4318);
    let folder = folder_of_nobody();
    let spool = folder.path().join("spool");
    let config = exporting(to)
        .set("detect", "confirm_seconds", "5.0")
        .set("detect", "hold_seconds", "2.0")
        .set("spool", "folder", &format!("\"{}\"", spool.display()));
    let people = People::default();
    let ssh = SocketAddr::new(HOST.into(), 22);
    people.server(&stage.host, ssh).unwrap();
    let mut agent = launch(config).inside(&stage.host).start().unwrap();
    for client in WITNESSES.into_iter().chain([CLIENT]) {
        people.terminal(&stage.internet, client.into(), ssh);
    }
    people.terminal(&stage.jump, JUMP.into(), ssh);
    agent
        .wait_for("the first verdict", LIMIT, |event| {
            event.is_about("verdict", HOST.into()) && event.text("verdict.name") == "healthy"
        })
        .unwrap();
    let _loss = stage.lose(30).unwrap();
    agent
        .wait_for("advice", LIMIT * 3, |event| {
            event.is_about("recommendation", HOST.into())
        })
        .unwrap();
    assert_told_of_trouble(&mut agent);
    let listener = stage.host.enter(|| TcpListener::bind(to)).unwrap().unwrap();
    let collector = Collector::start(listener, &[503, 429, 400]).unwrap();
    agent
        .wait_for("the outputs to work", LIMIT, |event| {
            event.name() == "agent_health"
                && ["otlp-logs", "otlp-metrics"].iter().all(|kind| {
                    let sink = sink(event, kind);
                    sink["state"] == "working" && sink["written"].as_u64() > Some(0)
                })
        })
        .unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    assert_delivered(&ended, &collector.got());
}

fn sink<'a>(event: &'a Event, kind: &str) -> &'a Value {
    let mut sinks = event.list("agent.sinks").iter();
    sinks
        .find(|sink| sink["kind"] == kind)
        .unwrap_or(&Value::Null)
}

fn assert_told_of_trouble(agent: &mut Agent) {
    let told = agent
        .wait_for(
            "both outputs to fail, and metrics to be lost",
            LIMIT,
            |event| {
                let fails = |kind| sink(event, kind)["state"] == "failing";
                let metrics = event.list("agent.lost").iter();
                let mut lost = metrics.filter(|lost| lost["reason"] == "metrics.not_written");
                fails("otlp-logs") && fails("otlp-metrics") && lost.next().is_some()
            },
        )
        .unwrap();
    let logs = sink(&told, "otlp-logs");
    assert_eq!(logs["path"], "http://127.0.0.1:4318/v1/logs");
    assert!(
        logs["error"].as_str().unwrap().contains("refused"),
        "{logs}"
    );
}

/// Every alert once and in order, but for the one that was refused for good.
fn assert_delivered(ended: &Ended, got: &Got) {
    ended.assert(got.faults.is_empty(), &got.faults.join("\n"));
    assert_eq!(got.refused, [503, 429, 400]);
    let alerts = ["incident", "recommendation", "socket_snapshot"];
    let told: Vec<&Event> = ended
        .events
        .iter()
        .filter(|event| alerts.contains(&event.name()))
        .collect();
    let records = got.records();
    ended.assert(
        told.len() >= 3 && records.len() + 1 == told.len(),
        &format!("{} alerts, {} records", told.len(), records.len()),
    );
    // The oldest was the one that the collector did not want.
    for (event, record) in told[1..].iter().zip(records) {
        assert_eq!(record.event_name, event.name());
        assert_eq!(record.severity_text, event.text("severity_text"));
        assert_eq!(
            u64::try_from(record.severity_number).ok(),
            Some(event.count("severity_number"))
        );
        let body = record.body.as_ref().map(words);
        assert_eq!(body, Some(event.text("message")));
        let keys: BTreeSet<String> = record.attributes.iter().map(|a| a.key.clone()).collect();
        let mut leaves = BTreeSet::new();
        collect("", &event.value, &mut leaves);
        assert_eq!(keys, leaves, "{}", event.line);
        assert!(record.time_unix_nano > 0);
    }
    let lost = ended.last().list("agent.lost").iter();
    let lost: Vec<&Value> = lost
        .filter(|lost| lost["reason"] != "metrics.not_written")
        .collect();
    let first = format!("{}.not_written", told[0].name());
    ended.assert(
        lost.iter()
            .any(|lost| lost["reason"] == *first && lost["total"] == 1),
        &format!("no loss is told: {lost:?}"),
    );
}

/// Paths of the values of an event that have no place of their own in a log record.
fn collect(path: &str, value: &Value, out: &mut BTreeSet<String>) {
    let elsewhere = [
        "timestamp",
        "severity_text",
        "severity_number",
        "message",
        "service",
        "host",
        "cloud",
    ];
    match value.as_object() {
        Some(inside) => {
            for (key, value) in inside {
                let deeper = format!("{path}.{key}");
                let deeper = deeper.trim_start_matches('.');
                if !(path.is_empty() && elsewhere.contains(&key.as_str())) {
                    collect(deeper, value, out);
                }
            }
        }
        None => drop(out.insert(path.to_owned())),
    }
}
