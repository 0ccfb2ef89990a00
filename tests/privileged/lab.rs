//! The lab, in its short form.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use edgeghost_tests::event::Event;
use edgeghost_tests::{binary, service, tool, wait};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Bound of a whole run, and of the end after a signal.
const LIMIT: Duration = Duration::from_mins(4);

/// As the packages run it: as a user of its own with two capabilities.
#[test]
fn the_incident_is_detected_advised_and_seen_to_recover() {
    crate::require_root();
    let folder = service::folder().unwrap();
    let recording = folder.path().join("lab.gz");
    let args = [
        "--unprivileged",
        "--quick",
        "--json",
        "--seconds",
        "120",
        "--record",
    ];
    let args: Vec<&str> = args.into_iter().chain(recording.to_str()).collect();
    let (lab, lines, stderr) = run_to_end(&args);
    let shown = format!("{}\n{stderr}", lines.join("\n"));
    assert_eq!(lab.code, Some(0), "{shown}");
    let (summary, events) = lines.split_last().expect("the lab printed nothing");
    let summary: Value = serde_json::from_str(summary).unwrap();
    let summary = &summary["lab"];
    assert_eq!(summary["passed"], true, "{shown}");
    let seconds = |path: &str| summary.pointer(path).and_then(Value::as_f64);
    let detected = seconds("/seconds_from_onset/public_only_collapse").expect(&shown);
    let advised = seconds("/seconds_from_onset/recommendation").expect(&shown);
    assert!(detected > 0.0 && detected <= advised, "{shown}");
    assert!(seconds("/seconds_from_fix/closed").is_some(), "{shown}");

    let collapse = &summary["phases"][1];
    assert_eq!(collapse["phase"], "collapse", "{shown}");
    let ratio = |side: &str| collapse[side]["retransmit_ratio"].as_f64().expect(&shown);
    assert!(ratio("public") > 0.10, "{shown}");
    assert!(ratio("private") < 0.02, "{shown}");

    let events: Vec<Event> = events
        .iter()
        .map(|line| Event::new(line.clone(), Instant::now()))
        .collect();
    let advice: Vec<&Event> = events
        .iter()
        .filter(|event| event.name() == "recommendation")
        .collect();
    assert_eq!(advice.len(), 1, "{shown}");
    assert_eq!(
        advice[0].text("remediation.action"),
        "reassociate_elastic_ip",
        "{shown}"
    );
    for part in [
        "commands",
        "preconditions",
        "risks",
        "rollback",
        "verification",
    ] {
        assert!(
            !advice[0].list(&format!("remediation.{part}")).is_empty(),
            "{part}: {shown}"
        );
    }
    assert_eq!(
        advice[0].get("remediation.automatic"),
        &Value::Bool(false),
        "{shown}"
    );
    // Whose the sockets are takes a capability more.
    assert_snapshots(&events, None, &shown);
    assert_a_service(&events);
    assert_gone(lab.pid);
    assert_replayed(&recording, &lines);
}

fn assert_a_service(events: &[Event]) {
    let start = &events[0];
    assert_eq!(start.name(), "agent_start", "{}", start.line);
    assert_eq!(start.count("agent.sandbox.uid"), 65_534, "{}", start.line);
    let kept = start.list("agent.sandbox.capabilities");
    let only_reading = kept.iter().all(|kept| kept == "CAP_BPF");
    assert!(only_reading, "{}", start.line);
}

