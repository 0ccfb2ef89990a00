//! A small system below a folder: a shell, what the scripts call, and doubles that write down how
//! they were called.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use edgeghost_tests::temp::TempDir;
use edgeghost_tests::tool;

/// Programs that the scripts call, with their libraries.
const PROGRAMS: [&str; 6] = [
    "sh",
    "rm",
    "rmdir",
    "getent",
    "systemd-sysusers",
    "systemd-tmpfiles",
];

/// Called by the scripts, and only written down.
const DOUBLES: [&str; 3] = ["systemctl", "deb-systemd-helper", "deb-systemd-invoke"];

/// What installing anything changes, package or not.
const OF_THE_SYSTEM: [&str; 5] = ["calls", "var/lib/dpkg", "var/lib/rpm", "etc", "var/cache"];

pub(crate) struct Root {
    folder: TempDir,
}

impl Root {
    /// As it is while an image is made: no systemd runs.
    pub(crate) fn new() -> Self {
        assert!(
            tool::is_root(),
            "the package tests need root: best with `cargo xtask test --package`"
        );
        let root = Self {
            folder: TempDir::new().unwrap(),
        };
        for folder in [
            "usr/bin",
            "usr/lib",
            "usr/lib64",
            "usr/sbin",
            "etc",
            "dev",
            "proc",
            "run",
            "tmp",
            "var/log",
            "var/lib/dpkg/info",
            "var/lib/dpkg/updates",
            "var/lib/rpm",
            "var/tmp",
        ] {
            fs::create_dir_all(root.at(folder)).unwrap();
        }
        for name in ["bin", "lib", "lib64", "sbin"] {
            symlink(format!("usr/{name}"), root.at(name)).unwrap();
        }
        for (name, text) in [
            ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
            ("etc/group", "root:x:0:\n"),
            ("dev/null", ""),
            ("calls", ""),
            ("var/lib/dpkg/status", ""),
            ("var/lib/dpkg/available", ""),
        ] {
            fs::write(root.at(name), text).unwrap();
        }
        for name in PROGRAMS {
            root.copy_program(name);
        }
        for name in DOUBLES {
            let script = format!("#!/bin/sh\necho {name} \"$@\" >>/calls\n");
            let path = root.at("usr/bin").join(name);
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        root
    }

    /// As on a host whose systemd runs.
    pub(crate) fn with_systemd() -> Self {
        let root = Self::new();
        fs::create_dir_all(root.at("run/systemd/system")).unwrap();
        root
    }

    /// A path below it.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        fs::symlink_metadata(self.at(path)).is_ok()
    }

    /// How the doubles were called since the last time, a line each.
    pub(crate) fn calls(&self) -> String {
        let calls = self.read("calls");
        fs::write(self.at("calls"), "").unwrap();
        calls
    }

    /// Every path below it that is named after edgeghost, and every file that is not the system's.
    pub(crate) fn paths(&self) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let entry = entry.unwrap();
                let is_folder = entry.file_type().unwrap().is_dir();
                if is_folder {
                    folders.push(entry.path());
                }
                let path = entry.path();
                let path = path.strip_prefix(self.path()).unwrap();
                let ours = path.to_str().unwrap().contains("edgeghost");
                // Folders that many packages share belong to another one.
                let elsewhere =
                    is_folder || OF_THE_SYSTEM.iter().any(|system| path.starts_with(system));
                if ours || !elsewhere {
                    found.insert(path.to_owned());
                }
            }
        }
        // What the package managers themselves keep of it.
        found.retain(|path| !path.starts_with("var/lib/dpkg/info"));
        found
    }

    /// Runs a program of the host, and fails unless it succeeds.
    #[track_caller]
    pub(crate) fn run(&self, program: &str, args: &[&str], package: &Path) -> String {
        let output = self.try_run(program, args, package);
        let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "{program} {args:?}: {said}");
        said
    }

    /// A host whose systemd runs has a `/proc`, which is gone with the namespace of its mount.
    fn try_run(&self, program: &str, args: &[&str], package: &Path) -> Output {
        let mut command = if self.has("run/systemd/system") {
            let mut command = tool::command("unshare");
            command
                .args(["--mount", "sh", "-ec"])
                .arg("mount -t proc proc \"$0\" && exec \"$@\"")
                .arg(self.at("proc"))
                .arg(program);
            command
        } else {
            tool::command(program)
        };
        command.args(args);
        if !package.as_os_str().is_empty() {
            command.arg(package);
        }
        command.output().unwrap()
    }

    /// A program of the host, where it is there, and the libraries that it is linked with.
    fn copy_program(&self, name: &str) {
        let folders = ["/usr/bin", "/usr/sbin"];
        let paths = folders.iter().map(|folder| Path::new(folder).join(name));
        let path = paths.into_iter().find(|path| path.exists());
        let path = path.unwrap_or_else(|| panic!("{name} is not installed here"));
        self.copy(&path, &format!("usr/bin/{name}"));
        let output = Command::new("ldd").arg(&path).output().unwrap();
        let libraries = String::from_utf8(output.stdout).unwrap();
        for library in libraries.split_whitespace().filter(|w| w.starts_with('/')) {
            // The folders of the root are merged as the host's are.
            let inside = library.trim_start_matches('/');
            let inside = if inside.starts_with("usr/") {
                inside.to_owned()
            } else {
                format!("usr/{inside}")
            };
            self.copy(Path::new(library), &inside);
        }
    }

    fn copy(&self, from: &Path, to: &str) {
        let to = self.at(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, &to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    }
}
