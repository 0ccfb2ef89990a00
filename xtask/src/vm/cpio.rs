//! Writes the archive that a kernel takes its first root folder from: cpio of the form `newc`
//! (Documentation/driver-api/early-userspace/buffer-format.rst of the kernel).

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// A root folder in memory. Everything in it belongs to root.
#[derive(Debug, Default)]
pub(super) struct Archive {
    entries: BTreeMap<PathBuf, Entry>,
}

#[derive(Debug)]
enum Entry {
    Folder,
    File { content: Vec<u8>, mode: u32 },
    Link { to: PathBuf },
}

/// `S_IFDIR`, `S_IFREG` and `S_IFLNK` of stat.h.
const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// The name that ends an archive.
const TRAILER: &str = "TRAILER!!!";

impl Archive {
    /// An empty folder, and those above it.
    pub(super) fn folder(&mut self, path: impl AsRef<Path>) {
        let path = relative(path.as_ref());
        for folder in path.ancestors().filter(|path| *path != Path::new("")) {
            let entry = self.entries.entry(folder.to_owned());
            entry.or_insert(Entry::Folder);
        }
    }

    /// A file that anybody may read and run.
    pub(super) fn program(&mut self, path: impl AsRef<Path>, content: Vec<u8>) {
        self.insert(
            path.as_ref(),
            Entry::File {
                content,
                mode: 0o755,
            },
        );
    }

    /// A file that anybody may read.
    pub(super) fn file(&mut self, path: impl AsRef<Path>, content: impl Into<Vec<u8>>) {
        let content = content.into();
        self.insert(
            path.as_ref(),
            Entry::File {
                content,
                mode: 0o644,
            },
        );
    }

    /// A symbolic link.
    pub(super) fn link(&mut self, path: impl AsRef<Path>, to: impl Into<PathBuf>) {
        self.insert(path.as_ref(), Entry::Link { to: to.into() });
    }

    /// Whether there is something at `path`.
    pub(super) fn holds(&self, path: &Path) -> bool {
        self.entries.contains_key(&relative(path))
    }

    fn insert(&mut self, path: &Path, entry: Entry) {
        if let Some(folder) = path.parent() {
            self.folder(folder);
        }
        self.entries.insert(relative(path), entry);
    }

    /// The archive's bytes. A path sorts behind the folders above it, which is the order that the
    /// kernel needs.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (number, (path, entry)) in (1..).zip(&self.entries) {
            let (mode, content) = match entry {
                Entry::Folder => (FOLDER | 0o755, &[][..]),
                Entry::File { content, mode } => (FILE | mode, content.as_slice()),
                Entry::Link { to } => (LINK | 0o777, to.as_os_str().as_encoded_bytes()),
            };
            let name = path.as_os_str().as_encoded_bytes();
            append(&mut bytes, number, mode, name, content);
        }
        append(&mut bytes, 0, 0, TRAILER.as_bytes(), &[]);
        bytes
    }
}

/// One member: a header of thirteen numbers of eight hexadecimal digits, the name with a zero
/// byte, the content; the last two each filled up to a multiple of four bytes.
fn append(bytes: &mut Vec<u8>, inode: usize, mode: u32, name: &[u8], content: &[u8]) {
    let mode = usize::try_from(mode).unwrap_or_default();
    let links = 1;
    let [owner, group, time, device, sum] = [0; 5];
    let numbers = [
        inode,
        mode,
        owner,
        group,
        links,
        time,
        content.len(),
        device,
        device,
        device,
        device,
        name.len() + 1,
        sum,
    ];
    bytes.extend(b"070701");
    for number in numbers {
        bytes.extend(format!("{number:08X}").bytes());
    }
    bytes.extend(name);
    bytes.push(0);
    fill(bytes);
    bytes.extend(content);
    fill(bytes);
}

fn fill(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// Names in the archive have no leading slash.
fn relative(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_stands_before_what_is_in_it() {
        let mut archive = Archive::default();
        archive.program("/usr/bin/b", b"xy".to_vec());
        archive.link("/usr/a", "bin/b");
        archive.file("/z", "1");
        let names: Vec<_> = archive.entries.keys().map(|path| path.display()).collect();
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["usr", "usr/a", "usr/bin", "usr/bin/b", "z"]);
        assert!(archive.holds(Path::new("/usr/bin")) && !archive.holds(Path::new("/bin")));
    }

    #[test]
    fn a_member_is_written_as_the_kernel_reads_it() {
        let mut archive = Archive::default();
        archive.program("/ab", b"xyz".to_vec());
        let bytes = archive.bytes();
        let header = "0707010000000100_0081ED".replace('_', "");
        assert!(bytes.starts_with(header.as_bytes()));
        // 110 bytes of header, `ab` and its zero, filled up to 116; then the content.
        assert_eq!(bytes.get(110..120), Some(&b"ab\0\0\0\0xyz\0"[..]));
        assert_eq!(bytes.get(54..62), Some(&b"00000003"[..]), "length");
        assert_eq!(bytes.get(94..102), Some(&b"00000003"[..]), "name's length");
        let end = bytes.windows(10).position(|window| window == b"TRAILER!!!");
        assert_eq!(end, Some(120 + 110));
        assert_eq!(bytes.len() % 4, 0);
    }

    #[test]
    fn a_folder_made_twice_keeps_what_is_in_it() {
        let mut archive = Archive::default();
        archive.file("/etc/hosts", "here");
        archive.folder("/etc");
        assert_eq!(archive.entries.len(), 2);
        assert!(archive.holds(Path::new("etc/hosts")));
    }
}
