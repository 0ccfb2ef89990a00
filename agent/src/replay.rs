//! `edgeghost replay`: a recording through the very path and judgement that the daemon uses.
//!
//! Judged are the `flow_sample` and `host_sample` lines, with what `agent_start` and `context` say
//! of the run and the host; every other event is passed over, so that a whole stream can be fed in. What comes out equals what the recording run told, but for
//! `event.sequence`: the judgements are counted by themselves here.

mod explain;
mod lines;

use std::io::{self, Write};
use std::path::Path;

use thiserror::Error;

use crate::clock::Clock;
use crate::config::Config;
use crate::event::{Event, Time};
use crate::pipeline::{Output, Pipeline};
use crate::publish::{self, Note};
use crate::sink::Identity;
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
    out: &mut impl Write,
) -> Result<(), ReplayError> {
    let mut replay = Replay {
        config,
        pipeline: Pipeline::new(config.unwrap_or(&Config::default())),
        identity: None,
        last_ns: 0,
        sequence: 0,
        explanation: explain.then(String::new),
        output: Output::default(),
    };
    let mut out = io::BufWriter::new(out);
    let mut lines = Lines::open(path)?;
    while let Some((content, time)) = lines.next()? {
        if let Err(problem) = replay.take(content, time) {
            return Err(lines.error(problem));
        }
        replay.write(&mut out)?;
    }
    out.flush()?;
    Ok(())
}

struct Replay<'a> {
    config: Option<&'a Config>,
    pipeline: Pipeline,
    identity: Option<Identity>,
    last_ns: u64,
    sequence: u64,
    /// With `--explain`: the text of the last tick.
    explanation: Option<String>,
    output: Output,
}

impl Replay<'_> {
    fn take(&mut self, content: Content, time: Time) -> Result<(), String> {
        match content {
            Content::Start { identity, toml } => self.start(identity, &toml)?,
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
                    *text = explain::tick(time, self.pipeline.assessments());
                    text.push('\n');
                }
            }
            Content::Context(known) => {
                self.pipeline.context(&publish::recorded_context(&known)?);
            }
            Content::Other => {}
        }
        Ok(())
    }

    /// The head of a file. One of another run begins anew; the same run's goes on (it heads every
    /// file of a recording).
    fn start(&mut self, identity: Identity, toml: &str) -> Result<(), String> {
        if self.identity.as_ref() == Some(&identity) {
            return Ok(());
        }
        let path = Path::new("of the recording");
        let recorded = Config::parse(toml, path).map_err(|error| error.to_string())?;
        if let Some(config) = self.config.filter(|config| **config != recorded) {
            log::warn!(
                "judged by the configuration given (digest {}) instead of the recorded one ({}): \
                 judgements may differ",
                config.digest(),
                recorded.digest()
            );
        }
        self.pipeline = Pipeline::new(self.config.unwrap_or(&recorded));
        self.identity = Some(identity);
        self.last_ns = 0;
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
            out.write_all(&identity.line(&note, self.sequence)?)?;
        }
        Ok(())
    }
}

/// What a replay tells. Windows are not: their flows and listeners are not recorded.
fn is_judgement(note: &Note) -> bool {
    matches!(
        note.event,
        Event::Verdict(_) | Event::Incident(_) | Event::Recommendation(_)
    )
}
