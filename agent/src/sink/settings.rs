//! What an output is told to be.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::queue::Line;
#[cfg(feature = "otlp")]
use crate::config::Site;
use crate::event::Priority;

/// One output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where its lines go.
    pub target: Target,
    /// How they look.
    pub format: Format,
    /// Lines that may wait for it.
    pub queue_lines: usize,
    /// Which lines it gets.
    pub wanted: Wanted,
}

/// Where lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Standard output, which is the journal under systemd.
    Stdout,
    /// A file that is appended to.
    File {
        /// Its path.
        path: PathBuf,
        /// When it is put aside.
        rotation: Rotation,
    },
    /// A Unix datagram socket that somebody else has bound: one line, one datagram.
    Datagram(PathBuf),
    /// A Unix stream socket that somebody else listens on.
    Stream(PathBuf),
    /// A collector of OpenTelemetry.
    #[cfg(feature = "otlp")]
    Otlp(Site),
}

/// When a file is put aside, and how many are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// When it would grow beyond so many bytes; `None`: whatever its size.
    pub bytes: Option<u64>,
    /// When it is so old; `None`: whatever its age.
    pub age: Option<Duration>,
    /// Older files kept, as `.1`, `.2`, …
    pub keep: u32,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As the published schema has it: OpenTelemetry names.
    #[default]
    Otel,
    /// Elastic Common Schema.
    Ecs,
}

/// Which lines an output gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// These events only; empty for all.
    pub events: Vec<String>,
    /// This priority or a greater one; `None` for all.
    pub least: Option<Priority>,
}

impl Wanted {
    /// Whether `line` is among them.
    pub(super) fn has(&self, line: &Line) -> bool {
        let named = self.events.is_empty() || self.events.iter().any(|name| name == line.name);
        named && self.least.is_none_or(|least| line.priority >= least)
    }
}

impl Target {
    /// What kind of output it is, as configurations name it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::File { .. } => "file",
            Self::Datagram(_) => "unix-datagram",
            Self::Stream(_) => "unix-stream",
            #[cfg(feature = "otlp")]
            Self::Otlp(_) => "otlp-logs",
        }
    }

    /// Its file or socket; standard output has none.
    pub fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::Stdout => None,
            Self::File { path, .. } | Self::Datagram(path) | Self::Stream(path) => Some(path),
            #[cfg(feature = "otlp")]
            Self::Otlp(_) => None,
        }
    }

    /// Where it is, in words; standard output is nowhere.
    pub fn place(&self) -> Option<String> {
        #[cfg(feature = "otlp")]
        if let Self::Otlp(_) = self {
            return Some(self.to_string());
        }
        self.path().map(|path| path.display().to_string())
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stdout => f.write_str("standard output"),
            Self::File { path, .. } => write!(f, "{}", path.display()),
            Self::Datagram(path) | Self::Stream(path) => write!(f, "socket {}", path.display()),
            #[cfg(feature = "otlp")]
            Self::Otlp(site) => write!(f, "{site}/v1/logs"),
        }
    }
}
