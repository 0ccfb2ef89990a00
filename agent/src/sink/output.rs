//! Where lines go: the one output of a thread.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use thiserror::Error;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::file::EventFile;
use super::queue::Line;
use super::recording::{Bounds, Recording};
use super::rest::Rest;
use super::settings::Target;
use super::socket::{Connection, Datagrams, is_too_long};
#[cfg(feature = "otlp")]
use crate::otlp::Logs;

/// The output cannot be opened, and never will be as things stand.
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

/// An output.
#[derive(Debug)]
pub(super) enum Output {
    /// Standard output, whose reader may go away.
    Standard(File, Rest),
    /// A file that is appended to.
    File(EventFile),
    /// A datagram socket.
    Datagrams(Datagrams),
    /// A stream socket.
    Connection(Connection),
    /// A collector.
    #[cfg(feature = "otlp")]
    Otlp(Logs),
}

impl Output {
    /// Opens `target`. What fails for want of a folder or of rights is refused: somebody has
    /// mistaken a name. Whatever else fails may pass, and is tried again with the first line.
    pub(super) fn open(target: &Target) -> Result<Self, OutputError> {
        match target {
            Target::Stdout => match io::stdout().as_fd().try_clone_to_owned() {
                // A descriptor of our own: lines go out with one write(2) each, past std's buffer.
                Ok(descriptor) => Ok(Self::Standard(descriptor.into(), Rest::default())),
                Err(source) => Err(OutputError::new(Path::new("-"), source)),
            },
            Target::File { path, rotation } => {
                let mut file = EventFile::new(path, *rotation);
                match file.open() {
                    Err(source) if is_mistake(&source) => Err(OutputError::new(path, source)),
                    _ => Ok(Self::File(file)),
                }
            }
            Target::Datagram(path) => Ok(Self::Datagrams(Datagrams::new(path))),
            Target::Stream(path) => Ok(Self::Connection(Connection::new(path))),
            #[cfg(feature = "otlp")]
            Target::Otlp(site) => Ok(Self::Otlp(Logs::new(site.clone()))),
        }
    }

    /// Something that ends when the reader of standard output has gone; `None` where that cannot
    /// be told ahead of a write (a file). Must be called within a tokio runtime.
    pub(super) fn reader(&self) -> Option<Reader> {
        let Self::Standard(file, _) = self else {
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
            Self::Standard(file, rest) => rest.write(file, &line.bytes),
            Self::File(file) => file.write(line),
            Self::Datagrams(socket) => socket.write(line),
            Self::Connection(connection) => connection.write(line),
            #[cfg(feature = "otlp")]
            Self::Otlp(collector) => collector.write(&line.bytes),
        }
    }

    /// There is nothing to write for now.
    pub(super) fn rest(&mut self) -> io::Result<()> {
        match self {
            Self::Standard(..) => Ok(()),
            Self::File(file) => file.rest(),
            Self::Datagrams(socket) => socket.open().map(drop),
            Self::Connection(connection) => connection.open(),
            // Whether it is there shows when there is something to say.
            #[cfg(feature = "otlp")]
            Self::Otlp(_) => Ok(()),
        }
    }

    /// Somebody has moved the output away, and another is to be opened at its place.
    pub(super) fn reopen(&mut self) {
        match self {
            Self::Standard(..) => {}
            Self::File(file) => file.close(),
            Self::Datagrams(socket) => socket.close(),
            Self::Connection(connection) => connection.close(),
            #[cfg(feature = "otlp")]
            Self::Otlp(_) => {}
        }
    }

    /// Whether `error` means that nobody will ever read it again.
    pub(super) fn is_over(&self, error: &io::Error) -> bool {
        matches!(self, Self::Standard(..)) && error.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Whether the output does not take this line, now or ever.
pub(super) fn is_unwanted(error: &io::Error) -> bool {
    #[cfg(feature = "otlp")]
    if crate::otlp::is_refused(error) {
        return true;
    }
    is_too_long(error)
}

/// A recording at `path`.
pub fn record(path: &Path, bounds: Bounds) -> Result<Recording, OutputError> {
    Recording::create(path, bounds).map_err(|source| OutputError::new(path, source))
}

fn is_mistake(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::NotADirectory
    )
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
