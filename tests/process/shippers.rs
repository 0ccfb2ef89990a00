//! What lies under `packaging/` for programs that ship logs: rsyslog for real, the others by form.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use edgeghost_tests::temp::TempDir;
use edgeghost_tests::{binary, tool, wait};
use serde_json::Value;

use crate::call::agent;

const LIMIT: Duration = Duration::from_mins(1);

/// Where the packages put events.
const EVENTS: &str = "/var/log/edgeghost/events.ndjson";

fn shipped(name: &str) -> String {
    let path = binary::packaging().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Verdicts, incidents and recommendations of a recorded collapse.
fn stream() -> Vec<String> {
    let recording = binary::fixtures().join("recordings/lab.gz");
    let outcome = agent(&["replay", recording.to_str().unwrap()]);
    outcome.expect_code(0);
    outcome
        .stdout
        .lines()
        .map(|line| format!("{line}\n"))
        .collect()
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

/// The real rsyslogd with what is shipped for it, ended with the test.
struct Rsyslog {
    child: Child,
    folder: TempDir,
}

impl Rsyslog {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        let text = shipped("rsyslog/edgeghost.conf");
        let ours = text
            .replace(EVENTS, at("events.ndjson").to_str().unwrap())
            .replace(
                "/var/log/edgeghost-alerts.log",
                at("alerts").to_str().unwrap(),
            );
        assert!(ours != text && !ours.contains("\"/var/"), "{ours}");
        let ours = folder.write("edgeghost.conf", &ours).unwrap();
        let outer = format!(
            "global(workDirectory=\"{}\")\ninclude(file=\"{}\")\n",
            folder.path().display(),
            ours.display()
        );
        let outer = folder.write("rsyslog.conf", &outer).unwrap();
        let outer = outer.to_str().unwrap();
        tool::run("rsyslogd", &["-N1", "-f", outer]).unwrap();
        let pid = at("pid");
        let log = std::fs::File::create(at("log")).unwrap();
        let child = tool::command("rsyslogd")
            .args(["-n", "-i", pid.to_str().unwrap(), "-f", outer])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, folder }
    }

    fn events(&self) -> PathBuf {
        self.folder.path().join("events.ndjson")
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn append(path: &Path, lines: &[String]) {
    let mut options = std::fs::File::options();
    let mut file = options.append(true).create(true).open(path).unwrap();
    file.write_all(lines.concat().as_bytes()).unwrap();
}

#[test]
fn rsyslog_picks_up_alerts_also_after_a_torn_line_and_from_the_next_file() {
    let stream = stream();
    let alerts: Vec<Value> = stream
        .iter()
        .map(|line| parsed(line))
        .filter(|event| {
            ["incident", "recommendation"].contains(&event["event"]["name"].as_str().unwrap())
        })
        .collect();
    assert!(alerts.len() >= 3, "{alerts:#?}");
    let rsyslog = Rsyslog::start();
    let (first, second) = stream.split_at(stream.len() / 2);
    append(&rsyslog.events(), first);
    // As a kill leaves it, and the next start ends it.
    append(
        &rsyslog.events(),
        &["{\"timestamp\":\"2026-11-2".to_owned()],
    );
    append(&rsyslog.events(), &["\n".to_owned()]);
    let count = |lines: &[String]| {
        let is_alert = |line: &&String| {
            let name = &parsed(line)["event"]["name"];
            name == "incident" || name == "recommendation"
        };
        lines.iter().filter(is_alert).count()
    };
    let arrived = |wanted: usize| {
        wait::until_true("alerts past rsyslog", LIMIT, || {
            Ok(rsyslog.read("alerts").lines().count() >= wanted)
        })
        .unwrap_or_else(|error| {
            panic!(
                "{error}\n{}\n{}",
                rsyslog.read("alerts"),
                rsyslog.read("log")
            )
        });
    };
    arrived(count(first));
    // Put aside, as the agent does it.
    std::fs::rename(
        rsyslog.events(),
        rsyslog.folder.path().join("events.ndjson.1"),
    )
    .unwrap();
    append(&rsyslog.events(), second);
    arrived(alerts.len());
    let text = rsyslog.read("alerts");
    assert_eq!(text.lines().count(), alerts.len(), "{text}");
    for (line, alert) in text.lines().zip(&alerts) {
        let expected = format!(
            "{} {} edgeghost {}: {}",
            alert["timestamp"].as_str().unwrap(),
            alert["host"]["name"].as_str().unwrap(),
            alert["event"]["name"].as_str().unwrap(),
            alert["message"].as_str().unwrap()
        );
        assert_eq!(line, expected);
    }
}

/// Keys as AWS documents them for the section `logs` of the agent's configuration file.
#[test]
fn the_cloudwatch_agent_is_told_nothing_that_it_does_not_know() {
    let value: Value = serde_json::from_str(&shipped("cloudwatch/edgeghost.json")).unwrap();
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(keys(&value), ["logs"]);
    assert_eq!(
        keys(&value["logs"]),
        ["force_flush_interval", "logs_collected"]
    );
    let list = &value["logs"]["logs_collected"]["files"]["collect_list"];
    let known = [
        "file_path",
        "log_group_name",
        "log_stream_name",
        "retention_in_days",
        "timestamp_format",
        "timezone",
        "encoding",
        "auto_removal",
        "log_group_class",
        "filters",
        "multi_line_start_pattern",
    ];
    for key in keys(&list[0]) {
        assert!(known.contains(&key.as_str()), "{key}");
    }
    assert_eq!(list[0]["file_path"], EVENTS);
    assert_eq!(
        list[0]["auto_removal"], false,
        "it would take files away from the agent"
    );
}

/// `[SECTION]` and `Key Value`, keys as in Fluent Bit's documentation of `tail` and of parsers.
#[test]
fn fluent_bit_is_told_nothing_that_it_does_not_know() {
    let known = [
        "Name",
        "Tag",
        "Path",
        "Parser",
        "DB",
        "Read_from_Head",
        "Rotate_Wait",
        "Buffer_Chunk_Size",
        "Buffer_Max_Size",
        "Skip_Long_Lines",
        "Format",
        "Time_Key",
        "Time_Format",
        "Time_Keep",
    ];
    let mut sections = Vec::new();
    let text = shipped("fluent-bit/edgeghost.conf") + &shipped("fluent-bit/parsers.conf");
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if line.starts_with('[') {
            sections.push(line);
            continue;
        }
        let (key, value) = line.split_once(char::is_whitespace).expect(line);
        assert!(known.contains(&key) && !value.trim().is_empty(), "{line}");
    }
    assert_eq!(sections, ["[INPUT]", "[PARSER]"]);
    assert!(text.contains(EVENTS));
}

/// Read as YAML by Python's own reader; keys as in Vector's documentation.
#[test]
fn vector_is_told_nothing_that_it_does_not_know() {
    let path = binary::fixtures().join("../../packaging/vector/edgeghost.yaml");
    let python = binary::python_program("python").unwrap();
    let script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let args = ["-c", script, path.to_str().unwrap()];
    let text = tool::run(python.to_str().unwrap(), &args).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(keys(&value), ["sources", "transforms"]);
    let file = &value["sources"]["edgeghost_file"];
    assert_eq!(file["include"][0], EVENTS);
    assert_eq!(
        keys(file),
        [
            "fingerprint",
            "include",
            "max_line_bytes",
            "read_from",
            "type"
        ]
    );
    assert_eq!(file["fingerprint"]["strategy"], "device_and_inode");
    let transforms = &value["transforms"];
    assert_eq!(
        transforms["edgeghost_events"]["inputs"][0],
        "edgeghost_file"
    );
    assert_eq!(
        transforms["edgeghost_alerts"]["inputs"][0],
        "edgeghost_events"
    );
}
