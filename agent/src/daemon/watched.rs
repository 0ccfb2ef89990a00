//! How things stand, for whoever asks: shown every event on its way out, renewed once a second.

use super::otlp::Export;
use super::{Daemon, RunError, RunOptions};
use crate::config;
use crate::event::{AgentStart, Event, Time};
use crate::publish::Note;
use crate::sink::{Identity, LaneReading, QueueReading};
use crate::status::{AgentStatus, Board, Latest, Server, SinkStatus, Sites, Socket, SocketError};

/// The board, and the thread that answers; neither, where nobody may ask.
pub(super) struct Watched {
    kept: Option<Kept>,
}

struct Kept {
    board: Board,
    latest: Latest,
    recording: Option<String>,
    export: Export,
    _server: Option<Server>,
}

impl Watched {
    /// Answers from now on; `first` is the first line of the run. What cannot be had is told of in
    /// the log: the daemon runs on without.
    pub(super) fn start(
        options: &RunOptions,
        socket: Option<Socket>,
        identity: &Identity,
        first: &Note,
    ) -> Self {
        Self {
            kept: Kept::start(options, socket, identity, first),
        }
    }

    /// How the export of metrics fares, if there is one.
    pub(super) fn export(&self) -> Option<LaneReading> {
        self.kept.as_ref().and_then(|kept| kept.export.read())
    }

    /// Exports metrics for the last time, where they are exported.
    pub(super) fn finish(&mut self) {
        if let Some(kept) = &mut self.kept {
            std::mem::take(&mut kept.export).finish();
        }
    }
}

impl Kept {
    fn start(
        options: &RunOptions,
        socket: Option<Socket>,
        identity: &Identity,
        first: &Note,
    ) -> Option<Self> {
        let config = &options.config;
        let Event::AgentStart(start) = &first.event else {
            return None;
        };
        let sites = Sites {
            socket,
            metrics: config.metrics.listen.0,
        };
        if sites.is_empty() && !Export::is_wanted(&config.otlp) {
            return None;
        }
        let latest = Latest::default();
        let server = (!sites.is_empty()).then(|| Server::start(sites, latest.clone()));
        let server = server.and_then(|server| {
            server
                .inspect_err(|error| log::error!("nobody can ask for the status: {error}"))
                .ok()
        });
        let addresses = usize::try_from(config.metrics.addresses_max).unwrap_or(usize::MAX);
        let recording = options.record.as_ref();
        let recording = recording.map(|path| path.display().to_string());
        let agent = agent(start, identity, recording.clone(), first.time);
        let mut board = Board::new(agent, addresses, config.metrics.peer_bounds());
        board.note(first);
        Some(Self {
            board,
            export: Export::start(&config.otlp, &latest),
            latest,
            recording,
            _server: server,
        })
    }
}

/// The socket, which is also what tells that another agent runs: two would tell everything twice.
/// Without a place for one, as on a developer's machine, there is none.
pub(super) fn claim(status: &config::Status) -> Result<Option<Socket>, RunError> {
    let Some(path) = status.socket() else {
        return Ok(None);
    };
    match Socket::claim(path) {
        Ok(socket) => {
            log::info!("`edgeghost status` asks at {}", socket.path().display());
            Ok(Some(socket))
        }
        Err(error @ (SocketError::Live(_) | SocketError::Held(_))) => Err(RunError::Second(error)),
        Err(error) => {
            log::warn!("`edgeghost status` cannot ask this run: {error}");
            Ok(None)
        }
    }
}

fn agent(
    start: &AgentStart,
    identity: &Identity,
    recording: Option<String>,
    started: Time,
) -> AgentStatus {
    let start = &start.agent;
    AgentStatus {
        version: env!("CARGO_PKG_VERSION"),
        pid: start.pid,
        run_id: identity.run_id.clone(),
        host_name: identity.host_name.clone(),
        started,
        kernel: start.kernel.clone(),
        probes: start.probes.clone(),
        config_digest: start.config.digest.clone(),
        config_file: start.config.file.clone(),
        recording,
    }
}

impl Daemon {
    /// Sends an event on its way.
    pub(super) fn tell(&mut self, note: Note) {
        if let Some(kept) = &mut self.watched.kept {
            kept.board.note(&note);
        }
        self.stream.emit(note);
    }

    /// Renews what is told to whoever asks.
    pub(super) fn show(&mut self, now_ns: u64) {
        let figures = self.figures();
        let Some(kept) = &mut self.watched.kept else {
            return;
        };
        let interval_s = self.pace.interval_s();
        let health = self.vitals.look(&self.kernel, &figures, interval_s);
        let recording = kept.recording.iter().zip(&figures.recording);
        let recording = recording.map(|(name, reading)| recorded(name, reading));
        let sinks = figures.sinks.iter().map(sink).chain(recording).collect();
        let pipeline = &self.pipeline;
        let is_judged = |local: &_| pipeline.progress(*local).is_some();
        let status = kept.board.status(now_ns, is_judged, Some(health), sinks);
        kept.latest.write(status);
    }
}

fn sink(reading: &LaneReading) -> SinkStatus {
    let path = reading.path.clone();
    let trouble = reading.trouble.as_ref();
    SinkStatus {
        name: path.unwrap_or_else(|| reading.kind.to_owned()),
        kind: reading.kind,
        works: trouble.is_none() && !reading.closed,
        error: trouble.map(|(error, _)| error.clone()),
        failing_seconds: trouble.map(|(_, time)| time.as_secs_f64()),
        written: reading.written,
        queued: reading.queue.depth as u64,
        capacity: reading.queue.capacity as u64,
        spooled: reading.spooled as u64,
        lost: reading.queue.dropped.clone(),
    }
}

fn recorded(name: &str, reading: &QueueReading) -> SinkStatus {
    SinkStatus {
        name: name.to_owned(),
        kind: "recording",
        works: true,
        error: None,
        failing_seconds: None,
        written: 0,
        queued: reading.depth as u64,
        capacity: reading.capacity as u64,
        spooled: 0,
        lost: reading.dropped.clone(),
    }
}
