//! A recording: compressed lines in a bounded set of files.
//!
//! `FILE` is being written, `FILE.1` is the one before, and so on. Every file begins with what
//! heads a recording (the first line of the run, the latest context), so that each can be read by
//! itself.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::queue::Line;
use super::rotate::{Head, shift};

/// What was compressed goes to the file this often at least: a reader, or a crash, finds all but
/// the last seconds.
const FLUSH_EVERY: Duration = Duration::from_secs(2);

/// How large a recording may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// A file is closed when it has so many compressed bytes.
    pub file_bytes: u64,
    /// Files kept, the one that is being written included.
    pub files: u32,
}

/// An open recording.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    bounds: Bounds,
    head: Head,
    encoder: GzEncoder<Counted>,
    flushed: Instant,
}

/// Counts the bytes that go to the file.
#[derive(Debug)]
struct Counted {
    file: File,
    bytes: u64,
}

impl Recording {
    /// Begins at `path`; an earlier recording there becomes `path.1`.
    pub(super) fn create(path: &Path, bounds: Bounds) -> io::Result<Self> {
        if path.exists() {
            shift(path, bounds.files.saturating_sub(1))?;
        }
        Ok(Self {
            encoder: open(path)?,
            path: path.to_owned(),
            bounds,
            head: Head::default(),
            flushed: Instant::now(),
        })
    }

    pub(super) fn write(&mut self, line: &Line) -> io::Result<()> {
        if self.encoder.get_ref().bytes >= self.bounds.file_bytes {
            self.turn_over()?;
        }
        self.head.keep(line);
        self.encoder.write_all(&line.bytes)
    }

    pub(super) fn rest(&mut self) -> io::Result<()> {
        if self.flushed.elapsed() >= FLUSH_EVERY {
            self.flushed = Instant::now();
            self.encoder.flush()?;
        }
        Ok(())
    }

    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.encoder.try_finish()
    }

    fn turn_over(&mut self) -> io::Result<()> {
        self.encoder.try_finish()?;
        shift(&self.path, self.bounds.files.saturating_sub(1))?;
        self.encoder = open(&self.path)?;
        for line in self.head.lines() {
            self.encoder.write_all(line)?;
        }
        Ok(())
    }
}

impl Write for Counted {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn open(path: &Path) -> io::Result<GzEncoder<Counted>> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o640);
    let file = options.open(path)?;
    Ok(GzEncoder::new(
        Counted { file, bytes: 0 },
        Compression::fast(),
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;

    use flate2::read::MultiGzDecoder;

    use super::super::rotate::numbered;
    use super::*;
    use crate::event::Priority;

    fn line(name: &'static str, text: &str) -> Line {
        Line {
            name,
            priority: Priority::Window,
            head: name != "flow_sample",
            bytes: text.as_bytes().into(),
        }
    }

    fn content(path: &Path) -> String {
        let mut text = String::new();
        let file = File::open(path).unwrap();
        MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn it_turns_over_keeps_few_and_each_file_begins_with_the_head() {
        let folder =
            std::env::temp_dir().join(format!("edgeghost-recording-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("r.gz");
        let bounds = Bounds {
            file_bytes: 2_000,
            files: 3,
        };
        let mut recording = Recording::create(&path, bounds).unwrap();
        for (name, text) in [
            ("agent_start", "start\n"),
            ("context", "old\n"),
            ("context", "context\n"),
        ] {
            recording.write(&line(name, text)).unwrap();
        }
        for number in 0..3_000_u64 {
            // Hardly compressible, or nothing would ever fill up.
            let noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (number << 40);
            let text = format!("{number} {noise:x}\n");
            recording.write(&line("flow_sample", &text)).unwrap();
            if number % 50 == 0 {
                recording.encoder.flush().unwrap();
            }
        }
        recording.finish().unwrap();
        let mut names: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["r.gz", "r.gz.1", "r.gz.2"]);
        let [newest, before] = [&path, &numbered(&path, 1)].map(|path| content(path));
        let head = "start\ncontext\n";
        assert!(newest.starts_with(head) && before.starts_with(head));
        let first = newest.lines().nth(2).unwrap().split(' ').next().unwrap();
        let last = before.lines().last().unwrap().split(' ').next().unwrap();
        assert_eq!(
            first.parse::<u64>().unwrap(),
            last.parse::<u64>().unwrap() + 1
        );
        assert!(newest.lines().last().unwrap().starts_with("2999 "));
        fs::remove_dir_all(&folder).unwrap();
    }
}
