//! The package for Fedora, RHEL and Amazon Linux, by `rpmbuild`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::parts::Tree;
use super::{Arch, Release};
use crate::exec;

/// Makes it of `tree`.
pub(super) fn make(release: &Release, arch: Arch, tree: &Tree) -> Result<()> {
    let work = release.empty_folder(&format!("{}-rpmbuild", arch.name()))?;
    let files = work.join("files");
    fs::write(&files, list(tree)?).context("cannot write the list of files")?;
    let spec = exec::workspace_root().join("packaging/rpm/edgeghost.spec");
    let define = |name: &str, value: &str| ["--define".to_owned(), format!("{name} {value}")];
    let settings = [
        define("_topdir", &work.to_string_lossy()),
        define("_rpmdir", &release.output.to_string_lossy()),
        define(
            "_build_name_fmt",
            "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
        ),
        // Read by every rpm from 4.12 on; newer ones compress with zstd by default.
        define("_binary_payload", "w6.xzdio"),
        define("edgeghost_version", &release.version),
        define("edgeghost_license", &release.license),
        define("edgeghost_tree", &tree.root.to_string_lossy()),
        define("edgeghost_files", &files.to_string_lossy()),
        // The tree is finished: nothing is stripped, compressed or searched for interpreters.
        define("__os_install_post", "%{nil}"),
        define("debug_package", "%{nil}"),
        define("_build_id_links", "none"),
        // The same on every machine and at every time.
        define("_buildhost", "localhost"),
        define("use_source_date_epoch_as_buildtime", "1"),
        define("clamp_mtime_to_source_date_epoch", "1"),
    ];
    let mut command = Command::new("rpmbuild");
    command
        .args(["-bb", "--quiet", "--nodeps", "--target"])
        .arg(format!("{}-linux", arch.name()))
        .args(settings.as_flattened())
        .arg(spec)
        .env("SOURCE_DATE_EPOCH", &release.epoch);
    exec::run(&mut command)
}

/// The files as a spec lists them.
fn list(tree: &Tree) -> Result<String> {
    let files = tree.files()?;
    // Folders that no other package has: rpm removes only those that it was told of.
    let own: BTreeSet<&Path> = files
        .iter()
        .flat_map(|file| Path::new(file).ancestors().skip(1))
        .filter(|folder| {
            folder
                .components()
                .any(|part| part.as_os_str() == "edgeghost")
        })
        .collect();
    let mut text = String::from("%defattr(-, root, root)\n");
    for folder in own {
        let _ = writeln!(text, "%dir %attr(0755, root, root) {}", folder.display());
    }
    for file in &files {
        if tree.settings.contains(file) {
            // What was changed stays, and the new one comes beside it as .rpmnew.
            text.push_str("%config(noreplace) ");
        } else if file.starts_with("/usr/share/doc/") || file.starts_with("/usr/share/man/") {
            text.push_str("%doc ");
        }
        text.push_str(file);
        text.push('\n');
    }
    Ok(text)
}
