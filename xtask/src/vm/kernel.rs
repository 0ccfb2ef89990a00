//! Kernels to boot: Debian's, downloaded and unpacked once, or one that somebody names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};

use crate::{exec, setup, ui};

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Debian's newest cloud kernel of a series, such as `6.12`.
    Series(String),
    /// A kernel package, or a folder that one was unpacked to.
    Path(PathBuf),
}

/// A kernel, unpacked.
#[derive(Debug)]
pub(super) struct Kernel {
    /// Its full name, as `uname -r` tells it.
    pub(super) release: String,
    /// What QEMU boots.
    pub(super) image: PathBuf,
    /// Folder of its modules, with the tables of depmod(8), nothing compressed.
    pub(super) modules: PathBuf,
}

/// How modules are compressed, and what unpacks them in place.
const COMPRESSED: [(&str, &[&str]); 3] = [
    ("xz", &["xz", "--decompress", "--force"]),
    (
        "zst",
        &["zstd", "--decompress", "--force", "--rm", "--quiet"],
    ),
    ("gz", &["gzip", "--decompress", "--force"]),
];

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if let Some((major, minor)) = text.split_once('.')
            && number(major)
            && number(minor)
        {
            return Ok(Self::Series(text.to_owned()));
        }
        let path = PathBuf::from(text);
        if path.exists() {
            // Commands run from other folders.
            return path
                .canonicalize()
                .map(Self::Path)
                .map_err(|error| error.to_string());
        }
        Err("neither a series such as 6.12 nor an existing package or folder".to_owned())
    }
}

impl Choice {
    /// The kernel, ready to boot. What was unpacked under `cache` before is used as it is.
    pub(super) fn prepare(&self, cache: &Path) -> Result<Kernel> {
        let folder = cache.join(self.name());
        if matches!(self, Self::Path(_)) && folder.exists() {
            // Somebody's own kernel changes without changing its name.
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        if !folder.exists() {
            let fresh = cache.join(format!("{}.new", self.name()));
            make_empty(&fresh)?;
            self.unpack_to(&fresh)?;
            make_tables(&fresh)?;
            // Last of all: a folder under its final name is whole.
            fs::rename(&fresh, &folder)
                .with_context(|| format!("cannot rename {}", fresh.display()))?;
        }
        find(&folder)
    }

    fn name(&self) -> String {
        match self {
            Self::Series(series) => series.clone(),
            Self::Path(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                format!("given-{}", name.to_string_lossy())
            }
        }
    }

    fn unpack_to(&self, folder: &Path) -> Result<()> {
        match self {
            Self::Series(series) => {
                let package = download(series, folder)?;
                unpack(&package, folder)?;
                fs::remove_file(&package)
                    .with_context(|| format!("cannot remove {}", package.display()))
            }
            Self::Path(path) if path.is_dir() => {
                let mut command = Command::new("cp");
                command.arg("--archive");
                let parts = ["boot", "lib"].map(|part| path.join(part));
                exec::run(command.args(parts).arg(folder))
            }
            Self::Path(path) => unpack(path, folder),
        }
    }
}

/// Downloads the newest kernel package of a series. apt sees to it that it is Debian's.
fn download(series: &str, folder: &Path) -> Result<PathBuf> {
    ui::step(format_args!("downloading Debian's cloud kernel {series}"));
    let attempt = || {
        let package = newest(series)?;
        let mut command = Command::new("apt-get");
        exec::run(
            command
                .args(["download", "--quiet=2", &package])
                .current_dir(folder),
        )
    };
    attempt().or_else(|error| {
        // The lists may be old, or never have been read: what they name may be gone by now.
        ui::say(format_args!("    {error:#}"));
        setup::read_package_lists()?;
        attempt()
    })
    .with_context(|| {
        format!(
            "kernel {series} cannot be downloaded: apt needs a Debian mirror with it; a package at \
             hand does as well, `--kernel linux-image-….deb`"
        )
    })?;
    only(folder, "the downloaded package", |name| {
        name.starts_with("linux-image-")
    })
}

/// The package that Debian's name for "the newest of this series" stands for at present.
fn newest(series: &str) -> Result<String> {
    for name in [
        format!("linux-image-{series}-cloud-amd64"),
        "linux-image-cloud-amd64".to_owned(),
    ] {
        let mut command = Command::new("apt-cache");
        // It complains where the name is unknown, which is no error here.
        let listed = exec::capture(command.args(["depends", &name])).unwrap_or_default();
        if let Some(package) = image_of(&listed, series) {
            return Ok(package.to_owned());
        }
    }
    bail!(
        "apt knows no cloud kernel {series} (Debian 12 has 6.1 and, among its security updates, \
         6.12): name a kernel package instead, `--kernel linux-image-….deb`"
    )
}

/// The image of `series` in the answer of `apt-cache depends`.
fn image_of<'a>(listed: &'a str, series: &str) -> Option<&'a str> {
    listed
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .find(|package| {
            package
                .strip_prefix("linux-image-")
                .and_then(|rest| rest.strip_prefix(series))
                .is_some_and(|rest| rest.starts_with('.'))
        })
}

