//! The same files for whoever has neither dpkg nor rpm: to be unpacked at `/`, or taken apart.

use std::process::Command;

use anyhow::Result;

use super::parts::Tree;
use super::{Arch, Release};
use crate::exec;

/// Makes it of `tree`.
pub(super) fn make(release: &Release, arch: Arch, tree: &Tree) -> Result<()> {
    let name = format!("edgeghost-{}-{}-linux.tar", release.version, arch.name());
    let archive = release.output.join(name);
    let mut tar = Command::new("tar");
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner"])
        .args(["--format=gnu", "--create"])
        .arg(format!("--mtime=@{}", release.epoch))
        .arg(format!("--file={}", archive.display()))
        .arg("--directory")
        .arg(&tree.root)
        .arg(".");
    exec::run(&mut tar)?;
    exec::run(
        Command::new("gzip")
            .args(["-9", "-n", "--force"])
            .arg(archive),
    )
}
