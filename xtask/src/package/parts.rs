//! What is in a package, and where it lies on the host: one table.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{Arch, Release};
use crate::exec;

/// Where zsh looks for completions differs; a tarball is not installed at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Debian, Ubuntu.
    Debian,
    /// Fedora, RHEL, Amazon Linux.
    Fedora,
    /// Whoever unpacks a tarball.
    Any,
}

/// Files as they lie on the host, under a folder.
#[derive(Debug)]
pub(super) struct Tree {
    /// The folder.
    pub(super) root: PathBuf,
    /// What an operator may change, as `/etc/edgeghost/edgeghost.toml`.
    pub(super) settings: Vec<String>,
}

/// Files of the repository, and their places.
const FILES: [(&str, &str); 11] = [
    (
        "packaging/systemd/edgeghost.service",
        "usr/lib/systemd/system/edgeghost.service",
    ),
    (
        "packaging/sysusers/edgeghost.conf",
        "usr/lib/sysusers.d/edgeghost.conf",
    ),
    (
        "packaging/tmpfiles/edgeghost.conf",
        "usr/lib/tmpfiles.d/edgeghost.conf",
    ),
    ("README.md", "usr/share/doc/edgeghost/README.md"),
    ("CHANGELOG.md", "usr/share/doc/edgeghost/CHANGELOG.md"),
    ("LICENSE-MIT", "usr/share/doc/edgeghost/LICENSE-MIT"),
    ("LICENSE-APACHE", "usr/share/doc/edgeghost/LICENSE-APACHE"),
    ("LICENSE-GPL-2.0", "usr/share/doc/edgeghost/LICENSE-GPL-2.0"),
    ("agent/docs/advice.md", "usr/share/doc/edgeghost/advice.md"),
    (
        "agent/docs/detection.md",
        "usr/share/doc/edgeghost/detection.md",
    ),
    (
        "agent/docs/recording.md",
        "usr/share/doc/edgeghost/recording.md",
    ),
];

/// Where Debian has every package tell its licences.
const COPYRIGHT: (&str, &str) = (
    "packaging/deb/copyright",
    "usr/share/doc/edgeghost/copyright",
);

/// Examples of what others need to take in events or figures; each folder that is there.
const EXAMPLES: [&str; 7] = [
    "logrotate",
    "vector",
    "fluent-bit",
    "cloudwatch",
    "rsyslog",
    "grafana",
    "prometheus",
];

impl Tree {
    /// Puts everything in its place.
    pub(super) fn lay_out(
        release: &Release,
        arch: Arch,
        family: Family,
        program: &Path,
        manual: &Path,
    ) -> Result<Self> {
        let root = release.empty_folder(&format!("{}-{family:?}", arch.name()))?;
        let mut tree = Self {
            root,
            settings: Vec::new(),
        };
        tree.put(program, "usr/bin/edgeghost", 0o755)?;
        for (from, to) in FILES {
            tree.put(&exec::workspace_root().join(from), to, 0o644)?;
        }
        if family == Family::Debian {
            let (from, to) = COPYRIGHT;
            tree.put(&exec::workspace_root().join(from), to, 0o644)?;
        }
        tree.examples()?;
        tree.manual(manual, family)?;
        tree.stamp(&release.epoch)?;
        Ok(tree)
    }

    fn examples(&self) -> Result<()> {
        for name in EXAMPLES {
            let folder = exec::workspace_root().join("packaging").join(name);
            let Ok(entries) = fs::read_dir(&folder) else {
                continue;
            };
            for entry in entries {
                let entry = entry?;
                let file = entry.file_name();
                let to = Path::new("usr/share/doc/edgeghost/examples")
                    .join(name)
                    .join(&file);
                if entry.file_type()?.is_file() {
                    self.put(&entry.path(), &to.to_string_lossy(), 0o644)?;
                }
            }
        }
        Ok(())
    }

    /// Manual pages, completions, and the sample configuration.
    fn manual(&mut self, folder: &Path, family: Family) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let zsh = match family {
                Family::Debian => "vendor-completions",
                Family::Fedora | Family::Any => "site-functions",
            };
            let to = match name.as_ref() {
                "edgeghost.bash" => "usr/share/bash-completion/completions/edgeghost".to_owned(),
                "_edgeghost" => format!("usr/share/zsh/{zsh}/_edgeghost"),
                "edgeghost.fish" => "usr/share/fish/vendor_completions.d/edgeghost.fish".to_owned(),
                "edgeghost.toml" => {
                    self.settings
                        .push("/etc/edgeghost/edgeghost.toml".to_owned());
                    "etc/edgeghost/edgeghost.toml".to_owned()
                }
                page => format!("usr/share/man/man1/{page}"),
            };
            self.put(&path, &to, 0o644)?;
        }
        Ok(())
    }

    fn put(&self, from: &Path, to: &str, mode: u32) -> Result<()> {
        let content = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
        self.write(&content, to)?;
        let to = self.root.join(to);
        fs::set_permissions(&to, fs::Permissions::from_mode(mode))
            .with_context(|| format!("cannot set the mode of {}", to.display()))
    }

    fn write(&self, bytes: &[u8], to: &str) -> Result<()> {
        let to = self.root.join(to);
        let context = || format!("cannot write {}", to.display());
        fs::create_dir_all(to.parent().unwrap_or(&self.root)).with_context(context)?;
        fs::write(&to, bytes).with_context(context)?;
        fs::set_permissions(&to, fs::Permissions::from_mode(0o644)).with_context(context)
    }

    /// Gives everything the modes and the time that it has on every machine.
    fn stamp(&self, epoch: &str) -> Result<()> {
        let mut modes = Command::new("find");
        modes
            .arg(&self.root)
            .args(["-type", "d", "-exec", "chmod", "0755", "{}", "+"]);
        exec::run(&mut modes)?;
        let mut times = Command::new("find");
        times
            .arg(&self.root)
            .args(["-exec", "touch", "--no-dereference", "--date"])
            .arg(format!("@{epoch}"))
            .args(["{}", "+"]);
        exec::run(&mut times)
    }

    /// All files, as paths on the host.
    pub(super) fn files(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    folders.push(entry.path());
                } else {
                    let path = entry.path();
                    let path = path.strip_prefix(&self.root)?;
                    found.push(format!("/{}", path.display()));
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// What it takes on disk, KiB.
    pub(super) fn kibibytes(&self) -> Result<u64> {
        let mut bytes = 0;
        for file in self.files()? {
            bytes += fs::metadata(self.root.join(file.trim_start_matches('/')))?.len();
        }
        Ok(bytes.div_ceil(1_024))
    }
}
