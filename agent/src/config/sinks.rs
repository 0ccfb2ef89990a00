//! `[[sinks]]` and `[spool]`: where events go, and what is kept while they cannot.

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{Event, Priority};
use crate::sink::{Format, Rotation, Settings, SpoolSettings, Target, Wanted, numbered};

/// Where packages have the file of events.
const DEFAULT_EVENTS: &str = "/var/log/edgeghost/events.ndjson";

/// More outputs than this are a mistake.
const MOST: usize = 8;

/// All outputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sinks(pub Vec<Sink>);

/// An output. Several may be given, and none waits for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sink {
    /// What it is: `stdout` (the journal under systemd), `file`, `unix-datagram` or `unix-stream`
    /// (a socket that another program reads).
    pub kind: Kind,
    /// Where the file or the socket is; standard output needs none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", example = "/var/log/edgeghost/events.ndjson")]
    pub path: Option<PathBuf>,
    /// How lines look: `otel`, as `edgeghost schema` has them, or `ecs`, the Elastic Common Schema.
    #[schemars(with = "String")]
    pub format: Format,
    /// A file is put aside before it grows beyond so many bytes (65536 to 1099511627776); 0:
    /// whatever its size, as where logrotate does it.
    pub rotate_bytes: u64,
    /// A file is put aside when it is so many seconds old (60 to 31536000); 0: whatever its age.
    pub rotate_seconds: u64,
    /// Older files kept beside the one that is written, as `.1`, `.2` and so on (1 to 1000).
    pub keep: u32,
    /// Lines that may wait for the output (16 to 1000000), of 2 KiB each on average. When there are
    /// more, details go first, incidents and recommendations last.
    pub queue_lines: u32,
    /// Names of the events that this output gets; empty for all.
    pub events: Vec<String>,
    /// Events of this priority or a greater one: `detail` (all), `window`, `state` (verdicts, the
    /// agent's own life) or `alert` (incidents and recommendations only).
    #[schemars(with = "String")]
    pub priority: Priority,
}

/// What an output is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Standard output.
    #[default]
    Stdout,
    /// A file.
    File,
    /// A Unix datagram socket.
    UnixDatagram,
    /// A Unix stream socket.
    UnixStream,
}

/// Incidents and recommendations that an output cannot take, kept on disk until it can, also over
/// a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Spool {
    /// Folder, made when it is first needed; empty: they are kept in memory only.
    pub folder: PathBuf,
    /// Bytes kept for one output (65536 to 1073741824). When there are more, updates of incidents
    /// and snapshots go first, then the oldest.
    pub bytes: u32,
}

impl Default for Sinks {
    fn default() -> Self {
        Self(vec![Sink::default()])
    }
}

impl Default for Sink {
    fn default() -> Self {
        Self {
            kind: Kind::Stdout,
            path: None,
            format: Format::Otel,
            rotate_bytes: 64 << 20,
            rotate_seconds: 0,
            keep: 7,
            queue_lines: 8_192,
            events: Vec::new(),
            priority: Priority::Detail,
        }
    }
}

impl Default for Spool {
    fn default() -> Self {
        Self {
            folder: "/var/lib/edgeghost/spool".into(),
            bytes: 4 << 20,
        }
    }
}

impl Sinks {
    /// The outputs in the terms of who writes them; `output`, as of the command line, stands for
    /// all of them, with the settings that its file has there.
    pub fn settings(&self, output: Option<&Path>) -> Vec<Settings> {
        let Some(output) = output else {
            return self.0.iter().map(Sink::settings).collect();
        };
        if output.as_os_str() == "-" {
            return vec![Sink::default().settings()];
        }
        // A file that is configured keeps its settings.
        let same = |sink: &&Sink| sink.kind == Kind::File && sink.path.as_deref() == Some(output);
        let known = self.0.iter().find(same).cloned();
        let sink = known.unwrap_or_else(|| Sink {
            kind: Kind::File,
            path: Some(output.to_owned()),
            ..Sink::default()
        });
        vec![sink.settings()]
    }

    /// The files that events are in: the oldest first, the one that is being written last. Where
    /// none is configured, those at the place of the packages, if they are there.
    pub fn event_files(&self) -> Vec<PathBuf> {
        let file = self.0.iter().find(|sink| sink.kind == Kind::File);
        let packaged = || {
            let path = PathBuf::from(DEFAULT_EVENTS);
            path.exists().then(|| (path, Sink::default().keep))
        };
        let configured = file.and_then(|sink| Some((sink.path.clone()?, sink.keep)));
        let Some((path, keep)) = configured.or_else(packaged) else {
            return Vec::new();
        };
        let before = (1..=keep).rev().flat_map(|number| {
            let plain = numbered(&path, number);
            let compressed = plain.with_added_extension("gz");
            [plain, compressed]
        });
        let mut files: Vec<_> = before.filter(|path| path.exists()).collect();
        files.push(path);
        files
    }

