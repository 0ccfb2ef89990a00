//! A device that breaks (`EIO`): a terminal whose other side is closed, which takes nothing ever
//! again (`drivers/tty/tty_io.c`, `hung_up_tty_write`).

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use edgeghost_tests::agent::Launch;
use edgeghost_tests::temp::TempDir;
use edgeghost_tests::wait;
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::{LIMIT, events, file, is_told, sequences, sink, talkative};

/// A terminal, and what came out of it so far.
struct Terminal {
    other_side: OwnedFd,
    path: PathBuf,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    fn open() -> Self {
        // The agent must not have this side, too.
        let other_side =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&other_side).unwrap();
        unlockpt(&other_side).unwrap();
        // As it is written, and without an echo.
        let mut how = tcgetattr(&other_side).unwrap();
        how.make_raw();
        tcsetattr(&other_side, OptionalActions::Now, &how).unwrap();
        let path = ptsname(&other_side, Vec::new()).unwrap();
        Self {
            path: path.to_str().unwrap().into(),
            heard: Arc::default(),
            other_side,
        }
    }

    /// Reads until `lines` lines have come, and closes this side.
    fn break_after(self, lines: usize) {
        let mut side = File::from(self.other_side);
        let mut some = [0; 4096];
        let mut all = self.heard.lock().unwrap();
        while all.split(|byte| *byte == b'\n').count() <= lines {
            let read = side.read(&mut some).unwrap();
            all.extend_from_slice(&some[..read]);
        }
    }
}

fn put_in_place(link: &Path, target: &Path) {
    let beside = link.with_extension("new");
    symlink(target, &beside).unwrap();
    std::fs::rename(beside, link).unwrap();
}

#[test]
fn an_io_error_is_told_elsewhere_and_what_takes_its_place_gets_the_rest() {
    crate::require_root();
    let folder = TempDir::new().unwrap();
    let [link, good] = ["link", "good"].map(|name| folder.path().join(name));
    let terminal = Terminal::open();
    put_in_place(&link, &terminal.path);
    let config = talkative().sink(file(&link, "")).sink("kind = \"stdout\"");
    let mut agent = Launch::new().config(config).start().unwrap();
    let heard = Arc::clone(&terminal.heard);
    terminal.break_after(3);
    let told = agent
        .wait_for("the broken device", LIMIT, |event| {
            is_told(event, 0, "failing")
        })
        .unwrap();
    assert_eq!(sink(&told, 1)["state"], "working", "{}", told.line);
    let first = agent.stderr();
    assert!(first.contains("Input/output error"), "{first}");
    let heard = String::from_utf8(heard.lock().unwrap().clone()).unwrap();
    assert!(heard.starts_with("{\"timestamp\":"), "{heard}");
    // A link to nothing would be no file to append to.
    drop(File::create(&good).unwrap());
    put_in_place(&link, &good);
    let failed_at = told.count("event.sequence");
    agent
        .wait_for("another device", LIMIT, |event| {
            is_told(event, 0, "working") && event.count("event.sequence") > failed_at
        })
        .unwrap();
    wait::until_true("lines of later", LIMIT, || Ok(events(&good).len() >= 5)).unwrap();
    let ended = agent.stop(Signal::TERM).unwrap();
    ended.assert_clean();
    // What was written into the terminal as it broke is lost; nothing of later.
    let order = sequences(&events(&good));
    let last = ended.last().count("event.sequence");
    let missing: Vec<u64> = (failed_at..=last)
        .filter(|at| !order.contains(at))
        .collect();
    ended.assert(
        missing.is_empty(),
        &format!("missing {missing:?}: {order:?}"),
    );
    ended.assert(order.is_sorted(), &format!("out of order: {order:?}"));
}
