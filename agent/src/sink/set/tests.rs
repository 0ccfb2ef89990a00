//! Outputs that fail, and what becomes of the lines.

mod sockets;

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use super::*;
use crate::event::Priority;
use crate::sink::settings::{Format, Rotation, Wanted};

/// No test waits longer for anything.
const LIMIT: Duration = Duration::from_secs(30);

/// A folder of a test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("edgeghost-set-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn spool(&self) -> SpoolSettings {
        SpoolSettings {
            folder: self.path("spool"),
            bytes: 100_000,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn settings(target: Target) -> Settings {
    Settings {
        target,
        format: Format::Otel,
        queue_lines: 64,
        wanted: Wanted::default(),
    }
}

fn file(path: &Path) -> Settings {
    settings(Target::File {
        path: path.to_owned(),
        rotation: Rotation {
            bytes: None,
            age: None,
            keep: 1,
        },
    })
}

fn start(all: Vec<Settings>, spool: &SpoolSettings) -> (Arc<Sinks>, Writers) {
    open(all).unwrap().start(Some(spool)).unwrap()
}

/// A line that says its number.
fn line(name: &'static str, priority: Priority, number: u64) -> Line {
    let text = format!("{{\"event\":{{\"name\":\"{name}\",\"sequence\":{number}}}}}\n");
    Line {
        name,
        priority,
        head: name == "agent_start",
        bytes: text.as_bytes().into(),
    }
}

fn incident(number: u64) -> Line {
    line("incident", Priority::Alert, number)
}

fn state(number: u64) -> Line {
    line("verdict", Priority::State, number)
}

fn detail(number: u64) -> Line {
    line("tcp_retransmit", Priority::Detail, number)
}

fn number(text: &str) -> u64 {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    value["event"]["sequence"].as_u64().unwrap()
}

fn numbers(path: &Path) -> Vec<u64> {
    let text = fs::read_to_string(path).unwrap_or_default();
    // The last line may be in the making.
    let whole = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    whole.map(number).collect()
}

/// Waits for something, and has outputs tended meanwhile as the daemon does.
#[track_caller]
fn wait<T>(sinks: &Sinks, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        sinks.tend();
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < LIMIT, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn every_output_gets_what_it_wants() {
    let folder = Folder::new("wants");
    let paths = ["all", "named", "alerts"].map(|name| folder.path(name));
    let [all, mut named, mut alerts] = paths.each_ref().map(|path| file(path));
    named.wanted.events = vec!["verdict".to_owned()];
    alerts.wanted.least = Some(Priority::Alert);
    let (sinks, writers) = start(vec![all, named, alerts], &folder.spool());
    for line in [state(1), incident(2), detail(3), state(4)] {
        sinks.push(line);
    }
    writers.finish();
    assert_eq!(numbers(&paths[0]), [1, 2, 3, 4]);
    assert_eq!(numbers(&paths[1]), [1, 4]);
    assert_eq!(numbers(&paths[2]), [2]);
}

#[test]
fn a_dead_and_a_stuck_output_hold_up_no_other() {
    let folder = Folder::new("stuck");
    let path = folder.path("good");
    // It listens, and never reads.
    let _listener = UnixListener::bind(folder.path("stuck")).unwrap();
    let all = vec![
        settings(Target::Stream(folder.path("stuck"))),
        settings(Target::Datagram(folder.path("nobody"))),
        file(Path::new("/dev/full")),
        Settings {
            queue_lines: 30_000,
            ..file(&path)
        },
    ];
    let (sinks, writers) = start(all, &folder.spool());
    let begin = Instant::now();
    for number in 0..20_000 {
        sinks.push(detail(number));
    }
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "pushing waits for an output"
    );
    wait(&sinks, "all lines in the good file", || {
        (numbers(&path).len() == 20_000).then_some(())
    });
    let readings = sinks.read();
    for bad in &readings[..3] {
        assert!(bad.queue.dropped["tcp_retransmit"] > 1_000, "{bad:?}");
        assert!(bad.queue.depth <= 64, "{bad:?}");
    }
    assert_eq!(readings[3].queue.dropped.len(), 0, "{readings:?}");
    let stuck = wait(&sinks, "the stuck one to be told", || {
        sinks.read().swap_remove(0).trouble
    });
    assert_eq!(stuck.0, "its reader does not read");
    let begin = Instant::now();
    writers.finish();
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "the end waits for an output"
    );
}

