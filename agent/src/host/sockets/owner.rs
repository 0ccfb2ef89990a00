//! Which process has a socket (`/proc/PID/fd`).

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Instant;

use crate::event::{SocketFigures, SocketProcess};

/// What a link to a socket begins with; its inode number and `]` follow.
const SOCKET: &[u8] = b"socket:[";
/// `TASK_COMM_LEN` and to spare.
const LONGEST_NAME: u64 = 64;

/// Fills in the processes that have these sockets; tells whether every process could be looked at
/// that had to be.
pub(super) fn find(sockets: &mut [&mut SocketFigures], until: Instant) -> bool {
    find_in(Path::new("/proc"), sockets, until)
}

fn find_in(proc: &Path, sockets: &mut [&mut SocketFigures], until: Instant) -> bool {
    if sockets.is_empty() {
        return true;
    }
    let Ok(entries) = fs::read_dir(proc) else {
        return false;
    };
    let mut all = true;
    for entry in entries.flatten() {
        if sockets.iter().all(|socket| socket.process.is_some()) {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        all &= look_at(&entry.path(), pid, sockets, until);
    }
    // Sockets that no process has any more are nobody's, not unknown.
    all || sockets.iter().all(|socket| socket.process.is_some())
}

/// One process. One that has ended meanwhile has been looked at.
fn look_at(path: &Path, pid: u32, sockets: &mut [&mut SocketFigures], until: Instant) -> bool {
    let entries = match fs::read_dir(path.join("fd")) {
        Ok(entries) => entries,
        Err(error) => return error.kind() == std::io::ErrorKind::NotFound,
    };
    for (number, entry) in entries.flatten().enumerate() {
        if number % 256 == 255 && Instant::now() >= until {
            return false;
        }
        let Some(inode) = fs::read_link(entry.path())
            .ok()
            .and_then(|link| inode(link.as_os_str().as_bytes()))
        else {
            continue;
        };
        for socket in sockets.iter_mut() {
            if socket.inode == inode && socket.process.is_none() {
                socket.process = Some(SocketProcess {
                    pid,
                    name: comm(path),
                });
            }
        }
    }
    true
}

pub(in crate::host) fn inode(link: &[u8]) -> Option<u32> {
    let number = link.strip_prefix(SOCKET)?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// The process's name. It may be anything that the process likes: what is not plain is replaced.
fn comm(path: &Path) -> String {
    let mut bytes = Vec::new();
    let read = File::open(path.join("comm"))
        .and_then(|file| file.take(LONGEST_NAME).read_to_end(&mut bytes));
    if read.is_err() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let plain = |character: char| {
        if character.is_control() {
            '?'
        } else {
            character
        }
    };
    text.trim_end_matches('\n').chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use crate::publish::a_socket;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
    }

    /// A folder like `/proc` with processes that have these open.
    fn proc(name: &str, processes: &[(u32, &str, &[&str])]) -> PathBuf {
        let root = std::env::temp_dir().join(format!("edgeghost-{name}-{}", std::process::id()));
        for (pid, comm, links) in processes {
            let folder = root.join(pid.to_string());
            fs::create_dir_all(folder.join("fd")).unwrap();
            fs::write(folder.join("comm"), format!("{comm}\n")).unwrap();
            for (number, link) in links.iter().enumerate() {
                symlink(link, folder.join("fd").join(number.to_string())).unwrap();
            }
        }
        root
    }

    #[test]
    fn the_process_that_has_a_socket_is_found_by_its_inode() {
        let root = proc(
            "owner",
            &[
                (1, "init", &["/dev/null", "socket:[77]"]),
                (
                    812,
                    "ngi\u{1b}nx",
                    &["pipe:[7]", "socket:[7]", "socket:[x]"],
                ),
            ],
        );
        fs::create_dir_all(root.join("self/fd")).unwrap();
        let (mut has, mut nobodys) = (a_socket(), a_socket());
        (has.inode, nobodys.inode) = (7, 70);
        let all = find_in(&root, &mut [&mut has, &mut nobodys], soon());
        fs::remove_dir_all(&root).unwrap();
        assert!(all, "every process was looked at");
        let found = has.process.unwrap();
        assert_eq!((found.pid, found.name.as_str()), (812, "ngi?nx"));
        assert_eq!(nobodys.process, None);
    }

    #[test]
    fn time_that_is_up_and_folders_that_are_closed_are_told() {
        let mut socket = a_socket();
        socket.inode = u32::MAX;
        assert!(!find(&mut [&mut socket], Instant::now()), "no time");
        assert!(find(&mut [], Instant::now()), "nothing to find");
        let nowhere = Path::new("/no/such/folder");
        assert!(!find_in(nowhere, &mut [&mut socket], soon()));
    }

    #[test]
    fn this_process_has_its_own_sockets() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let link = format!(
            "/proc/self/fd/{}",
            std::os::fd::AsRawFd::as_raw_fd(&listener)
        );
        let link = fs::read_link(link).unwrap();
        let mut socket = a_socket();
        socket.inode = inode(link.as_os_str().as_bytes()).unwrap();
        find(&mut [&mut socket], soon());
        assert_eq!(socket.process.unwrap().pid, std::process::id());
    }
}
