//! AWS's ranges, read anew when their file changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::SystemTime;

use crate::path::{AwsRanges, AwsRangesError};

/// The file is looked at this often.
const LOOK_EVERY_NS: u64 = 60_000_000_000;

/// What comes of reading it.
type Read = Result<AwsRanges, AwsRangesError>;

/// Follows the file.
pub(super) struct RangesWatch {
    path: PathBuf,
    looked_ns: u64,
    seen: Option<Look>,
    /// It is being read, on a thread of its own: that takes longer than a tick may.
    reading: Option<Receiver<Read>>,
}

/// The file from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    modified: Option<SystemTime>,
    bytes: u64,
}

impl RangesWatch {
    /// Follows a file that has just been read.
    pub(super) fn new(path: &Path, now_ns: u64) -> Self {
        Self {
            path: path.to_owned(),
            looked_ns: now_ns,
            seen: look(path),
            reading: None,
        }
    }

    /// Follows a file that is yet to be read: at the first look.
    pub(super) fn unread(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            looked_ns: 0,
            seen: None,
            reading: None,
        }
    }

    /// The ranges, if they are others now. A file that is gone or bad changes nothing, and is told
    /// of once.
    pub(super) fn changed(&mut self, now_ns: u64) -> Option<Arc<AwsRanges>> {
        if now_ns.saturating_sub(self.looked_ns) >= LOOK_EVERY_NS && self.reading.is_none() {
            self.looked_ns = now_ns;
            let seen = look(&self.path);
            if seen != self.seen {
                self.seen = seen;
                self.read();
            }
        }
        let read = match self.reading.as_ref()?.try_recv() {
            Ok(read) => read,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => {
                self.reading = None;
                return None;
            }
        };
        self.reading = None;
        match read {
            Ok(ranges) => {
                log::info!("AWS's ranges have changed: {ranges}");
                Some(Arc::new(ranges))
            }
            Err(error) => {
                log::error!("the ranges read before are used on: {error}");
                None
            }
        }
    }

    fn read(&mut self) {
        let (sender, receiver) = channel();
        let path = self.path.clone();
        let begun = std::thread::Builder::new()
            .name("aws-ranges".to_owned())
            // Nobody waits for it any more if the daemon is stopping.
            .spawn(move || drop(sender.send(AwsRanges::read(&path))));
        match begun {
            Ok(_) => self.reading = Some(receiver),
            Err(error) => log::error!("AWS's ranges cannot be read anew: {error}"),
        }
    }
}

fn look(path: &Path) -> Option<Look> {
    let data = std::fs::metadata(path).ok()?;
    Some(Look {
        modified: data.modified().ok(),
        bytes: data.len(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn text(prefix: &str) -> String {
        format!(
            "{{\"prefixes\": [{{\"ip_prefix\": \"{prefix}\", \"region\": \"GLOBAL\", \
             \"service\": \"EC2\"}}], \"ipv6_prefixes\": []}}"
        )
    }

    /// What comes of a look at `now_ns`, once the file has been read.
    fn outcome(watch: &mut RangesWatch, now_ns: u64) -> Option<Arc<AwsRanges>> {
        let begin = Instant::now();
        loop {
            let changed = watch.changed(now_ns);
            if changed.is_some() || watch.reading.is_none() {
                return changed;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "it is not read");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_change_is_taken_in_and_a_bad_file_changes_nothing() {
        let path = std::env::temp_dir().join(format!("edgeghost-ranges-{}", std::process::id()));
        std::fs::write(&path, text("52.200.0.0/13")).unwrap();
        let mut watch = RangesWatch::new(&path, 0);
        assert!(outcome(&mut watch, LOOK_EVERY_NS).is_none(), "no change");
        std::fs::write(&path, text("52.216.0.0/15") + "\n").unwrap();
        assert!(outcome(&mut watch, LOOK_EVERY_NS + 1).is_none(), "not yet");
        let ranges = outcome(&mut watch, 2 * LOOK_EVERY_NS).unwrap();
        assert!(ranges.contains([52, 216, 0, 1].into()));
        std::fs::write(&path, "half a fi").unwrap();
        assert!(outcome(&mut watch, 3 * LOOK_EVERY_NS).is_none(), "bad");
        std::fs::remove_file(&path).unwrap();
        assert!(outcome(&mut watch, 4 * LOOK_EVERY_NS).is_none(), "gone");
        std::fs::write(&path, text("52.94.0.0/22")).unwrap();
        let back = outcome(&mut watch, 5 * LOOK_EVERY_NS).unwrap();
        assert!(back.contains([52, 94, 0, 1].into()));
        std::fs::remove_file(&path).unwrap();
    }
}