#[test]
fn alerts_outlive_a_full_disk_and_a_restart_and_come_in_order() {
    let folder = Folder::new("restart");
    let path = folder.path("events");
    // Always full, until it is another file.
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let (sinks, writers) = start(vec![file(&path)], &folder.spool());
    for number in 0..200 {
        sinks.push(if number % 50 == 0 {
            incident(number)
        } else {
            detail(number)
        });
    }
    wait(&sinks, "the alerts on disk", || {
        (sinks.read()[0].spooled == 4).then_some(())
    });
    let reading = &sinks.read()[0];
    let (why, _) = reading.trouble.as_ref().unwrap();
    assert!(why.contains("No space left"), "{why}");
    assert!(reading.queue.dropped["tcp_retransmit"] > 100, "{reading:?}");
    sinks.push(incident(200));
    writers.finish();
    fs::remove_file(&path).unwrap();
    let (sinks, writers) = start(vec![file(&path)], &folder.spool());
    sinks.push(line("agent_start", Priority::State, 1_000));
    sinks.push(incident(1_001));
    wait(&sinks, "the late alerts", || {
        (numbers(&path).len() >= 7).then_some(())
    });
    assert_eq!(numbers(&path), [1_000, 0, 50, 100, 150, 200, 1_001]);
    assert_eq!((sinks.read()[0].late, sinks.read()[0].spooled), (5, 0));
    writers.finish();
    assert_eq!(fs::read_dir(folder.path("spool")).unwrap().count(), 0);
}

#[test]
fn a_folder_that_vanishes_and_returns_loses_no_alert() {
    let folder = Folder::new("folder");
    let (below, away) = (folder.path("below"), folder.path("away"));
    fs::create_dir(&below).unwrap();
    let path = below.join("events");
    let (sinks, writers) = start(vec![file(&path)], &folder.spool());
    sinks.push(line("agent_start", Priority::State, 1));
    wait(&sinks, "the first line", || {
        (numbers(&path).len() == 1).then_some(())
    });
    fs::rename(&below, &away).unwrap();
    wait(&sinks, "the trouble", || {
        sinks.read()[0].trouble.is_some().then_some(())
    });
    sinks.push(incident(2));
    sinks.push(state(3));
    wait(&sinks, "the alert on disk", || {
        (sinks.read()[0].spooled == 1).then_some(())
    });
    fs::create_dir(&below).unwrap();
    wait(&sinks, "the lines", || {
        (numbers(&path).len() >= 3).then_some(())
    });
    wait(&sinks, "the end of the trouble", || {
        sinks.read()[0].trouble.is_none().then_some(())
    });
    sinks.push(incident(4));
    writers.finish();
    let mut all = numbers(&path);
    assert_eq!((all.first(), all.last()), (Some(&1), Some(&4)), "{all:?}");
    all.sort_unstable();
    assert_eq!(all, [1, 2, 3, 4]);
}

#[test]
fn alerts_stay_in_memory_where_no_disk_takes_them() {
    let folder = Folder::new("memory");
    let path = folder.path("events");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let nowhere = SpoolSettings {
        folder: "/dev/null/spool".into(),
        bytes: 100_000,
    };
    let (sinks, writers) = start(vec![file(&path)], &nowhere);
    for number in 0..500 {
        sinks.push(if number < 60 {
            incident(number)
        } else {
            detail(number)
        });
    }
    wait(&sinks, "the trouble", || {
        sinks.read()[0].trouble.is_some().then_some(())
    });
    fs::remove_file(&path).unwrap();
    sinks.reopen();
    wait(&sinks, "the alerts", || {
        (numbers(&path).len() >= 60).then_some(())
    });
    writers.finish();
    let all = numbers(&path);
    assert!((0..60).all(|number| all.contains(&number)), "{all:?}");
}
