//! Landlock: the files that the agent may still reach.

use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, LandlockStatus, PathBeneath, PathFd, RestrictionStatus,
    Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetError,
    RulesetStatus,
};

use crate::config::Config;
use crate::event::{Fence, FenceState};
use crate::sink::Settings;

/// What is asked for; an older kernel gives what it has. What came after it (networks, signals) is
/// not used.
const ASKED: ABI = ABI::V5;

/// Read in any case: the kernel's figures, the configuration, and what looking up a name takes.
const READABLE: [&str; 9] = [
    "/proc",
    "/sys",
    "/etc/edgeghost",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/ssl",
    "/etc/pki",
    "/dev/urandom",
];

/// Written in any case, where they exist: the folders that packages make.
const WRITABLE: [&str; 4] = [
    "/run/edgeghost",
    "/var/lib/edgeghost",
    "/var/log/edgeghost",
    "/dev/null",
];

/// Files and folders that the agent was told of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folders {
    /// Read.
    pub readable: Vec<PathBuf>,
    /// Read, written, made and removed.
    pub writable: Vec<PathBuf>,
}

impl Folders {
    /// Those that the settings name.
    pub fn of(config: &Config) -> Self {
        let mut folders = Self::default();
        for file in &config.path.as_table {
            folders.reads(file);
        }
        folders.reads(&config.path.aws_ranges);
        if let Some(socket) = config.status.socket() {
            folders.writes(socket);
        }
        if let Some(spool) = config.spool.settings() {
            folders.keeps(&spool.folder);
        }
        folders
    }

    /// Those of outputs.
    pub fn sinks(&mut self, sinks: &[Settings]) {
        for path in sinks.iter().filter_map(|sink| sink.target.path()) {
            self.writes(path);
        }
    }

    /// The folder of a file that may be replaced by another of its name is read.
    pub fn reads(&mut self, file: &Path) {
        self.readable.extend(reach(file));
    }

    /// A folder is written, and made when it is first needed.
    pub fn keeps(&mut self, folder: &Path) {
        let there = folder.is_dir();
        let reachable = if there { Some(folder) } else { folder.parent() };
        self.writable.extend(reachable.map(Path::to_owned));
    }

    /// The folder of a file that is written is written: files are rotated, sockets are made anew.
    pub fn writes(&mut self, file: &Path) {
        self.writable.extend(reach(file));
    }
}

/// What must be reachable so that `file` is: its folder, and that of the file behind a link; of a
/// folder, a device or a pipe only the thing itself.
fn reach(file: &Path) -> Vec<PathBuf> {
    if file.as_os_str().is_empty() || file == Path::new("-") {
        return Vec::new();
    }
    let itself = |kind: fs::FileType| {
        kind.is_dir() || kind.is_fifo() || kind.is_char_device() || kind.is_block_device()
    };
    if fs::metadata(file).is_ok_and(|data| itself(data.file_type())) {
        return vec![file.to_owned()];
    }
    let folder = |path: &Path| match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => path.to_owned(),
    };
    let mut folders = vec![folder(file)];
    if let Ok(real) = fs::canonicalize(file) {
        folders.push(folder(&real));
    }
    folders
}

/// Closes everything but these.
pub(super) fn fence(folders: &Folders) -> Fence {
    match restrict(folders) {
        Ok(status) => told(&status),
        Err(error) => super::failed(error.to_string()),
    }
}

fn restrict(folders: &Folders) -> Result<RestrictionStatus, RulesetError> {
    let read = AccessFs::from_read(ASKED) & !AccessFs::Execute;
    let all = AccessFs::from_all(ASKED);
    let never = AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock;
    let ruleset = Ruleset::default().handle_access(all)?.create()?;
    let ruleset = allow(ruleset, &named(&READABLE, &folders.readable), read)?;
    let ruleset = allow(ruleset, &named(&WRITABLE, &folders.writable), all & !never)?;
    ruleset.restrict_self()
}

fn named(always: &[&str], more: &[PathBuf]) -> Vec<PathBuf> {
    always
        .iter()
        .map(PathBuf::from)
        .chain(more.iter().cloned())
        .collect()
}

fn allow(
    mut ruleset: RulesetCreated,
    paths: &[PathBuf],
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    for path in paths {
        // What is not there now cannot be opened later either, and most of it never will be there.
        let Ok(opened) = PathFd::new(path) else {
            continue;
        };
        let is_folder = fs::metadata(path).is_ok_and(|data| data.is_dir());
        let access = if is_folder {
            access
        } else {
            access & AccessFs::from_file(ASKED)
        };
        ruleset = ruleset.add_rule(PathBeneath::new(opened, access))?;
    }
    Ok(ruleset)
}

fn told(status: &RestrictionStatus) -> Fence {
    let abi = match status.landlock {
        LandlockStatus::Available { effective_abi, .. } => u32::try_from(effective_abi as i32).ok(),
        LandlockStatus::NotEnabled => {
            return super::failed("the kernel has it, and was started without".to_owned());
        }
        LandlockStatus::NotImplemented => {
            return super::failed("this kernel does not have it".to_owned());
        }
    };
    let (state, reason) = match status.ruleset {
        RulesetStatus::FullyEnforced => (FenceState::On, None),
        RulesetStatus::PartiallyEnforced => (
            FenceState::Partial,
            Some("this kernel cannot refuse every use of a file".to_owned()),
        ),
        RulesetStatus::NotEnforced => {
            return super::failed("the kernel did not put it in force".to_owned());
        }
    };
    Fence { state, abi, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_reached_through_its_folder_a_device_by_itself() {
        let paths = |file: &str| reach(Path::new(file));
        assert_eq!(paths("-"), Vec::<PathBuf>::new());
        assert_eq!(paths(""), Vec::<PathBuf>::new());
        assert_eq!(paths("events.ndjson"), [PathBuf::from(".")]);
        assert_eq!(paths("/no/such/file"), [PathBuf::from("/no/such")]);
        assert_eq!(paths("/dev/null"), [PathBuf::from("/dev/null")]);
    }

    /// On a thread of its own, which then reaches less than the others.
    #[test]
    fn what_was_not_named_is_out_of_reach() {
        let folder = std::env::temp_dir().join(format!("edgeghost-files-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut folders = Folders::default();
        folders.writes(&folder.join("events.ndjson"));
        let inside = folder.clone();
        let child = std::thread::spawn(move || {
            let fence = fence(&folders);
            let file = inside.join("events.ndjson");
            let written = fs::write(&file, "x").and_then(|()| fs::rename(&file, inside.join("1")));
            let other = fs::read_to_string("/etc/passwd").map(drop);
            let beside = fs::write(inside.with_extension("beside"), "x");
            let status = fs::read_to_string("/proc/self/status").map(drop);
            (fence, written, other, beside, status)
        });
        let (fence, written, other, beside, status) = child.join().unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert!(written.is_ok() && status.is_ok(), "{written:?} {status:?}");
        let denied = |result: std::io::Result<()>| {
            result.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
        };
        // A kernel without it refuses nothing, and says so.
        let there = fence.state != FenceState::Failed;
        assert_eq!((denied(other), denied(beside)), (there, there), "{fence:?}");
        assert_eq!(fence.abi.is_some(), there, "{fence:?}");
    }
}
