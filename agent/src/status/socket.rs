//! The Unix socket: taken over from a run that is dead, never from one that lives.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::lock::{Lock, LockError};

/// Owner and group may ask, nobody else: the status names peers and addresses.
const MODE: u32 = 0o660;

/// Why there is no socket. The daemon runs without.
#[derive(Debug, Error)]
pub enum SocketError {
    /// Another daemon answers there.
    #[error("another edgeghost answers at {0}: it keeps that socket")]
    Live(PathBuf),
    /// Another daemon holds the lock beside it.
    #[error(transparent)]
    Held(LockError),
    /// Something else is in its place.
    #[error("{0} is no socket; move it away, or set status.socket to another path")]
    NoSocket(PathBuf),
    /// It cannot be made.
    #[error(
        "no socket can be made at {path}: {source}; make its folder (systemd: \
         RuntimeDirectory=edgeghost), set status.socket to another path, or to \"\" for none"
    )]
    Unavailable {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The socket, which listens. Its file goes with it.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode of its file: another's is left alone.
    identity: (u64, u64),
    _lock: Lock,
}

impl Socket {
    /// Listens at `path`.
    pub fn claim(path: &Path) -> Result<Self, SocketError> {
        let unavailable = |source| SocketError::Unavailable {
            path: path.to_owned(),
            source,
        };
        // Held from before the look at the old socket: two that start at once must not both find
        // it dead.
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        let lock = Lock::take(Path::new(&lock)).map_err(|error| match error {
            LockError::Unavailable { source, .. } => unavailable(source),
            held @ LockError::Held { .. } => SocketError::Held(held),
        })?;
        clear(path)?;
        let listener = UnixListener::bind(path).map_err(unavailable)?;
        fs::set_permissions(path, fs::Permissions::from_mode(MODE)).map_err(unavailable)?;
        listener.set_nonblocking(true).map_err(unavailable)?;
        let data = fs::symlink_metadata(path).map_err(unavailable)?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            identity: (data.dev(), data.ino()),
            _lock: lock,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The listening end. It does not block.
    pub(super) const fn listener(&self) -> &UnixListener {
        &self.listener
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let own = fs::symlink_metadata(&self.path)
            .is_ok_and(|data| (data.dev(), data.ino()) == self.identity);
        if own {
            // Where it cannot be removed, the next run finds it dead.
            drop(fs::remove_file(&self.path));
        }
    }
}

/// Removes the socket of a run that is dead.
fn clear(path: &Path) -> Result<(), SocketError> {
    let Ok(data) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !data.file_type().is_socket() {
        return Err(SocketError::NoSocket(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
        Ok(_) => return Err(SocketError::Live(path.to_owned())),
        Err(source) => {
            return Err(SocketError::Unavailable {
                path: path.to_owned(),
                source,
            });
        }
    }
    fs::remove_file(path).map_err(|source| SocketError::Unavailable {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let name = format!("edgeghost-socket-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_dead_socket_is_taken_over_and_the_own_one_is_removed() {
        let folder = folder("dead");
        let path = folder.join("status.sock");
        // Its listener is gone, its file is not: so a killed run leaves it.
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let socket = Socket::claim(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o660);
        UnixStream::connect(&path).unwrap();
        drop(socket);
        assert!(!path.exists());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_live_one_and_what_is_no_socket_are_left_alone() {
        let folder = folder("live");
        let path = folder.join("status.sock");
        let first = Socket::claim(&path).unwrap();
        let refusal = Socket::claim(&path).unwrap_err();
        assert!(matches!(refusal, SocketError::Held(_)), "{refusal}");
        drop(first);
        // Without a lock, as of another program or an older version.
        let other = UnixListener::bind(&path).unwrap();
        let refusal = Socket::claim(&path).unwrap_err();
        assert!(matches!(refusal, SocketError::Live(_)), "{refusal}");
        drop(other);
        fs::remove_file(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        let refusal = Socket::claim(&path).unwrap_err();
        assert!(matches!(refusal, SocketError::NoSocket(_)), "{refusal}");
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        fs::remove_dir_all(&folder).unwrap();
    }
}
