//! Ways to be stopped.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use super::{RunError, io_error};
use crate::sink::Reader;

/// Reason of a stop.
const CLOSED: &str = "standard output was closed";

/// Ways to be stopped.
pub(super) struct Stop {
    terminate: Signal,
    interrupt: Signal,
    /// Told by the writer when standard output has no reader any more.
    pub(super) gone: Arc<Notify>,
    /// Whoever reads standard output, where that can be watched.
    pub(super) reader: Option<Reader>,
}

impl Stop {
    /// Listens from now on.
    pub(super) fn new() -> Result<Self, RunError> {
        let on = |kind| signal(kind).map_err(io_error("cannot listen for signals"));
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            gone: Arc::new(Notify::new()),
            reader: None,
        })
    }

    /// Waits for one of them, and tells which.
    pub(super) async fn wait(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            () = self.gone.notified() => CLOSED,
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
