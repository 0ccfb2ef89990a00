//! Where lines go.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use thiserror::Error;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::queue::Line;
use super::recording::{Bounds, Recording};

/// The output cannot be opened.
#[derive(Debug, Error)]
#[error("cannot write events to {path}: {source}; does the folder exist, and may you write there?")]
pub struct OutputError {
    path: String,
    source: io::Error,
}

impl OutputError {
    fn new(path: &Path, source: io::Error) -> Self {
        let path = path.display().to_string();
        Self { path, source }
    }
}

/// An open output.
#[derive(Debug)]
pub enum Output {
    /// Standard output, whose reader may go away.
    Standard(File),
    /// A file that is appended to.
    File(File),
    /// A compressed recording.
    Recording(Box<Recording>),
}

impl Output {
    /// Standard output for `-`, otherwise a file that is appended to, readable by its group.
    pub fn open(path: &Path) -> Result<Self, OutputError> {
        if path == Path::new("-") {
            // A descriptor of our own: lines go out with one write(2) each, past std's buffer.
            let descriptor = io::stdout().as_fd().try_clone_to_owned();
            return match descriptor {
                Ok(descriptor) => Ok(Self::Standard(descriptor.into())),
                Err(source) => Err(OutputError::new(path, source)),
            };
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o640);
        match options.open(path) {
            Ok(file) => Ok(Self::File(file)),
            Err(source) => Err(OutputError::new(path, source)),
        }
    }

    /// A recording at `path`.
    pub fn record(path: &Path, bounds: Bounds) -> Result<Self, OutputError> {
        match Recording::create(path, bounds) {
            Ok(recording) => Ok(Self::Recording(Box::new(recording))),
            Err(source) => Err(OutputError::new(path, source)),
        }
    }

    /// Whether it is standard output.
    pub(super) const fn is_standard(&self) -> bool {
        matches!(self, Self::Standard(_))
    }

    /// Something that ends when the reader of standard output has gone; `None` where that cannot
    /// be told ahead of a write (a file). Must be called within a tokio runtime.
    pub fn reader(&self) -> Option<Reader> {
        let Self::Standard(file) = self else {
            return None;
        };
        let pipe = file.as_fd().try_clone_to_owned().ok()?;
        // SAFETY: the descriptor is owned by the handle, so it stays open as long as it is
        // registered.
        unsafe { AsyncFd::register_with_interest(pipe, Interest::ERROR) }
            .ok()
            .map(Reader)
    }

    /// Writes one line.
    pub(super) fn write(&mut self, line: &Line) -> io::Result<()> {
        match self {
            Self::Standard(file) | Self::File(file) => file.write_all(&line.bytes),
            Self::Recording(recording) => recording.write(line),
        }
    }

    /// All lines that wait are written: whoever reads along shall see them.
    pub(super) fn rest(&mut self) -> io::Result<()> {
        match self {
            Self::Standard(_) | Self::File(_) => Ok(()),
            Self::Recording(recording) => recording.rest(),
        }
    }

    /// There is nothing more to write.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Standard(_) | Self::File(_) => Ok(()),
            Self::Recording(recording) => recording.finish(),
        }
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
