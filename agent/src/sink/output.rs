//! Where lines go.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use thiserror::Error;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The output cannot be opened.
#[derive(Debug, Error)]
#[error("cannot write events to {path}: {source}; does the folder exist, and may you write there?")]
pub struct OutputError {
    path: String,
    source: io::Error,
}

/// An open output.
#[derive(Debug)]
pub struct Output {
    file: File,
    standard: bool,
}

impl Output {
    /// Standard output for `-`, otherwise a file that is appended to, readable by its group.
    pub fn open(path: &Path) -> Result<Self, OutputError> {
        let error = |source| OutputError {
            path: path.display().to_string(),
            source,
        };
        if path == Path::new("-") {
            // A descriptor of our own: lines go out with one write(2) each, past std's buffer.
            let file = io::stdout()
                .as_fd()
                .try_clone_to_owned()
                .map_err(error)?
                .into();
            return Ok(Self {
                file,
                standard: true,
            });
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o640);
        Ok(Self {
            file: options.open(path).map_err(error)?,
            standard: false,
        })
    }

    /// Whether it is standard output, whose reader may go away.
    pub const fn is_standard(&self) -> bool {
        self.standard
    }

    /// Something that ends when the reader of standard output has gone; `None` where that cannot
    /// be told ahead of a write (a file). Must be called within a tokio runtime.
    pub fn reader(&self) -> Option<Reader> {
        if !self.standard {
            return None;
        }
        let pipe = self.file.as_fd().try_clone_to_owned().ok()?;
        // SAFETY: the descriptor is owned by the handle, so it stays open as long as it is
        // registered.
        unsafe { AsyncFd::register_with_interest(pipe, Interest::ERROR) }
            .ok()
            .map(Reader)
    }

    /// Writes one line.
    pub(super) fn write(&mut self, line: &[u8]) -> io::Result<()> {
        io::Write::write_all(&mut self.file, line)
    }
}

/// Whoever reads standard output.
pub struct Reader(AsyncFd<OwnedFd>);

impl Reader {
    /// Waits until it has gone (`EPOLLERR`). Anything else that ends the waiting is left to the
    /// next write to find out.
    pub async fn gone(&self) {
        if self.0.ready(Interest::ERROR).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
