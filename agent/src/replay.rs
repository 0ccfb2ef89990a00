//! `edgeghost replay`: a recording through the very path and judgement that the daemon uses.
//!
//! Judged are the `flow_sample` and `host_sample` lines, with what `agent_start` and `context` say
//! of the run and the host, what `config_reload` says of what changed on the way, and what
//! `socket_snapshot` says of an incident's sockets; every other event is passed over, so that a
//! whole stream can be fed in. What comes out equals what the recording run told, but for
//! `event.sequence`: the judgements are counted by themselves here.

mod explain;
mod lines;

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::event::{Event, Time};
use crate::path::{AsTable, AwsRanges};
use crate::pipeline::{Output, Pipeline};
use crate::publish::{self, Note};
use crate::sink::{self, Format, Identity};
use lines::{Content, Lines};

/// Why a recording cannot be judged.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// It cannot be opened.
    #[error("cannot read the recording {path}: {source}")]
    Open {
        /// File.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A line is not what it should be.
    #[error("{path}, line {line}: {problem}")]
    Line {
        /// File.
        path: String,
        /// Number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// What the configuration given names cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The judgements cannot be written.
    #[error(transparent)]
    Write(#[from] io::Error),
    /// A judgement cannot be put into JSON.
    #[error("a judgement cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Judges the recording at `path` (`-` for standard input) and writes what comes of it; with the
/// configuration of the recording run if none is given.
pub fn run(
    config: Option<&Config>,
    path: &Path,
    explain: bool,
    format: Format,
    out: &mut impl Write,
) -> Result<(), ReplayError> {
    let given = match config {
        Some(config) => Some(Given {
            config,
            systems: config.systems()?,
            aws_ranges: config.aws_ranges()?,
        }),
        None => None,
    };
    let mut replay = Replay {
        pipeline: given
            .as_ref()
            .map_or_else(|| Pipeline::new(&Config::default(), None), Given::pipeline),
        given,
        config: Config::default(),
        identity: None,
        last_ns: 0,
        sequence: 0,
        format,
        explanation: explain.then(String::new),
        output: Output::default(),
    };
    let mut out = io::BufWriter::new(out);
    let mut lines = Lines::open(path)?;
    while let Some((content, time)) = lines.next()? {
        if let Err(problem) = replay.take(content, time) {
            return Err(lines.error(&problem));
        }
        replay.write(&mut out)?;
    }
    out.flush()?;
    Ok(())
}

/// A configuration that is not the recorded one.
struct Given<'a> {
    config: &'a Config,
    systems: Option<Arc<AsTable>>,
    aws_ranges: Option<Arc<AwsRanges>>,
}

impl Given<'_> {
    fn pipeline(&self) -> Pipeline {
        let mut pipeline = Pipeline::new(self.config, self.systems.clone());
        pipeline.set_aws_ranges(self.aws_ranges.clone());
        pipeline
    }
}

struct Replay<'a> {
    given: Option<Given<'a>>,
    /// What is in force by the recording.
    config: Config,
    pipeline: Pipeline,
    identity: Option<Identity>,
    last_ns: u64,
    sequence: u64,
    format: Format,
    /// With `--explain`: the text of the last tick.
    explanation: Option<String>,
    output: Output,
}

