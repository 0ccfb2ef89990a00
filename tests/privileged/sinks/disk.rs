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
        std::fs::create_dir(&at).unwrap();
        let target = at.to_str().unwrap();
        tool::run("mount", &["-t", "tmpfs", "-o", options, "none", target]).unwrap();
        Self(at)
    }

    fn remount(&self, options: &str) {
        let target = self.0.to_str().unwrap();
        tool::run("mount", &["-o", &format!("remount,{options}"), target]).unwrap();
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
        if let Err(error) = tool::run("umount", &["--lazy", self.0.to_str().unwrap()]) {
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
fn a_disk_that_is_read_only_for_a_while_loses_nothing() {
    crate::require_root();
    let folder = TempDir::new().unwrap();
    let disk = Disk::mount(folder.path().join("disk"), "size=2m");
    let path = disk.0.join("events.ndjson");
    let config = talkative().sink(file(&path, "")).sink("kind = \"stdout\"");
    let mut agent = Launch::new().config(config).start().unwrap();
    wait_for_lines(&path, 3);
    // As the kernel does it after an error of the disk: also with files open for writing.
    std::fs::rename(&path, disk.0.join("moved")).unwrap();
    let moved = events(&disk.0.join("moved")).len();
    let remounted = wait::until("no file to be open for writing", LIMIT, || {
        let target = disk.0.to_str().unwrap();
        Ok(tool::run("mount", &["-o", "remount,ro", target]).ok())
    });
    drop(remounted);
    assert!(moved >= 3);
    agent
        .wait_for("the trouble", LIMIT, |event| is_told(event, 0, "failing"))
        .unwrap();
    disk.remount("rw");
    agent
        .wait_until("the end of the trouble", LIMIT, |events| {
            let failed = events
                .iter()
                .rposition(|event| is_told(event, 0, "failing"))?;
            let works = events
                .iter()
                .rposition(|event| is_told(event, 0, "working"))?;
            (works > failed).then_some(())
        })
        .unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    // The new file has the head once more; else there is each line once, in either file.
    let mut lines: Vec<String> = [disk.0.join("moved"), path]
        .iter()
        .flat_map(|path| events(path))
        .map(|event| event.line)
        .collect();
    lines.sort();
    lines.dedup();
    let mut all: Vec<String> = ended
        .events
        .iter()
        .map(|event| event.line.clone())
        .collect();
    all.sort();
    ended.assert(
        lines == all,
        &format!("{} lines of {}", lines.len(), all.len()),
    );
}

#[track_caller]
fn wait_for_lines(path: &Path, count: usize) {
    wait::until_true("lines in the file", LIMIT, || {
        Ok(events(path).len() >= count)
    })
    .unwrap();
}
