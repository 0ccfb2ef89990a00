//! What stands in files and comes by pipes.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{MemfdFlags, memfd_create};

use crate::config::{Config, Sources};
use crate::path::{AsTable, AwsRanges};
use crate::{replay, runbook as runbooks, sink};

/// Gives bytes a path.
fn in_file<T>(bytes: &[u8], read: impl FnOnce(&Path) -> T) -> Option<T> {
    let mut file = File::from(memfd_create("hostile", MemfdFlags::CLOEXEC).ok()?);
    file.write_all(bytes).ok()?;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    Some(read(Path::new(&path)))
}

/// An error must say where: name the file, or a place in it.
fn told<T, E: std::fmt::Display>(path: &Path, result: Result<T, E>) -> Option<T> {
    result
        .map_err(|error| {
            let text = error.to_string();
            assert!(text.contains(&*path.to_string_lossy()), "where? {text}");
            assert!(text.len() < 8 * 1024, "{} bytes of an error", text.len());
        })
        .ok()
}

/// AWS's ranges.
pub(super) fn aws_ranges(bytes: &[u8]) -> bool {
    let read = in_file(bytes, |path| told(path, AwsRanges::read(path)));
    let Some(ranges) = read.flatten() else {
        return false;
    };
    for address in ["52.200.1.1", "255.255.255.255", "0.0.0.0", "2600:1f18::1"] {
        let Ok(address) = address.parse() else {
            continue;
        };
        let _ = ranges.find(address).map(|range| range.services().count());
        let _ = ranges.may_have_gateway(address, Some("us-east-1"));
    }
    true
}

/// A table of autonomous systems.
pub(super) fn as_table(bytes: &[u8]) -> bool {
    let read = in_file(bytes, |path| told(path, AsTable::read(&[path.to_owned()])));
    let Some(table) = read.flatten() else {
        return false;
    };
    for address in ["52.200.1.1", "255.255.255.255", "0.0.0.0", "2600:1f18::1"] {
        let _ = address.parse().map(|address| table.origin(address));
    }
    true
}

/// The configuration as a file, each line as an option, and as a variable of the environment.
pub(super) fn config(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let path = Path::new("/etc/x.toml");
    let parsed = told(path, Config::parse(text, path));
    if let Some(config) = &parsed {
        let again = config
            .to_toml()
            .map(|text| Config::parse(&text, path).map_err(|error| error.to_string()));
        assert!(
            matches!(&again, Ok(Ok(again)) if again == config),
            "{again:?} is read back of {config:?}"
        );
    }
    let lines: Vec<String> = text.lines().take(8).map(str::to_owned).collect();
    let variables = lines.iter().filter_map(|line| {
        let (name, value) = line.split_once('=')?;
        Some((format!("EDGEGHOST_{name}"), value.to_owned()))
    });
    let empty = Path::new("/dev/null");
    for options in lines.iter().map(std::slice::from_ref).chain([&[][..]]) {
        if let Ok(sources) = Sources::new(Some(empty), variables.clone(), options) {
            let _ = sources.read().map_err(|error| error.to_string());
        }
    }
    parsed.is_some()
}

/// A recording.
pub(super) fn recording(bytes: &[u8]) -> bool {
    let explain = bytes.len() % 2 == 1;
    let judged = in_file(bytes, |path| {
        let format = sink::Format::default();
        told(
            path,
            replay::run(None, path, explain, format, &mut io::sink()),
        )
    });
    judged.flatten().is_some()
}

/// Events with a recommendation. What becomes a script has nothing in it that a shell would obey
/// but the script's own words.
pub(super) fn runbook(bytes: &[u8]) -> bool {
    let mut script = Vec::new();
    let found = in_file(bytes, |path| runbooks::run(path, &[], &mut script).is_ok());
    if found != Some(true) {
        return false;
    }
    let script = String::from_utf8_lossy(&script);
    let values = script
        .split_once("# values: begin\n")
        .and_then(|(_, rest)| rest.split_once("# values: end\n"))
        .map_or("", |(values, _)| values);
    assert_eq!(values.lines().count(), 11, "{values}");
    for line in values.lines() {
        let value = line
            .split_once("='")
            .and_then(|(_, value)| value.strip_suffix('\''));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        assert!(
            value.is_some_and(|value| value.bytes().all(plain)),
            "{line}"
        );
    }
    true
}

/// The alerts of an earlier run.
pub(super) fn spool(bytes: &[u8]) -> bool {
    let Some(folder) = Folder::new() else {
        return false;
    };
    sink::hostile::spool(&folder.0, bytes)
}

/// A folder in memory, which goes with this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Option<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("edgeghost-hostile-{}-{number}", process::id());
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        let folder = parent.join(name);
        fs::create_dir(&folder).ok()?;
        Some(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