fn unpack(package: &Path, folder: &Path) -> Result<()> {
    exec::run(Command::new("dpkg-deb").arg("-x").arg(package).arg(folder))
}

/// Unpacks compressed modules and writes the tables of depmod(8): a package has neither.
fn make_tables(folder: &Path) -> Result<()> {
    let kernel = find(folder)?;
    let files = files_below(&kernel.modules)?;
    for (ending, words) in COMPRESSED {
        let packed: Vec<_> = files
            .iter()
            .filter(|file| file.extension().is_some_and(|found| found == ending))
            .collect();
        // Many a time, as a command line has a limit.
        for some in packed.chunks(200) {
            let mut command = Command::new(words.first().copied().unwrap_or_default());
            command.args(words.get(1..).unwrap_or_default()).args(some);
            let status = command.status().with_context(|| {
                format!(
                    "cannot unpack modules: {} is not installed",
                    words.join(" ")
                )
            })?;
            if !status.success() {
                bail!(
                    "cannot unpack modules: `{}` failed: {status}",
                    words.join(" ")
                );
            }
        }
    }
    let mut command = Command::new("busybox");
    command.args(["depmod", "-b"]).arg(folder);
    exec::run(command.arg(&kernel.release))
}

/// What was unpacked to `folder`.
fn find(folder: &Path) -> Result<Kernel> {
    let image = only(&folder.join("boot"), "a kernel", |name| {
        name.starts_with("vmlinuz-")
    })?;
    let name = image.file_name().unwrap_or_default().to_string_lossy();
    let release = name.trim_start_matches("vmlinuz-").to_owned();
    let modules = folder.join("lib/modules").join(&release);
    if !modules.is_dir() {
        bail!("{} holds no lib/modules/{release}", folder.display());
    }
    Ok(Kernel {
        release,
        image,
        modules,
    })
}

/// The one entry of `folder` whose name fits.
fn only(folder: &Path, what: &str, fits: impl Fn(&str) -> bool) -> Result<PathBuf> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("{what} is missing in {}", folder.display()))?;
    let mut found: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(&fits)
        })
        .collect();
    match (found.pop(), found.is_empty()) {
        (Some(path), true) => Ok(path),
        (None, _) => bail!("{what} is missing in {}", folder.display()),
        _ => bail!("more than one of {what} in {}", folder.display()),
    }
}

/// Every file below `folder`.
pub(super) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let context = || format!("cannot read {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(context)? {
            let entry = entry.with_context(context)?;
            match entry.file_type().with_context(context)? {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    Ok(files)
}

/// Makes `folder`, without what an earlier attempt left there.
fn make_empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_told_from_a_path() {
        assert_eq!("6.12".parse(), Ok(Choice::Series("6.12".to_owned())));
        assert!(matches!("/".parse(), Ok(Choice::Path(_))));
        for wrong in ["6.", ".1", "6.x", "6", "6.1.2", "/no/such/folder"] {
            let error = wrong.parse::<Choice>().unwrap_err();
            assert!(error.contains("such as 6.12"), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_series_is_not_taken_for_another_that_begins_like_it() {
        let listed = "linux-image-cloud-amd64\n  Depends: linux-image-6.12.117+deb12-cloud-amd64\n";
        assert_eq!(
            image_of(listed, "6.12"),
            Some("linux-image-6.12.117+deb12-cloud-amd64")
        );
        assert_eq!(image_of(listed, "6.1"), None);
    }

    #[test]
    fn what_is_no_kernel_is_refused_with_its_name() {
        let error = find(exec::workspace_root()).unwrap_err().to_string();
        assert!(error.starts_with("a kernel is missing in /"), "{error}");
    }
}
