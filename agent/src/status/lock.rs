//! One at a time: a locked file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A file that this process holds locked, for as long as it lives: the kernel lets go of it however
/// the process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why there is no lock.
#[derive(Debug, Error)]
pub enum LockError {
    /// Somebody else holds it.
    #[error("another edgeghost{whose} is running: it holds {path}")]
    Held {
        /// ` (process 123)`, if it says so.
        whose: String,
        /// The file.
        path: PathBuf,
    },
    /// There is no place for it, as on a developer's machine.
    #[error("{path} cannot be locked: {source}")]
    Unavailable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Lock {
    /// Takes the lock `path`, a file that is made if it is not there, and stays.
    pub fn take(path: &Path) -> Result<Self, LockError> {
        let unavailable = |source| LockError::Unavailable {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(0o640);
        let mut file = options.open(path).map_err(unavailable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held {
                    whose: whose(&mut file),
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(unavailable(source)),
        }
        // Who holds it is an aid, not a need.
        let noted = file
            .set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        if let Err(error) = noted {
            log::debug!("{}: {error}", path.display());
        }
        Ok(Self { _file: file })
    }
}

/// The process id in the file, in words.
fn whose(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(16).read_to_string(&mut text);
    match (read, text.trim().parse::<u32>()) {
        (Ok(_), Ok(pid)) => format!(" (process {pid})"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_the_first_is_and_the_lock_ends_with_its_holder() {
        let folder = std::env::temp_dir().join(format!("edgeghost-lock-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("lock");
        let first = Lock::take(&path).unwrap();
        let refusal = Lock::take(&path).unwrap_err();
        let own = format!("(process {})", std::process::id());
        assert!(matches!(refusal, LockError::Held { .. }), "{refusal}");
        assert!(refusal.to_string().contains(&own), "{refusal}");
        drop(first);
        Lock::take(&path).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn without_a_folder_there_is_none() {
        let refusal = Lock::take(Path::new("/no/such/folder/lock")).unwrap_err();
        assert!(
            matches!(refusal, LockError::Unavailable { .. }),
            "{refusal}"
        );
    }
}
