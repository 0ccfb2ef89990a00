//! With dpkg.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::root::Root;
use crate::{CHANGE, SETTINGS, package};

fn dpkg(root: &Root, verb: &str, what: &Path) -> String {
    let scratch = root.path().to_str().unwrap();
    // The scratch root has no package but this one.
    let args = [
        "--root",
        scratch,
        "--log=/dev/null",
        "--force-depends",
        "--force-bad-path",
        verb,
    ];
    root.run("dpkg", &args, what)
}

fn install(root: &Root) {
    dpkg(root, "--install", &package("EDGEGHOST_PACKAGES", ".deb"));
}

#[test]
fn installed_it_is_whole_and_runs_where_systemd_does() {
    let root = Root::with_systemd();
    install(&root);
    for path in [
        "usr/bin/edgeghost",
        "usr/lib/systemd/system/edgeghost.service",
        "usr/share/man/man1/edgeghost.1.gz",
        "usr/share/bash-completion/completions/edgeghost",
        "usr/share/doc/edgeghost/LICENSE-MIT",
        SETTINGS,
    ] {
        assert!(root.has(path), "{path}: {:#?}", root.paths());
    }
    let user = root.read("etc/passwd");
    let user = user.lines().find(|line| line.starts_with("edgeghost:"));
    let id: u32 = user.unwrap().split(':').nth(2).unwrap().parse().unwrap();
    assert!((1..1_000).contains(&id), "a system user: {user:?}");
    for (folder, mode) in [("var/log/edgeghost", 0o755), ("var/lib/edgeghost", 0o750)] {
        let data = std::fs::metadata(root.at(folder)).unwrap();
        assert_eq!((data.uid(), data.mode() & 0o777), (id, mode), "{folder}");
    }
    let program = std::fs::metadata(root.at("usr/bin/edgeghost")).unwrap();
    assert_eq!((program.uid(), program.mode() & 0o7777), (0, 0o755));
    let calls = root.calls();
    for call in [
        "deb-systemd-helper enable edgeghost.service",
        "systemctl --system daemon-reload",
        "deb-systemd-invoke start edgeghost.service",
    ] {
        assert!(calls.contains(call), "{call}: {calls}");
    }
}

#[test]
fn where_no_systemd_runs_nothing_is_started() {
    let root = Root::new();
    install(&root);
    let calls = root.calls();
    assert!(
        !calls.contains("start") && !calls.contains("reload"),
        "{calls}"
    );
    assert!(calls.contains("enable edgeghost.service"), "{calls}");
}

#[test]
fn an_upgrade_keeps_what_was_changed_and_restarts() {
    let root = Root::with_systemd();
    dpkg(
        &root,
        "--install",
        &package("EDGEGHOST_OLD_PACKAGES", ".deb"),
    );
    std::fs::write(root.at(SETTINGS), CHANGE).unwrap();
    root.calls();
    install(&root);
    assert_eq!(root.read(SETTINGS), CHANGE);
    let calls = root.calls();
    assert!(
        calls.contains("deb-systemd-invoke try-restart edgeghost.service"),
        "{calls}"
    );
    assert!(!calls.contains("invoke stop"), "{calls}");
    let listed = dpkg(&root, "--list", Path::new("edgeghost"));
    assert!(!listed.contains("0.0.9"), "{listed}");
}

#[test]
fn removed_it_leaves_what_was_changed_purged_it_leaves_nothing() {
    let root = Root::with_systemd();
    let before = root.paths();
    install(&root);
    std::fs::write(root.at(SETTINGS), CHANGE).unwrap();
    std::fs::write(root.at("var/log/edgeghost/events.ndjson"), "{}\n").unwrap();
    std::fs::write(root.at("var/lib/edgeghost/v4.pfx2as.gz"), "").unwrap();
    root.calls();
    dpkg(&root, "--remove", Path::new("edgeghost"));
    assert_eq!(root.read(SETTINGS), CHANGE);
    assert!(root.has("var/log/edgeghost/events.ndjson"));
    assert!(!root.has("usr/bin/edgeghost"));
    let calls = root.calls();
    assert!(
        calls.contains("deb-systemd-invoke stop edgeghost.service"),
        "{calls}"
    );
    dpkg(&root, "--purge", Path::new("edgeghost"));
    let left: Vec<_> = root.paths().difference(&before).cloned().collect();
    assert!(left.is_empty(), "left behind: {left:#?}");
    let calls = root.calls();
    assert!(
        calls.contains("deb-systemd-helper purge edgeghost.service"),
        "{calls}"
    );
}

/// Removed and installed again it has its settings back.
#[test]
fn it_comes_back_as_it_was() {
    let root = Root::with_systemd();
    install(&root);
    std::fs::write(root.at(SETTINGS), CHANGE).unwrap();
    dpkg(&root, "--remove", Path::new("edgeghost"));
    install(&root);
    assert_eq!(root.read(SETTINGS), CHANGE);
    assert!(root.has("usr/bin/edgeghost"));
    assert!(
        root.calls()
            .contains("deb-systemd-helper unmask edgeghost.service")
    );
}