/// The incident as it was: one session. Without witnesses it would stay a suspicion.
#[test]
fn a_lone_session_is_advised_on_with_witnesses() {
    crate::require_root();
    let args = ["--lone", "--quick", "--json", "--seconds", "150"];
    let (lab, lines, stderr) = run_to_end(&args);
    let shown = format!("{}\n{stderr}", lines.join("\n"));
    assert_eq!(lab.code, Some(0), "{shown}");
    let summary: Value = serde_json::from_str(lines.last().expect(&shown)).unwrap();
    let seconds = |name: &str| summary["lab"]["seconds_from_onset"][name].as_f64();
    let suspect = seconds("public_suspect").expect(&shown);
    let collapse = seconds("public_only_collapse").expect(&shown);
    assert!((0.0..=60.0).contains(&(collapse - suspect)), "{shown}");
    let events: Vec<Event> = lines
        .iter()
        .map(|line| Event::new(line.clone(), Instant::now()))
        .collect();
    assert_snapshots(&events, Some(lab.pid), &shown);
    let asked = |line: &String| line.contains(r#""name":"witness""#);
    assert!(lines.iter().any(asked), "{shown}");
    assert_gone(lab.pid);
}

/// The sockets of both paths side by side, when the incident opened and when it closed, of the
/// process `lab` where the agent may tell.
fn assert_snapshots(events: &[Event], lab: Option<u32>, shown: &str) {
    let of = |moment: &str| {
        let mut snapshots = events.iter().filter(|event| {
            event.name() == "socket_snapshot" && event.text("sockets.moment") == moment
        });
        snapshots
            .next()
            .unwrap_or_else(|| panic!("no snapshot at {moment}: {shown}"))
    };
    let opened = of("opened");
    let [public, private] = ["sockets.public", "sockets.private"].map(|side| opened.list(side));
    assert!((1..=5).contains(&public.len()), "{}", opened.line);
    assert!((1..=5).contains(&private.len()), "{}", opened.line);
    let figure = |socket: &Value, name: &str| socket[name].as_u64().expect(&opened.line);
    assert!(figure(&public[0], "total_retrans") >= 3, "{}", opened.line);
    assert!(
        figure(&private[0], "snd_cwnd") > figure(&public[0], "snd_cwnd"),
        "{}",
        opened.line
    );
    let process = &private[0]["process"];
    let told = (process["pid"].as_u64(), process["name"].as_str());
    let wanted = (lab.map(u64::from), lab.map(|_| "edgeghost-lab"));
    assert_eq!(told, wanted, "{}", opened.line);
    let incident = of("closed").text("incident.id");
    assert_eq!(opened.text("incident.id"), incident, "{shown}");
    let closed = events
        .iter()
        .find(|event| event.name() == "incident" && event.text("incident.state") == "closed");
    let evidence = closed.expect(shown).list("incident.evidence").iter();
    let signals: Vec<&str> = evidence.filter_map(|e| e["signal"].as_str()).collect();
    assert!(
        signals.contains(&"public_socket") && signals.contains(&"private_socket"),
        "{signals:?}: {shown}"
    );
}

/// The recording, judged anew, gives what was told live, to the byte; only the sequence counts by
/// itself.
fn assert_replayed(recording: &Path, live: &[String]) {
    let replay = Command::new(binary::agent().unwrap())
        .arg("replay")
        .arg(recording)
        .output()
        .unwrap();
    assert!(replay.status.success(), "{replay:?}");
    let replayed = String::from_utf8(replay.stdout).unwrap();
    let judgements = |lines: &mut dyn Iterator<Item = &str>| -> Vec<String> {
        lines.filter_map(judgement).collect()
    };
    let told = judgements(&mut live.iter().map(String::as_str));
    assert!(told.len() >= 5, "{told:#?}");
    assert_eq!(judgements(&mut replayed.lines()), told);
}

/// A verdict, incident, recommendation or snapshot without its sequence.
fn judgement(line: &str) -> Option<String> {
    let mut event: Value = serde_json::from_str(line).ok()?;
    let name = event.pointer("/event/name")?.as_str()?.to_owned();
    event["event"].as_object_mut()?.remove("sequence");
    let told = ["verdict", "incident", "recommendation", "socket_snapshot"];
    let judged = told.contains(&name.as_str());
    judged.then(|| event.to_string())
}

#[test]
fn an_interrupted_lab_leaves_nothing_behind() {
    crate::require_root();
    let mut child = spawn(&["--quick", "--json"]);
    let pid = child.id();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // All is up once the agent sees traffic.
    let seen = lines
        .by_ref()
        .map_while(Result::ok)
        .any(|line| line.contains("path_window"));
    assert!(seen, "the lab ended early");
    let target = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(target, Signal::INT).unwrap();
    let last = lines.map_while(Result::ok).last().expect("no summary");
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1), "{last}");
    assert!(last.contains("interrupted by SIGINT"), "{last}");
    assert_gone(pid);
}

struct Ended {
    code: Option<i32>,
    pid: u32,
}

fn spawn(args: &[&str]) -> Child {
    Command::new(binary::lab().unwrap())
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs it, and returns its end, the lines of its standard output and its standard error.
fn run_to_end(args: &[&str]) -> (Ended, Vec<String>, String) {
    let mut child = spawn(args);
    let pid = child.id();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let read = |stream: Box<dyn std::io::BufRead + Send>| {
        std::thread::spawn(move || {
            stream
                .lines()
                .map_while(Result::ok)
                .collect::<Vec<String>>()
        })
    };
    let (stdout, stderr) = (read(Box::new(stdout)), read(Box::new(stderr)));
    let status = wait::until("the end of the lab", LIMIT, || Ok(child.try_wait()?));
    if status.is_err() {
        // The polite way first: it takes its namespaces down.
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        child.wait().unwrap();
    }
    let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap().join("\n"));
    let status = status.unwrap_or_else(|error| panic!("{error}\n{}\n{stderr}", stdout.join("\n")));
    (
        Ended {
            code: status.code(),
            pid,
        },
        stdout,
        stderr,
    )
}

/// No namespace of a lab that has ended is left.
fn assert_gone(pid: u32) {
    let left = tool::run("ip", &["netns", "list"]).unwrap();
    let prefix = format!("eg-{pid}-");
    assert!(
        !left.lines().any(|line| line.starts_with(&prefix)),
        "{left}"
    );
}
