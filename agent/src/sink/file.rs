//! Events in a file that is appended to, put aside when it is large or old, and opened anew when
//! somebody else has moved it.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::queue::Line;
use super::rest::Rest;
use super::rotate::{Head, shift};
use super::settings::Rotation;

/// Whether the file is still where it was is looked at this often at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A file that could not be put aside is left in peace for so long.
const STUCK: Duration = Duration::from_mins(1);

/// Readable by its group, whatever the umask.
const MODE: u32 = 0o640;

/// A file of events.
#[derive(Debug)]
pub(super) struct EventFile {
    path: PathBuf,
    rotation: Rotation,
    head: Head,
    rest: Rest,
    open: Option<Open>,
    /// When it could not be put aside, if so: it grows on, and it is tried again later.
    stuck: Option<Instant>,
}

/// The file while it is open.
#[derive(Debug)]
struct Open {
    file: File,
    /// Device and inode number.
    identity: (u64, u64),
    /// Whether it is a file at all: a device or a pipe is not put aside.
    regular: bool,
    bytes: u64,
    born: Instant,
    looked: Instant,
}

impl EventFile {
    /// One at `path`, not opened yet.
    pub(super) fn new(path: &Path, rotation: Rotation) -> Self {
        Self {
            path: path.to_owned(),
            rotation,
            head: Head::default(),
            rest: Rest::default(),
            open: None,
            stuck: None,
        }
    }

    /// Opens it, unless it is open.
    pub(super) fn open(&mut self) -> io::Result<()> {
        if self.open.is_none() {
            self.rest.forget();
            self.open = Some(Open::at(&self.path)?);
            self.begin()?;
        }
        Ok(())
    }

    /// Lets go of it; it is opened anew with the next line.
    pub(super) fn close(&mut self) {
        self.open = None;
    }

    /// Writes a line, which looks like `bytes`, into whatever file is at the path now.
    pub(super) fn write(&mut self, line: &Line) -> io::Result<()> {
        self.look()?;
        self.open()?;
        if self.is_due(line.bytes.len()) {
            self.turn_over()?;
        }
        let put = self.put(&line.bytes);
        if put.is_err() && self.open.as_ref().is_some_and(|open| !open.regular) {
            // A terminal that was hung up is that for good; what is at the path now may not be.
            self.close();
        }
        put?;
        self.head.keep(line);
        Ok(())
    }

    /// There is nothing to write: is the file still there, and not too old?
    pub(super) fn rest(&mut self) -> io::Result<()> {
        self.look()?;
        self.open()?;
        if self.is_due(0) {
            self.turn_over()?;
        }
        Ok(())
    }

    /// Lets go of a file that is no longer the one at the path: moved, deleted, or emptied.
    fn look(&mut self) -> io::Result<()> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        if !open.regular || open.looked.elapsed() < LOOK_EVERY {
            return Ok(());
        }
        open.looked = Instant::now();
        let there = std::fs::metadata(&self.path);
        if there.is_ok_and(|there| identity(&there) == open.identity) {
            let bytes = open.file.metadata()?.len();
            let emptied = bytes < open.bytes;
            open.bytes = bytes;
            if emptied {
                self.rest.forget();
                self.begin()?;
            }
        } else {
            self.close();
        }
        Ok(())
    }

    /// Puts the head atop an empty file.
    fn begin(&mut self) -> io::Result<()> {
        let Self {
            head, rest, open, ..
        } = self;
        let Some(open) = open.as_mut().filter(|open| open.regular && open.bytes == 0) else {
            return Ok(());
        };
        for line in head.lines() {
            rest.write(open, line)?;
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.open {
            Some(open) => self.rest.write(open, bytes),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Whether the file is to be put aside before so many bytes more.
    fn is_due(&self, more: usize) -> bool {
        let Some(open) = self.open.as_ref().filter(|open| open.regular) else {
            return false;
        };
        if self.stuck.is_some_and(|at| at.elapsed() < STUCK) {
            return false;
        }
        let head: usize = self.head.lines().map(<[u8]>::len).sum();
        let Rotation { bytes, age, .. } = self.rotation;
        let large = bytes.is_some_and(|most| open.bytes + more as u64 > most);
        let old = age.is_some_and(|most| open.born.elapsed() >= most);
        // A file with nothing but its head has no reason to go.
        (large || old) && open.bytes > head as u64
    }

    fn turn_over(&mut self) -> io::Result<()> {
        if let Some(open) = &mut self.open {
            // The rest of a line belongs to the file that has its beginning.
            self.rest.write(open, b"")?;
        }
        if let Err(error) = shift(&self.path, self.rotation.keep) {
            log::warn!(
                "{} is due and cannot be put aside, it grows on: {error}",
                self.path.display()
            );
            self.stuck = Some(Instant::now());
            return Ok(());
        }
        self.stuck = None;
        self.close();
        self.open()
    }
}

impl Open {
    fn at(path: &Path) -> io::Result<Self> {
        let (file, is_new) = open(path)?;
        if is_new {
            file.set_permissions(PermissionsExt::from_mode(MODE))?;
        }
        let about = file.metadata()?;
        let age = about.created().ok().and_then(|born| born.elapsed().ok());
        let now = Instant::now();
        let mut open = Self {
            file,
            identity: identity(&about),
            regular: about.is_file(),
            bytes: about.len(),
            born: age.and_then(|age| now.checked_sub(age)).unwrap_or(now),
            looked: now,
        };
        open.end_torn_line()?;
        Ok(open)
    }

    /// Ends a last line that has no end, as of an agent that was killed while it wrote. It is not
    /// cut off: it may be whole but for its end, and a file that shrinks is read anew from its
    /// beginning by whoever follows it.
    fn end_torn_line(&mut self) -> io::Result<()> {
        let mut last = [0];
        if self.regular && self.bytes > 0 {
            self.file.read_exact_at(&mut last, self.bytes - 1)?;
            if last != *b"\n" {
                self.write_all(b"\n")?;
            }
        }
        Ok(())
    }
}

impl Write for Open {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens it for appending, and tells whether it was made.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    options
        .append(true)
        .read(true)
        .mode(MODE)
        // A pipe without a reader is refused, not waited for.
        // Nor does a terminal become that of this process, to end with it.
        .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    let (file, is_new) = match options.clone().create_new(true).open(path) {
        Ok(file) => (file, true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // Whoever opens a pipe for reading, too, is its reader.
            let regular = std::fs::metadata(path).is_ok_and(|about| about.is_file());
            (options.read(regular).open(path)?, false)
        }
        Err(error) => return Err(error),
    };
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok((file, is_new))
}

fn identity(about: &Metadata) -> (u64, u64) {
    (about.dev(), about.ino())
}

#[cfg(test)]
mod tests;
