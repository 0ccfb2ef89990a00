//! Reading a recording line by line.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::Path;

use serde::Deserialize;

use super::ReplayError;
use crate::event::{Context, FlowSample, HostSample, SampledHost, SocketSnapshot, Time};
use crate::shown::shown;
use crate::sink::{CloudIdentity, Identity};
use crate::unpack;

/// Bytes of a line at most. None of ours is as long (`MAX_LINE_BYTES`).
const LONGEST: usize = 1 << 20;

/// What a line says.
pub(super) enum Content {
    /// A run, or another file of it, begins.
    Start { identity: Identity, toml: String },
    /// The configuration was read again; this is in force.
    Reload { toml: String },
    /// News of a flow.
    Flow(Box<FlowSample>),
    /// A tick.
    Host(SampledHost),
    /// What is known of the host's addresses.
    Context(Box<Context>),
    /// What the sockets of an incident showed.
    Sockets(Box<SocketSnapshot>),
    /// Something that is not judged.
    Other,
}

/// A recording.
pub(super) struct Lines {
    path: String,
    reader: Box<dyn BufRead>,
    line: u64,
    bytes: Vec<u8>,
}

/// What every line has.
#[derive(Deserialize)]
struct Head {
    timestamp: String,
    event: Name,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

/// What a `config_reload` says.
#[derive(Deserialize)]
struct Reload {
    agent: Agent,
}

/// What an `agent_start` says of its run.
#[derive(Deserialize)]
struct Start {
    event: Run,
    host: Host,
    cloud: Option<Cloud>,
    agent: Agent,
}

#[derive(Deserialize)]
struct Run {
    run_id: String,
}

#[derive(Deserialize)]
struct Host {
    name: String,
    id: Option<String>,
}

#[derive(Deserialize)]
struct Cloud {
    region: Option<String>,
    availability_zone: Option<String>,
    account: Option<Account>,
}

#[derive(Deserialize)]
struct Account {
    id: String,
}

impl Cloud {
    fn identity(self) -> CloudIdentity {
        CloudIdentity {
            region: self.region,
            availability_zone: self.availability_zone,
            account_id: self.account.map(|account| account.id),
        }
    }
}

#[derive(Deserialize)]
struct Agent {
    config: Config,
}

#[derive(Deserialize)]
struct Config {
    toml: String,
}

impl Lines {
    /// Opens a file, or standard input for `-`; tells by its first bytes whether it is
    /// compressed.
    pub(super) fn open(path: &Path) -> Result<Self, ReplayError> {
        let name = path.display().to_string();
        let error = |source| ReplayError::Open {
            path: name.clone(),
            source,
        };
        let input: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).map_err(error)?)
        };
        let reader = unpack::reader(input).map_err(error)?;
        Ok(Self {
            path: name,
            reader,
            line: 0,
            bytes: Vec::new(),
        })
    }

    /// The next line's content and time; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(Content, Time)>, ReplayError> {
        loop {
            self.bytes.clear();
            self.line += 1;
            let limited = &mut (&mut self.reader).take(LONGEST as u64);
            match limited.read_until(b'\n', &mut self.bytes) {
                Ok(0) => return Ok(None),
                Ok(LONGEST) => return Err(self.error("longer than any line of a recording")),
                Ok(_) => {}
                // The agent was killed while it wrote: what is whole is good.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    log::warn!("{} is cut off after line {}", self.path, self.line - 1);
                    return Ok(None);
                }
                Err(error) => return Err(self.error(&error.to_string())),
            }
            let whole = self.bytes.ends_with(b"\n");
            match content(&self.bytes) {
                _ if self.bytes.trim_ascii().is_empty() => {}
                Ok(content) => return Ok(Some(content)),
                Err(_) if !whole => {
                    log::warn!("{} ends within line {}", self.path, self.line);
                    return Ok(None);
                }
                Err(problem) => return Err(self.error(&problem.to_string())),
            }
        }
    }

    /// An error at the line that was read last.
    pub(super) fn error(&self, problem: &str) -> ReplayError {
        ReplayError::Line {
            path: self.path.clone(),
            line: self.line,
            problem: shown(problem),
        }
    }
}

fn content(line: &[u8]) -> Result<(Content, Time), Box<dyn std::error::Error>> {
    let text = std::str::from_utf8(line)?;
    let head: Head = serde_json::from_str(text)?;
    let content = match head.event.name.as_str() {
        "agent_start" => {
            let Start {
                event,
                host,
                cloud,
                agent,
            } = serde_json::from_str(text)?;
            Content::Start {
                identity: Identity {
                    host_id: host.id,
                    cloud: cloud.map(Cloud::identity),
                    ..Identity::new(event.run_id, host.name)
                },
                toml: agent.config.toml,
            }
        }
        "config_reload" => Content::Reload {
            toml: serde_json::from_str::<Reload>(text)?.agent.config.toml,
        },
        "flow_sample" => Content::Flow(serde_json::from_str(text)?),
        "host_sample" => Content::Host(serde_json::from_str::<HostSample>(text)?.host_sample),
        "context" => Content::Context(serde_json::from_str(text)?),
        "socket_snapshot" => Content::Sockets(serde_json::from_str(text)?),
        _ => Content::Other,
    };
    Ok((content, head.timestamp.parse()?))
}
