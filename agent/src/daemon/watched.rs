//! How things stand, for whoever asks: shown every event on its way out, renewed once a second.

use super::{Daemon, RunOptions};
use crate::event::{AgentStart, Event, Time};
use crate::publish::Note;
use crate::sink::{Identity, QueueReading};
use crate::status::{AgentStatus, Board, Latest, Server, SinkStatus, Sites, Socket};

/// The board, and the thread that answers; neither, where nobody may ask.
pub(super) struct Watched {
    kept: Option<Kept>,
}

struct Kept {
    board: Board,
    latest: Latest,
    recording: Option<String>,
    _server: Server,
}

impl Watched {
    /// Answers from now on; `first` is the first line of the run. What cannot be had is told of in
    /// the log: the daemon runs on without.
    pub(super) fn start(options: &RunOptions, identity: &Identity, first: &Note) -> Self {
        Self {
            kept: Kept::start(options, identity, first),
        }
    }
}

impl Kept {
    fn start(options: &RunOptions, identity: &Identity, first: &Note) -> Option<Self> {
        let config = &options.config;
        let Event::AgentStart(start) = &first.event else {
            return None;
        };
        let sites = Sites {
            socket: config.status.socket().and_then(claimed),
            metrics: config.metrics.listen.0,
        };
        if sites.is_empty() {
            return None;
        }
        let latest = Latest::default();
        let server = Server::start(sites, latest.clone());
        let server = server
            .inspect_err(|error| log::error!("nobody can ask for the status: {error}"))
            .ok()?;
        let addresses = usize::try_from(config.metrics.addresses_max).unwrap_or(usize::MAX);
        let recording = options.record.as_ref();
        let recording = recording.map(|path| path.display().to_string());
        let agent = agent(start, identity, recording.clone(), first.time);
        let mut board = Board::new(agent, addresses, config.metrics.peer_bounds());
        board.note(first);
        Some(Self {
            board,
            latest,
            recording,
            _server: server,
        })
    }
}

fn claimed(path: &std::path::Path) -> Option<Socket> {
    match Socket::claim(path) {
        Ok(socket) => {
            log::info!("`edgeghost status` asks at {}", socket.path().display());
            Some(socket)
        }
        Err(error) => {
            log::warn!("`edgeghost status` cannot ask this run: {error}");
            None
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
        let outputs = figures.sinks.iter().map(|output| {
            let name = output.path.as_deref().unwrap_or(output.kind);
            sink(name, &output.queue)
        });
        let recordings = recording.map(|(name, reading)| sink(name, reading));
        let sinks = outputs.chain(recordings).collect();
        let pipeline = &self.pipeline;
        let is_judged = |local: &_| pipeline.progress(*local).is_some();
        let status = kept.board.status(now_ns, is_judged, Some(health), sinks);
        kept.latest.write(status);
    }
}

fn sink(name: &str, reading: &QueueReading) -> SinkStatus {
    SinkStatus {
        name: name.to_owned(),
        queued: reading.depth as u64,
        capacity: reading.capacity as u64,
        lost: reading.dropped.clone(),
    }
}
