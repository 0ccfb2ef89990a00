//! With rpm.

use std::path::Path;

use crate::root::Root;
use crate::{CHANGE, SETTINGS, package};

fn rpm(root: &Root, verb: &str, what: &Path) -> String {
    let scratch = root.path().to_str().unwrap();
    // The scratch root has no package but this one, not even a shell's.
    let args = [
        "--root",
        scratch,
        "--dbpath",
        "/var/lib/rpm",
        "--nodeps",
        verb,
    ];
    root.run("rpm", &args, what)
}

fn install(root: &Root) {
    rpm(root, "--upgrade", &package("EDGEGHOST_PACKAGES", ".rpm"));
}

#[test]
fn installed_it_is_whole_and_waits_to_be_started() {
    let root = Root::with_systemd();
    install(&root);
    for path in [
        "usr/bin/edgeghost",
        "usr/lib/systemd/system/edgeghost.service",
        "usr/share/man/man1/edgeghost.1.gz",
        "usr/share/zsh/site-functions/_edgeghost",
        "var/log/edgeghost",
        SETTINGS,
    ] {
        assert!(root.has(path), "{path}: {:#?}", root.paths());
    }
    assert!(root.read("etc/passwd").contains("\nedgeghost:"));
    let calls = root.calls();
    assert!(calls.contains("preset edgeghost.service"), "{calls}");
    assert!(calls.contains("daemon-reload"), "{calls}");
    assert!(!calls.contains("start"), "{calls}");
    // What rpm thinks of what it has put there.
    let scratch = root.path().to_str().unwrap();
    let args = [
        "--root",
        scratch,
        "--dbpath",
        "/var/lib/rpm",
        "--verify",
        "--nodeps",
    ];
    let said = root.run("rpm", &args, Path::new("edgeghost"));
    assert_eq!(said, "", "changed since it was installed");
}

#[test]
fn where_no_systemd_runs_it_is_not_asked() {
    let root = Root::new();
    install(&root);
    let calls = root.calls();
    assert!(!calls.contains("daemon-reload"), "{calls}");
    assert!(root.read("etc/passwd").contains("\nedgeghost:"));
}

#[test]
fn an_upgrade_keeps_what_was_changed_and_restarts_what_runs() {
    let root = Root::with_systemd();
    rpm(
        &root,
        "--install",
        &package("EDGEGHOST_OLD_PACKAGES", ".rpm"),
    );
    std::fs::write(root.at(SETTINGS), CHANGE).unwrap();
    root.calls();
    install(&root);
    assert_eq!(root.read(SETTINGS), CHANGE);
    let calls = root.calls();
    assert!(calls.contains("try-restart edgeghost.service"), "{calls}");
    assert!(
        !calls.contains("disable") && !calls.contains("preset"),
        "{calls}"
    );
    let scratch = root.path().to_str().unwrap();
    let args = ["--root", scratch, "--dbpath", "/var/lib/rpm", "--query"];
    let listed = root.run("rpm", &args, Path::new("edgeghost"));
    assert!(!listed.contains("0.0.9"), "{listed}");
}

/// rpm knows no purge: changed settings are kept under another name, and events are the
/// operator's.
#[test]
fn erased_it_leaves_only_what_somebody_wrote() {
    let root = Root::with_systemd();
    let before = root.paths();
    install(&root);
    rpm(&root, "--erase", Path::new("edgeghost"));
    let left: Vec<_> = root.paths().difference(&before).cloned().collect();
    assert!(left.is_empty(), "left behind: {left:#?}");
    let calls = root.calls();
    assert!(calls.contains("disable --now edgeghost.service"), "{calls}");
    install(&root);
    std::fs::write(root.at(SETTINGS), CHANGE).unwrap();
    std::fs::write(root.at("var/log/edgeghost/events.ndjson"), "{}\n").unwrap();
    rpm(&root, "--erase", Path::new("edgeghost"));
    let saved = format!("{SETTINGS}.rpmsave");
    assert_eq!(root.read(&saved), CHANGE);
    assert!(root.has("var/log/edgeghost/events.ndjson"));
    assert!(!root.has("usr/bin/edgeghost") && !root.has("var/lib/edgeghost"));
}
