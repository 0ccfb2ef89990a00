//! The packages, with the real dpkg and rpm, below a folder of their own: installed, upgraded,
//! removed. Needs root, for both run the packages' scripts in that folder by chroot(2).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod content;
mod deb;
mod root;
mod rpm;

use std::path::PathBuf;

/// What the tests change in the sample configuration.
const CHANGE: &str = "[window]\nseconds = 30.0\n";

/// Where the sample configuration is, below the folder.
const SETTINGS: &str = "etc/edgeghost/edgeghost.toml";

/// Folder with the packages of this build.
fn packages() -> PathBuf {
    folder("EDGEGHOST_PACKAGES")
}

/// The package in `folder` whose name ends so.
fn package(folder: &str, ending: &str) -> PathBuf {
    let folder = self::folder(folder);
    let mut found: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().is_some_and(|name| name.ends_with(ending)))
        .collect();
    assert_eq!(
        found.len(),
        1,
        "{ending} in {}: {found:?}",
        folder.display()
    );
    found.remove(0)
}

#[track_caller]
fn folder(variable: &str) -> PathBuf {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    folder.unwrap_or_else(|| panic!("{variable} names no packages: `cargo xtask test --package`"))
}