    /// The first key whose value is out of range, the value, and what is allowed.
    pub(super) fn out_of_range(&self) -> Option<(&'static str, String, &'static str)> {
        let bounds = |sink: &Sink| {
            [
                (
                    "sinks.rotate_bytes",
                    sink.rotate_bytes,
                    65_536..=1 << 40,
                    sink.rotate_bytes == 0,
                    "0, or 65536 to 1099511627776",
                ),
                (
                    "sinks.rotate_seconds",
                    sink.rotate_seconds,
                    60..=31_536_000,
                    sink.rotate_seconds == 0,
                    "0, or 60 to 31536000",
                ),
                (
                    "sinks.keep",
                    sink.keep.into(),
                    1..=1_000,
                    false,
                    "1 to 1000",
                ),
                (
                    "sinks.queue_lines",
                    sink.queue_lines.into(),
                    16..=1_000_000,
                    false,
                    "16 to 1000000",
                ),
            ]
        };
        self.0
            .iter()
            .flat_map(bounds)
            .find(|(_, value, range, off, _)| !off && !range.contains(value))
            .map(|(key, value, .., allowed)| (key, value.to_string(), allowed))
    }

    /// The first key that will not do, and why.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        if self.0.is_empty() || self.0.len() > MOST {
            let why = format!(
                "{} outputs are given; 1 to {MOST} are possible, and without [[sinks]] events go \
                 to standard output",
                self.0.len()
            );
            return Some(("sinks", why));
        }
        let path = self.0.iter().find_map(Sink::path_fault);
        let events = self.0.iter().find_map(Sink::events_fault);
        path.map(|why| ("sinks.path", why))
            .or(events.map(|why| ("sinks.events", why)))
            .or(self.twice().map(|why| ("sinks", why)))
    }

    fn twice(&self) -> Option<String> {
        let targets: Vec<Target> = self.0.iter().map(|sink| sink.settings().target).collect();
        let mut seen = std::collections::BTreeSet::new();
        let twice = targets.iter().find(|target| !seen.insert(target.path()))?;
        Some(format!(
            "{twice} is given twice; every event would stand there twice, too"
        ))
    }
}

impl Sink {
    fn settings(&self) -> Settings {
        let path = self.path.clone().unwrap_or_default();
        Settings {
            target: match self.kind {
                Kind::Stdout => Target::Stdout,
                Kind::File => Target::File {
                    path,
                    rotation: Rotation {
                        bytes: Some(self.rotate_bytes).filter(|bytes| *bytes > 0),
                        age: Some(self.rotate_seconds)
                            .filter(|seconds| *seconds > 0)
                            .map(Duration::from_secs),
                        keep: self.keep,
                    },
                },
                Kind::UnixDatagram => Target::Datagram(path),
                Kind::UnixStream => Target::Stream(path),
            },
            format: self.format,
            queue_lines: usize::try_from(self.queue_lines).unwrap_or(usize::MAX),
            wanted: Wanted {
                events: self.events.clone(),
                least: Some(self.priority).filter(|least| *least > Priority::Detail),
            },
        }
    }

    fn path_fault(&self) -> Option<String> {
        match (&self.path, self.kind) {
            (Some(path), Kind::Stdout) => Some(format!(
                "{} is given for standard output, which has no path; say kind = \"file\"?",
                path.display()
            )),
            (None, Kind::File | Kind::UnixDatagram | Kind::UnixStream) => {
                Some("it is missing: a file or a socket needs one".to_owned())
            }
            (Some(path), _) if path.is_relative() => Some(format!(
                "{} is relative; where it is would depend on the folder that the agent is started \
                 in. Give the whole path",
                path.display()
            )),
            _ => None,
        }
    }

    fn events_fault(&self) -> Option<String> {
        let name = self
            .events
            .iter()
            .find(|name| Event::known_name(name).is_none())?;
        Some(format!(
            "there is no event `{name}`; there are {}",
            Event::NAMES.join(", ")
        ))
    }
}

impl Spool {
    /// In the terms of who keeps them; `None`: nowhere.
    pub fn settings(&self) -> Option<SpoolSettings> {
        let folder = self.folder.clone();
        (!folder.as_os_str().is_empty()).then(|| SpoolSettings {
            folder,
            bytes: usize::try_from(self.bytes).unwrap_or(usize::MAX),
        })
    }

    /// The first key whose value is out of range, the value, and what is allowed.
    pub(super) fn out_of_range(&self) -> Option<(&'static str, String, &'static str)> {
        let range = 65_536..=1 << 30;
        let out = !range.contains(&self.bytes);
        out.then(|| ("spool.bytes", self.bytes.to_string(), "65536 to 1073741824"))
    }
}

#[cfg(test)]
mod tests;
