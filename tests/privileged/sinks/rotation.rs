//! Files that are put aside: by the agent, and by the real logrotate.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use edgeghost_tests::agent::{Ended, Launch};
use edgeghost_tests::event::Event;
use edgeghost_tests::temp::TempDir;
use edgeghost_tests::{binary, tool, wait};
use rustix::process::Signal;

use super::{LIMIT, events, file, sequences, talkative};
use crate::confined::{as_service, folder_of_nobody};

/// Together these files, the oldest first, have what standard output had; each begins with the
/// head, and each can be read by its group.
fn assert_whole(ended: &Ended, paths: &[PathBuf]) {
    let mut seen = BTreeSet::new();
    for path in paths {
        let part = events(path);
        let names: Vec<_> = part.iter().take(2).map(Event::name).collect();
        ended.assert(
            names == ["agent_start", "context"],
            &format!("{} begins with {names:?}", path.display()),
        );
        let fresh = &part[if seen.is_empty() { 0 } else { 2 }..];
        let order = sequences(fresh);
        ended.assert(
            order.is_sorted() && seen.last() < order.first(),
            &format!("{} is out of order: {order:?}", path.display()),
        );
        seen.extend(order);
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        ended.assert(mode & 0o777 == 0o640, &format!("mode {mode:o}"));
    }
    let all: BTreeSet<_> = sequences(&ended.events).into_iter().collect();
    ended.assert(seen == all, &format!("there are {seen:?}"));
}

#[test]
fn a_file_is_put_aside_when_it_is_large_by_a_service_too() {
    crate::require_root();
    let folder = folder_of_nobody();
    let path = folder.path().join("events.ndjson");
    let config = talkative()
        .sink(file(&path, "rotate_bytes = 65536\nkeep = 1000"))
        .sink("kind = \"stdout\"");
    let launch = Launch::new().config(config).through(&as_service());
    let agent = launch.start().unwrap();
    let numbered = |number: u32| folder.path().join(format!("events.ndjson.{number}"));
    wait::until_true("a file put aside", LIMIT * 2, || Ok(numbered(1).exists())).unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    let before = (1..).map(numbered).take_while(|path| path.exists());
    let mut paths: Vec<_> = before.collect();
    paths.reverse();
    for part in &paths {
        assert!(std::fs::metadata(part).unwrap().len() <= 65_536);
    }
    paths.push(path);
    assert_whole(&ended, &paths);
}

#[test]
fn logrotate_takes_the_file_away_and_nothing_is_lost() {
    crate::require_root();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("events.ndjson");
    let shipped = binary::fixtures().join("../../packaging/logrotate/edgeghost");
    let text = std::fs::read_to_string(shipped).unwrap();
    let ours = text.replace("/var/log/edgeghost/events.ndjson", path.to_str().unwrap());
    assert_ne!(ours, text, "the packaged file names another path");
    let settings = folder.write("logrotate.conf", &ours).unwrap();
    std::fs::set_permissions(&settings, Permissions::from_mode(0o644)).unwrap();
    let state = folder.path().join("state");
    let config = talkative()
        .sink(file(&path, "rotate_bytes = 0"))
        .sink("kind = \"stdout\"");
    let agent = Launch::new().config(config).start().unwrap();
    for _ in 0..2 {
        wait_for_events(&path, 4);
        let (state, settings) = (state.to_str().unwrap(), settings.to_str().unwrap());
        tool::run("logrotate", &["-f", "-s", state, settings]).unwrap();
    }
    wait_for_events(&path, 4);
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    let aside = |name: &str| folder.path().join(format!("events.ndjson.{name}"));
    tool::run("gzip", &["-d", aside("2.gz").to_str().unwrap()]).unwrap();
    assert_whole(&ended, &[aside("2"), aside("1"), path]);
}

#[test]
fn sighup_opens_anew_what_was_moved_away() {
    crate::require_root();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("events.ndjson");
    let config = talkative().sink(file(&path, "")).sink("kind = \"stdout\"");
    let agent = Launch::new().config(config).start().unwrap();
    wait_for_events(&path, 4);
    let aside = folder.path().join("aside");
    std::fs::rename(&path, &aside).unwrap();
    agent.signal(Signal::HUP).unwrap();
    wait_for_events(&path, 4);
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    let reloads = [&aside, &path].map(|path| {
        let is_reload = |event: &&Event| event.name() == "config_reload";
        events(path).iter().filter(is_reload).count()
    });
    ended.assert(
        reloads == [0, 1],
        &format!("told of in the files: {reloads:?}"),
    );
    assert_whole(&ended, &[aside, path]);
}

#[track_caller]
fn wait_for_events(path: &Path, count: usize) {
    wait::until_true("events in the file", LIMIT, || {
        Ok(events(path).len() >= count)
    })
    .unwrap();
}
