//! Events to a Unix socket that somebody else reads.

use std::io;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::queue::Line;
use super::rest::Rest;
use super::rotate::Head;

/// A reader that takes nothing is left for something else to do after so long.
const PATIENCE: Duration = Duration::from_millis(500);

/// A datagram socket: one line, one datagram.
#[derive(Debug)]
pub(super) struct Datagrams {
    path: PathBuf,
    socket: Option<UnixDatagram>,
}

impl Datagrams {
    /// To whoever has bound `path`.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            socket: None,
        }
    }

    /// Looks for the reader, unless it is known.
    pub(super) fn open(&mut self) -> io::Result<&UnixDatagram> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => connect(&self.path)?,
        };
        Ok(self.socket.insert(socket))
    }

    /// Forgets the reader.
    pub(super) fn close(&mut self) {
        self.socket = None;
    }

    /// Sends a line.
    pub(super) fn write(&mut self, line: &Line) -> io::Result<()> {
        let sent = self.open()?.send(&line.bytes);
        if sent.as_ref().is_err_and(is_over) {
            self.close();
        }
        sent.map(drop)
    }
}

fn connect(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.connect(path)?;
    Ok(socket)
}

/// A stream socket. Every connection begins with the head, as every file does.
#[derive(Debug)]
pub(super) struct Connection {
    path: PathBuf,
    head: Head,
    rest: Rest,
    stream: Option<UnixStream>,
}

impl Connection {
    /// To whoever listens at `path`.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            head: Head::default(),
            rest: Rest::default(),
            stream: None,
        }
    }

    /// Connects, unless it is connected.
    pub(super) fn open(&mut self) -> io::Result<()> {
        if self.stream.is_some() {
            return Ok(());
        }
        let stream = UnixStream::connect(&self.path)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        self.rest.forget();
        self.stream = Some(stream);
        let head: Vec<u8> = self.head.lines().flatten().copied().collect();
        self.put(&head)
    }

    /// Hangs up.
    pub(super) fn close(&mut self) {
        self.stream = None;
    }

    /// Writes a line.
    pub(super) fn write(&mut self, line: &Line) -> io::Result<()> {
        self.open()?;
        self.put(&line.bytes)?;
        self.head.keep(line);
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Self { rest, stream, .. } = self;
        let Some(stream) = stream else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let put = rest.write(stream, bytes);
        if put.as_ref().is_err_and(is_over) {
            self.close();
        }
        put
    }
}

/// Whether a socket is of no more use. Not so while its reader is merely slow, nor for a line that
/// it does not take.
fn is_over(error: &io::Error) -> bool {
    !is_slow(error) && !is_too_long(error)
}

/// Whether the reader takes nothing for now: its queue is full.
pub(super) fn is_slow(error: &io::Error) -> bool {
    let full = rustix::io::Errno::NOBUFS.raw_os_error();
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    ) || error.raw_os_error() == Some(full)
}

/// Whether the line is longer than the socket takes (`EMSGSIZE`).
pub(super) fn is_too_long(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::MSGSIZE.raw_os_error())
}
