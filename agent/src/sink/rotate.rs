//! Files in a row: `FILE` is being written, `FILE.1` is the one before, and so on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::queue::Line;

/// What stands atop every file, so that each can be read by itself: the latest line of each kind
/// that [heads files](crate::event::Event::heads_files), in the order of their first.
#[derive(Debug, Default)]
pub(super) struct Head(Vec<(&'static str, Arc<[u8]>)>);

impl Head {
    /// Keeps `line`, if it is such a line, as it is written.
    pub(super) fn keep(&mut self, line: &Line) {
        if !line.head {
            return;
        }
        let bytes = Arc::clone(&line.bytes);
        match self.0.iter_mut().find(|(name, _)| *name == line.name) {
            Some((_, kept)) => *kept = bytes,
            None => self.0.push((line.name, bytes)),
        }
    }

    /// The lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|(_, line)| &**line)
    }
}

/// Makes room at `path`: each file becomes the next older one; `keep` older ones stay.
pub(super) fn shift(path: &Path, keep: u32) -> io::Result<()> {
    if keep == 0 {
        return Ok(());
    }
    for number in (1..keep).rev() {
        let from = numbered(path, number);
        if from.exists() {
            fs::rename(from, numbered(path, number + 1))?;
        }
    }
    fs::rename(path, numbered(path, 1))
}

/// `FILE.3`.
pub fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}
