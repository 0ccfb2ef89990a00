//! A disk that is full, and is not any more.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use edgeghost_tests::agent::Launch;
use edgeghost_tests::temp::TempDir;
use edgeghost_tests::{tool, wait};
use rustix::process::Signal;

use super::{LIMIT, assert_same, events, file, is_told, sink, talkative};

/// A small file system of its own, gone with the test.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: PathBuf, options: &str) -> Self {
        std::fs::create_dir_all(&at).unwrap();
        let target = at.to_str().unwrap();
        tool::run("mount", &["-t", "tmpfs", "-o", options, "none", target]).unwrap();
        Self(at)
    }

    /// Takes all the room that is left, until the file is removed.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut filler = File::create(&path).unwrap();
        let error = loop {
            if let Err(error) = filler.write_all(&[0; 512]) {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // With whatever still has a file open there.
        // The short word: busybox knows no other.
        if let Err(error) = tool::run("umount", &["-l", self.0.to_str().unwrap()]) {
            tool::complain(&format!("{error:#}"));
        }
    }
}

#[test]
fn a_full_disk_is_told_elsewhere_and_loses_nothing_once_there_is_room() {
    crate::require_root();
    let folder = TempDir::new().unwrap();
    let disk = Disk::mount(folder.path().join("disk"), "size=512k");
    let path = disk.0.join("events.ndjson");
    let config = talkative().sink(file(&path, "")).sink("kind = \"stdout\"");
    let mut agent = Launch::new().config(config).start().unwrap();
    wait_for_lines(&path, 3);
    let filler = disk.fill();
    let told = agent
        .wait_for("the full disk", LIMIT, |event| is_told(event, 0, "failing"))
        .unwrap();
    let error = sink(&told, 0)["error"].as_str().unwrap();
    assert!(error.contains("No space left"), "{}", told.line);
    assert!(told.text("message").contains(path.to_str().unwrap()));
    assert_eq!(told.text("severity_text"), "WARN");
    assert_eq!(sink(&told, 1)["state"], "working", "{}", told.line);
    // It writes on meanwhile, elsewhere.
    let before = agent.events().len();
    agent
        .wait_until("three lines more", LIMIT, |events| {
            (events.len() >= before + 3).then_some(())
        })
        .unwrap();
    std::fs::remove_file(filler).unwrap();
    let failed_at = told.count("event.sequence");
    agent
        .wait_for("room again", LIMIT, |event| {
            is_told(event, 0, "working") && event.count("event.sequence") > failed_at
        })
        .unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    assert_same(&ended, &path);
    // Once each, whatever the number of tries.
    for words in ["cannot be written to", "again after"] {
        let count = ended.stderr.matches(words).count();
        ended.assert(count == 1, &format!("`{words}` is logged {count} times"));
    }
}

#[test]
fn a_read_only_file_system_in_its_place_loses_nothing_once_it_has_gone() {
    crate::require_root();
    let folder = TempDir::new().unwrap();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let path = disk.join("events.ndjson");
    let config = talkative().sink(file(&path, "")).sink("kind = \"stdout\"");
    let mut agent = Launch::new().config(config).start().unwrap();
    wait_for_lines(&path, 3);
    let cover = Disk::mount(disk, "ro");
    let told = agent
        .wait_for("the trouble", LIMIT, |event| is_told(event, 0, "failing"))
        .unwrap();
    let error = sink(&told, 0)["error"].as_str().unwrap();
    assert!(error.contains("Read-only file system"), "{}", told.line);
    drop(cover);
    let failed_at = told.count("event.sequence");
    agent
        .wait_for("the end of the trouble", LIMIT, |event| {
            is_told(event, 0, "working") && event.count("event.sequence") > failed_at
        })
        .unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    assert_same(&ended, &path);
}

#[track_caller]
fn wait_for_lines(path: &Path, count: usize) {
    wait::until_true("lines in the file", LIMIT, || {
        Ok(events(path).len() >= count)
    })
    .unwrap();
}
