//! Alerts that an output could not take, kept on disk until it can, also over a restart.
//!
//! One file an output, of whole lines as they would have been written. It is bounded: what goes
//! first are news that later news of the same incident make up for, then the oldest. Delivery is
//! at least once: an agent that is killed in the midst of it delivers a line again, which
//! `event.run_id` and `event.sequence` tell.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
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
    lines: Vec<Kept>,
}

/// A line.
#[derive(Debug)]
struct Kept {
    bytes: Vec<u8>,
    name: &'static str,
    /// Later events tell as much: an incident's news in between, sockets at one moment.
    made_up_for: bool,
}

/// What of a line tells how much it matters; in the Elastic Common Schema it stands elsewhere.
#[derive(Deserialize)]
struct Known {
    event: Name,
    incident: Option<State>,
    edgeghost: Option<Ours>,
}

#[derive(Deserialize)]
struct Name {
    name: Option<String>,
    action: Option<String>,
}

#[derive(Deserialize)]
struct Ours {
    incident: Option<State>,
}

#[derive(Deserialize)]
struct State {
    state: Option<String>,
}

impl Spool {
    /// That of `target` in `folder`, with what an earlier run has left there.
    pub(super) fn open(folder: &Path, target: &Target, most_bytes: usize) -> Self {
        let path = Self::path(folder, target);
        let (found, whole) = newest(&path, most_bytes).unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                log::error!("{} cannot be read: {error}", path.display());
            }
            (Vec::new(), true)
        });
        let lines: Vec<Kept> = found
            .split_inclusive(|byte| *byte == b'\n')
            .filter_map(Kept::found)
            .collect();
        let spool = Self {
            path,
            most_bytes,
            lines,
        };
        let (kept, found) = (spool.bytes(), found.len());
        if kept < found || !whole {
            log::warn!(
                "{}: {} byte(s) that are no whole events, or more than spool.bytes, are left out",
                spool.path.display(),
                found - kept
            );
            if let Err(error) = spool.write_anew() {
                log::error!("{} cannot be mended: {error}", spool.path.display());
            }
        }
        spool
    }

    /// Where the alerts of `target` are kept.
    pub(super) fn path(folder: &Path, target: &Target) -> PathBuf {
        let name = format!("{} {target}", target.kind());
        folder.join(format!("{:016x}.ndjson", fnv1a(name.bytes())))
    }

    /// Lines kept.
    pub(super) const fn len(&self) -> usize {
        self.lines.len()
    }

    fn bytes(&self) -> usize {
        self.lines.iter().map(|line| line.bytes.len()).sum()
    }

    /// A line, the oldest is number 0.
    pub(super) fn get(&self, number: usize) -> Option<&[u8]> {
        self.lines.get(number).map(|line| line.bytes.as_slice())
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
        let held = self.lines.len();
        self.lines.extend(lines.iter().map(|line| Kept::of(line)));
        let gone = self.make_room();
        let names = gone.iter().map(|(_, line)| line.name).collect();
        let kept = if gone.is_empty() {
            self.append(lines)
        } else {
            self.write_anew()
        };
        if let Err(error) = kept {
            for (at, line) in gone.into_iter().rev() {
                self.lines.insert(at.min(self.lines.len()), line);
            }
            self.lines.truncate(held);
            return Err(error);
        }
        Ok(names)
    }

    /// Takes lines out until the rest fits; each with the place that it had by then.
    fn make_room(&mut self) -> Vec<(usize, Kept)> {
        let mut gone = Vec::new();
        let mut bytes = self.bytes();
        while bytes > self.most_bytes && !self.lines.is_empty() {
            let at = self.lines.iter().position(|line| line.made_up_for);
            let at = at.unwrap_or(0);
            let line = self.lines.remove(at);
            bytes -= line.bytes.len();
            gone.push((at, line));
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
        for line in &self.lines {
            file.write_all(&line.bytes)?;
        }
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

impl Kept {
    fn of(line: &[u8]) -> Self {
        Self::known(line).unwrap_or_else(|| Self {
            bytes: line.to_vec(),
            name: "unknown",
            made_up_for: false,
        })
    }

    /// A line that was found on disk, if it is whole and an event. A last line without an end was
    /// torn when it was written: it has never been told to be kept. And what a machine that lost
    /// its power leaves in a file may be anything.
    fn found(line: &[u8]) -> Option<Self> {
        line.ends_with(b"\n").then(|| Self::known(line))?
    }

    fn known(line: &[u8]) -> Option<Self> {
        let known = serde_json::from_slice::<Known>(line).ok()?;
        let name = known.event.name.or(known.event.action)?;
        let name = Event::known_name(&name)?;
        let ours = known.edgeghost.and_then(|ours| ours.incident);
        let state = known.incident.or(ours).and_then(|incident| incident.state);
        Some(Self {
            bytes: line.to_vec(),
            name,
            made_up_for: match name {
                "incident" => state.as_deref() == Some("updated"),
                name => name == "socket_snapshot",
            },
        })
    }
}

/// The last `most` bytes of a file, and whether that is all of it.
fn newest(path: &Path, most: usize) -> io::Result<(Vec<u8>, bool)> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let most = most as u64;
    let before = length.saturating_sub(most);
    file.seek(SeekFrom::Start(before))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok((bytes, before == 0))
}

/// The name of a line's event.
pub(super) fn name(line: &[u8]) -> &'static str {
    Kept::of(line).name
}

#[cfg(test)]
mod tests;
