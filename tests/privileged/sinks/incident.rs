//! A disk that is full through a whole incident, and a kill in the midst of it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

use edgeghost_tests::agent::Launch;
use edgeghost_tests::config::Config;
use edgeghost_tests::event::Event;
use edgeghost_tests::temp::TempDir;
use edgeghost_tests::wait;
use rustix::process::Signal;

use super::{LIMIT, events, file};
use crate::confined::{as_service, folder_of_nobody};
use crate::witness::people::People;
use crate::witness::stage::{CLIENT, HOST, JUMP, Stage, WITNESSES};

#[test]
fn what_a_full_disk_did_not_take_of_an_incident_comes_after_a_kill() {
    crate::require_root();
    outlives(&TempDir::new().unwrap(), &Launch::new());
}

#[test]
fn so_it_does_in_the_sandbox_of_a_service() {
    crate::require_root();
    outlives(&folder_of_nobody(), &Launch::new().through(&as_service()));
}

/// Has an incident, a full disk and a kill; what `launch` starts writes into `folder`.
fn outlives(folder: &TempDir, launch: &Launch) {
    let (path, spool) = (folder.path().join("events"), folder.path().join("spool"));
    let config = Config::new()
        .set("window", "seconds", "2.0")
        .set("detect", "confirm_seconds", "5.0")
        .set("detect", "hold_seconds", "2.0")
        .set("spool", "folder", &format!("\"{}\"", spool.display()))
        .sink(file(&path, ""))
        .sink("kind = \"stdout\"");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let launch = launch.clone().config(config);
    let told = alerts(&collapse(launch.clone(), &spool));
    assert!(told.len() >= 2, "{told:#?}");
    std::fs::remove_file(&path).unwrap();
    let agent = launch.start().unwrap();
    let missing = || -> Vec<String> {
        let there = alerts(&events(&path));
        told.difference(&there).cloned().collect()
    };
    wait::until_true("the alerts of the run before", LIMIT, || {
        Ok(missing().is_empty())
    })
    .unwrap_or_else(|error| panic!("{error}: {:#?}\n{}", missing(), agent.stderr()));
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    ended.assert(
        events(&path)[0].name() == "agent_start",
        "the file does not begin with this run",
    );
    ended.assert(kept(&spool).is_empty(), "the spool is not empty");
}

/// Has the public path collapse, waits until advice is on disk beside a sink that takes nothing,
/// and kills the agent. Returns what it said elsewhere.
fn collapse(launch: Launch, spool: &Path) -> Vec<Event> {
    let stage = Stage::build().unwrap();
    let people = People::default();
    let ssh = SocketAddr::new(HOST.into(), 22);
    people.server(&stage.host, ssh).unwrap();
    let mut agent = launch.inside(&stage.host).start().unwrap();
    for client in WITNESSES.into_iter().chain([CLIENT]) {
        people.terminal(&stage.internet, client.into(), ssh);
    }
    people.terminal(&stage.jump, JUMP.into(), ssh);
    let verdict = |event: &Event| event.is_about("verdict", HOST.into());
    agent
        .wait_for("the first verdict", LIMIT, |event| {
            verdict(event) && event.text("verdict.name") == "healthy"
        })
        .unwrap();
    let _loss = stage.lose(30).unwrap();
    let advice = agent
        .wait_for("advice", LIMIT * 3, |event| {
            event.is_about("recommendation", HOST.into())
        })
        .unwrap();
    wait::until_true("advice on disk", LIMIT, || {
        Ok(kept(spool).contains(&advice.line))
    })
    .unwrap();
    // What it says from now on may be lost with it.
    let said = agent.events();
    let on_disk: BTreeSet<String> = kept(spool).into_iter().collect();
    agent.stop(Signal::KILL).unwrap();
    let upto = said
        .iter()
        .position(|event| event.line == advice.line)
        .unwrap();
    let missing: Vec<_> = alerts(&said[..=upto])
        .difference(&on_disk)
        .cloned()
        .collect();
    assert!(missing.is_empty(), "not on disk: {missing:#?}");
    said[..=upto].to_vec()
}

/// Incidents, recommendations and snapshots, as they were written.
fn alerts(events: &[Event]) -> BTreeSet<String> {
    let alerts = ["incident", "recommendation", "socket_snapshot"];
    let wanted = events.iter().filter(|event| alerts.contains(&event.name()));
    wanted.map(|event| event.line.clone()).collect()
}

/// The lines in a spool.
fn kept(spool: &Path) -> Vec<String> {
    let Ok(folder) = std::fs::read_dir(spool) else {
        return Vec::new();
    };
    let texts =
        folder.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default());
    texts
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}
