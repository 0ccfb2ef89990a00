//! Memory stands still, whatever comes and however long: a flood of flows, peers and ports through
//! the way from records to events, and hours of a recording, each in its short form. The long ones
//! are `edgeghost-bench flood` as it is, and a real day of `--record`.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use edgeghost_tests::{binary, memory};

use crate::call::run_within;
use crate::made::Recording;

/// A debug build on a busy machine.
const LIMIT: Duration = Duration::from_mins(4);

/// The most that the way from records to events may keep, with default settings: 65,536 flows,
/// 16,384 peers of a window, 131,072 peer addresses, 8,192 prefixes, and the program itself.
const FLOOD_MIB: f64 = 96.0;

/// Memory may still settle between two quarters, MiB.
const SETTLING_MIB: f64 = 12.0;

/// Judged hours, in four parts.
const HOURS: u32 = 6;

#[test]
fn a_flood_of_flows_peers_and_ports_fills_no_memory() {
    let flood = ["flood", "--flows=1000000", "--peers=100000", "--rate=10000"];
    let outcome = run_within(Command::new(binary::bench().unwrap()).args(flood), LIMIT);
    outcome.expect_code(0);
    let quarters: Vec<f64> = outcome
        .stdout
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()) && line.contains("MiB"))
        .filter_map(|line| line.split_whitespace().nth(1)?.parse().ok())
        .collect();
    let [_, second, _, last] = quarters.as_slice() else {
        panic!("no four quarters: {}", outcome.stdout);
    };
    assert!(*last < FLOOD_MIB, "{}", outcome.stdout);
    assert!(last - second < SETTLING_MIB, "{}", outcome.stdout);
}

/// Resident memory of a child, MiB.
fn resident(child: &Child) -> f64 {
    memory::resident_kib(child.id()).unwrap() as f64 / 1024.0
}

#[test]
fn hours_of_a_recording_are_judged_in_flat_memory() {
    let mut replay = Command::new(binary::agent().unwrap())
        .args(["replay", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    let mut stdin = replay.stdin.take().unwrap();
    let mut recording = Recording::new("");
    let mut marks = Vec::new();
    for minute in 1..=HOURS * 60 {
        // A collapse each hour, so that incidents come and go.
        let lost = if minute % 60 < 5 { 3 } else { 0 };
        recording.seconds(60, lost, 0);
        stdin.write_all(recording.take().as_bytes()).unwrap();
        assert!(begin.elapsed() < LIMIT, "minute {minute} is not reached");
        if minute % (HOURS * 15) == 0 {
            marks.push(resident(&replay));
        }
    }
    drop(stdin);
    let output = replay.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let growth = marks.last().unwrap() - marks.first().unwrap();
    assert!(growth < 2.0, "it grew: {marks:?} MiB");
    assert!(marks.iter().all(|mark| *mark < 64.0), "{marks:?} MiB");
}
