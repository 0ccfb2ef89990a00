//! `edgeghost status`: asking the running daemon.

use std::io::{self, Read as _, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use thiserror::Error;

use super::table::{View, table};

/// The daemon answers at once, unless it is stopped or the host is badly overloaded.
const PATIENCE: Duration = Duration::from_secs(5);

/// No status is as long as this.
const LONGEST: u64 = 16 * 1024 * 1024;

/// A status is renewed each second; one as old as this is of a daemon that hangs, seconds.
const STALE_S: f64 = 30.0;

/// Why there is no good news.
#[derive(Debug, Error)]
pub enum AskError {
    /// All is told; an incident is open (exit code 4).
    #[error("an incident is open")]
    Incident,
    /// No daemon answers there (exit code 5).
    #[error(
        "edgeghost is not running, or has no status socket at {path}: {source}; see `systemctl \
         status edgeghost`, and [status] in its configuration (--socket asks another one)"
    )]
    NotRunning {
        /// Where it was asked.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It may not be asked (exit code 3).
    #[error("{path}: {source}; ask as root, or as a member of the socket's group")]
    Denied {
        /// Where it was asked.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It does not answer, or not in full (exit code 1).
    #[error(
        "the daemon at {path} is there but does not answer: {why}; is it stopped, or starting?"
    )]
    Silent {
        /// Where it was asked.
        path: PathBuf,
        /// What came instead.
        why: String,
    },
    /// Its answer is old (exit code 1).
    #[error("the daemon hangs: its latest status is {0:.0} s old")]
    Stale(f64),
    /// The answer cannot be shown.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// Asks the daemon at `path`, and shows its answer: a table, or the document itself.
pub fn ask(path: &Path, json: bool, out: &mut impl Write) -> Result<(), AskError> {
    let text = answer(path)?;
    let silent = |why: String| AskError::Silent {
        path: path.to_owned(),
        why,
    };
    let document: Value = serde_json::from_str(&text)
        .map_err(|error| silent(format!("{} bytes came ({error})", text.len())))?;
    let view: View = serde_json::from_value(document)
        .map_err(|error| silent(format!("its answer is of another version ({error})")))?;
    let age_s = view.age_s();
    if json {
        out.write_all(text.as_bytes())?;
    } else {
        out.write_all(table(&view).as_bytes())?;
    }
    out.flush()?;
    if age_s > STALE_S {
        Err(AskError::Stale(age_s))
    } else if view.has_incident() {
        Err(AskError::Incident)
    } else {
        Ok(())
    }
}

fn answer(path: &Path) -> Result<String, AskError> {
    let path_owned = || path.to_owned();
    let stream = UnixStream::connect(path).map_err(|source| match source.kind() {
        io::ErrorKind::PermissionDenied => AskError::Denied {
            path: path_owned(),
            source,
        },
        _ => AskError::NotRunning {
            path: path_owned(),
            source,
        },
    })?;
    let silent = |why: &dyn std::fmt::Display| AskError::Silent {
        path: path_owned(),
        why: why.to_string(),
    };
    let deadline = Instant::now() + PATIENCE;
    let mut stream = stream.take(LONGEST);
    let mut answer = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(silent(&format_args!("nothing in {} s", PATIENCE.as_secs())));
        }
        let limited = stream.get_ref().set_read_timeout(Some(left));
        match limited.and_then(|()| stream.read(&mut chunk)) {
            Ok(0) => break,
            Ok(read) => answer.extend(chunk.iter().take(read)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(silent(&error)),
        }
    }
    String::from_utf8(answer).map_err(|error| silent(&error))
}