impl Replay<'_> {
    fn take(&mut self, content: Content, time: Time) -> Result<(), String> {
        match content {
            Content::Start { identity, toml } => self.start(identity, &toml, time)?,
            Content::Reload { toml } => self.reload(&toml, time)?,
            Content::Flow(sample) => self.pipeline.replay(publish::recorded(&sample)),
            Content::Host(host) => {
                let now_ns = host.monotonic_ns;
                if now_ns < self.last_ns {
                    return Err(format!(
                        "time goes back, from {} to {now_ns} ns",
                        self.last_ns
                    ));
                }
                self.last_ns = now_ns;
                let clock = Clock::at(now_ns, time);
                let news = publish::recorded_host(&host);
                if host.last {
                    self.pipeline.finish(now_ns, &news, clock, &mut self.output);
                } else {
                    self.pipeline.tick(now_ns, &news, clock, &mut self.output);
                }
                if let Some(text) = &mut self.explanation {
                    *text = explain::tick(time, now_ns, &self.pipeline);
                    text.push('\n');
                }
            }
            Content::Context(known) => {
                let known = publish::recorded_context(&known)?;
                self.identity
                    .get_or_insert_with(Identity::unknown)
                    .learn(&known);
                self.pipeline.context(&known);
            }
            Content::Sockets(snapshot) => {
                self.pipeline.sockets(*snapshot, time, &mut self.output);
            }
            Content::Other => {}
        }
        Ok(())
    }

    /// The head of a file. One of another run begins anew; the same run's goes on (it heads every
    /// file of a recording).
    fn start(&mut self, identity: Identity, toml: &str, time: Time) -> Result<(), String> {
        if self
            .identity
            .as_ref()
            .is_some_and(|known| known.is_same_run(&identity))
        {
            return Ok(());
        }
        let recorded = parse(toml)?;
        self.pipeline = if let Some(given) = &self.given {
            if *given.config != recorded {
                log::warn!(
                    "judged by the configuration given (digest {}) instead of the recorded one \
                     ({}): judgements may differ",
                    given.config.digest(),
                    recorded.digest()
                );
            }
            given.pipeline()
        } else {
            let systems = recorded_systems(&recorded, time);
            let mut pipeline = Pipeline::new(&recorded, systems);
            pipeline.set_aws_ranges(recorded_ranges(&recorded, time));
            pipeline
        };
        self.config = recorded;
        self.pipeline.host_name(&identity.host_name);
        self.identity = Some(identity);
        self.last_ns = 0;
        Ok(())
    }

    /// From here on another configuration was in force; unless one is given, it is here too.
    fn reload(&mut self, toml: &str, time: Time) -> Result<(), String> {
        let config = parse(toml)?;
        if self.given.is_some() || config == self.config {
            return Ok(());
        }
        if config.path.aws_ranges != self.config.path.aws_ranges {
            self.pipeline.set_aws_ranges(recorded_ranges(&config, time));
        }
        self.pipeline.reconfigure(&config);
        self.config = config;
        Ok(())
    }

    fn write(&mut self, out: &mut impl Write) -> Result<(), ReplayError> {
        if let Some(text) = &mut self.explanation {
            out.write_all(text.as_bytes())?;
            text.clear();
        }
        for note in self.output.notes.drain(..).filter(is_judgement) {
            if self.explanation.is_some() {
                writeln!(out, "{}", note.message)?;
                continue;
            }
            self.sequence += 1;
            let identity = self.identity.get_or_insert_with(Identity::unknown);
            let line = identity.line(&note, self.sequence)?;
            out.write_all(&match self.format {
                Format::Otel => line,
                Format::Ecs => sink::ecs(&line),
            })?;
        }
        Ok(())
    }
}

fn parse(toml: &str) -> Result<Config, String> {
    Config::parse(toml, Path::new("of the recording")).map_err(|error| error.to_string())
}

/// The table of autonomous systems of a run that began at `start`, if it had one. A recording may
/// be judged where that is not, or is another by now.
fn recorded_systems(recorded: &Config, start: Time) -> Option<Arc<AsTable>> {
    let named = recorded.path.as_table.iter().map(PathBuf::as_path);
    let systems = plain_files(named).and_then(|()| Ok(recorded.systems()?));
    let systems = systems.unwrap_or_else(|error| {
        log::warn!(
            "the recorded run told networks apart by autonomous system, and this replay does it \
             by /16 and /32: judgements may differ. {error}"
        );
        None
    })?;
    if systems.modified().is_some_and(|at| Time::from(at) > start) {
        log::warn!(
            "the table of autonomous systems was changed after the recorded run had begun: \
             judgements may differ"
        );
    }
    Some(systems)
}

/// AWS's ranges of a run that began at `start`, if it had them. As with the table of autonomous
/// systems.
fn recorded_ranges(recorded: &Config, start: Time) -> Option<Arc<AwsRanges>> {
    let ranges = plain_files([recorded.path.aws_ranges.as_path()]);
    let ranges = ranges.and_then(|()| Ok(recorded.aws_ranges()?));
    let ranges = ranges.unwrap_or_else(|error| {
        log::warn!(
            "the recorded run told AWS's own addresses apart, and this replay does not: \
             judgements may differ. {error}"
        );
        None
    })?;
    if ranges.modified().is_some_and(|at| Time::from(at) > start) {
        log::warn!(
            "AWS's ranges were changed after the recorded run had begun: judgements may differ"
        );
    }
    Some(ranges)
}

/// A recording may be somebody else's: what it names is opened only if that is a file, for a device
/// or a pipe may have no end, or none to come.
fn plain_files<'a>(named: impl IntoIterator<Item = &'a Path>) -> Result<(), Box<dyn Error>> {
    let strange = |path: &&Path| fs::metadata(path).is_ok_and(|about| !about.is_file());
    match named.into_iter().find(strange) {
        Some(path) => Err(format!("{} is no file", path.display()).into()),
        None => Ok(()),
    }
}

/// What a replay tells. Windows are not: their flows and listeners are not recorded.
fn is_judgement(note: &Note) -> bool {
    matches!(
        note.event,
        Event::Verdict(_)
            | Event::Incident(_)
            | Event::HostEvidence(_)
            | Event::Recommendation(_)
            | Event::SocketSnapshot(_)
    )
}
