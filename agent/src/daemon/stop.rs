//! Ways to be stopped.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{RunError, io_error};
use crate::sink::{Reader, Sinks};

/// Reason of a stop.
const CLOSED: &str = "standard output was closed";

/// Ways to be stopped.
pub(super) struct Stop {
    terminate: Signal,
    interrupt: Signal,
    /// Whoever reads standard output, where that is all there is and can be watched.
    pub(super) reader: Option<Reader>,
}

impl Stop {
    /// Listens from now on.
    pub(super) fn new() -> Result<Self, RunError> {
        let on = |kind| signal(kind).map_err(io_error("cannot listen for signals"));
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            reader: None,
        })
    }

    /// Waits for one of them, and tells which.
    pub(super) async fn wait(&mut self, sinks: &Sinks) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            () = sinks.gone() => CLOSED,
            () = reader_gone(self.reader.as_ref()) => CLOSED,
        }
    }
}

/// Every SIGHUP from now on: it must not end the process.
pub(super) fn hangups() -> Result<Signal, RunError> {
    signal(SignalKind::hangup()).map_err(io_error("cannot listen for signals"))
}

async fn reader_gone(reader: Option<&Reader>) {
    match reader {
        Some(reader) => reader.gone().await,
        None => std::future::pending().await,
    }
}
