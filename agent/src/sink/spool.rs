//! Alerts that an output could not take, kept on disk until it can, also over a restart.
//!
//! One file an output, of whole lines as they would have been written. It is bounded: what goes
//! first are news that later news of the same incident make up for, then the oldest. Delivery is
//! at least once: an agent that is killed in the midst of it delivers a line again, which
//! `event.run_id` and `event.sequence` tell.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::settings::Target;
use crate::event::Event;
use crate::hash::fnv1a;

/// The kept alerts of one output.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    most_bytes: usize,
    lines: Vec<Vec<u8>>,
}

/// What of a line tells how much it matters.
#[derive(Deserialize)]
struct Known {
    event: Name,
    incident: Option<State>,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
struct State {
    state: Option<String>,
}

impl Spool {
    /// That of `target` in `folder`, with what an earlier run has left there.
    pub(super) fn open(folder: &Path, target: &Target, most_bytes: usize) -> Self {
        let name = format!("{} {target}", target.kind());
        let path = folder.join(format!("{:016x}.ndjson", fnv1a(name.bytes())));
        let kept = fs::read(&path).unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                log::error!("{} cannot be read: {error}", path.display());
            }
            Vec::new()
        });
        // A last line without an end was torn when it was written: it has never been told to be
        // kept.
        let whole = kept.split_inclusive(|byte| *byte == b'\n');
        let lines = whole.filter(|line| line.ends_with(b"\n"));
        let spool = Self {
            path,
            most_bytes,
            lines: lines.map(<[u8]>::to_vec).collect(),
        };
        if spool.bytes() < kept.len()
            && let Err(error) = spool.write_anew()
        {
            log::error!("{} cannot be mended: {error}", spool.path.display());
        }
        spool
    }

    /// Lines kept.
    pub(super) const fn len(&self) -> usize {
        self.lines.len()
    }

    fn bytes(&self) -> usize {
        self.lines.iter().map(Vec::len).sum()
    }

    /// A line, the oldest is number 0.
    pub(super) fn get(&self, number: usize) -> Option<&[u8]> {
        self.lines.get(number).map(Vec::as_slice)
    }

    /// The first `count` lines were delivered.
    pub(super) fn delivered(&mut self, count: usize) -> io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        self.lines.drain(..count.min(self.lines.len()));
        self.write_anew()
    }

    /// Keeps `lines`; returns the names of what had to go for want of room. On an error nothing
    /// has changed.
    pub(super) fn keep(&mut self, lines: &[&[u8]]) -> io::Result<Vec<&'static str>> {
        let before = self.lines.clone();
        self.lines.extend(lines.iter().map(|line| line.to_vec()));
        let gone = self.make_room();
        let kept = if gone.is_empty() {
            self.append(lines)
        } else {
            self.write_anew()
        };
        if let Err(error) = kept {
            self.lines = before;
            return Err(error);
        }
        Ok(gone)
    }

    /// Drops lines until the rest fits.
    fn make_room(&mut self) -> Vec<&'static str> {
        let mut gone = Vec::new();
        let mut bytes = self.bytes();
        while bytes > self.most_bytes && !self.lines.is_empty() {
            let at = self.lines.iter().position(|line| is_made_up_for(line));
            let line = self.lines.remove(at.unwrap_or(0));
            bytes -= line.len();
            gone.push(name(&line));
        }
        gone
    }

    /// A part of a line that is left of a failure is cut off.
    fn append(&self, lines: &[&[u8]]) -> io::Result<()> {
        self.make_folder()?;
        let mut options = OpenOptions::new();
        let mut file = options
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.path)?;
        let length = file.metadata()?.len();
        let written = file
            .write_all(&lines.concat())
            .and_then(|()| file.sync_data());
        if written.is_err() {
            file.set_len(length)?;
        }
        written
    }

    /// Beside it and then in its place: one or the other is there, whenever the agent is killed.
    fn write_anew(&self) -> io::Result<()> {
        if self.lines.is_empty() {
            return match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        self.make_folder()?;
        let beside = self.path.with_extension("new");
        let mut options = OpenOptions::new();
        let mut file: File = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(&self.lines.concat())?;
        file.sync_data()?;
        fs::rename(&beside, &self.path)
    }

    fn make_folder(&self) -> io::Result<()> {
        let Some(folder) = self.path.parent() else {
            return Ok(());
        };
        DirBuilder::new().recursive(true).mode(0o750).create(folder)
    }
}

/// Whether later events tell as much: an incident's news in between, sockets at one moment.
fn is_made_up_for(line: &[u8]) -> bool {
    serde_json::from_slice::<Known>(line).is_ok_and(|known| {
        let state = known.incident.and_then(|incident| incident.state);
        match known.event.name.as_str() {
            "incident" => state.as_deref() == Some("updated"),
            name => name == "socket_snapshot",
        }
    })
}

/// The name of a line's event.
pub(super) fn name(line: &[u8]) -> &'static str {
    let known = serde_json::from_slice::<Known>(line);
    known
        .ok()
        .and_then(|known| Event::known_name(&known.event.name))
        .unwrap_or("unknown")
}

#[cfg(test)]
mod tests;
