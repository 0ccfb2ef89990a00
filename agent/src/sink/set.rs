//! All outputs of a run: each line goes to each, and none waits for another.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::lane::Lane;
use super::output::{Output, OutputError, Reader};
use super::queue::{Line, QueueReading};
use super::settings::{Settings, Target};
use super::spool::Spool;
use super::status::LaneReading;
use super::stream::Outlet;

/// How long the last lines may take at the end.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Where alerts are kept that an output cannot take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolSettings {
    /// Folder; made when it is first needed.
    pub folder: PathBuf,
    /// Most bytes kept for one output.
    pub bytes: usize,
}

/// All outputs of a run.
pub struct Sinks {
    lanes: Vec<Arc<Lane>>,
    news: Arc<Notify>,
    gone: Arc<Notify>,
    /// Looks after outputs in trouble: that takes the disk, for which nobody else may wait.
    keeper: OnceLock<Thread>,
}

/// Their threads.
pub struct Writers {
    sinks: Arc<Sinks>,
    threads: Vec<JoinHandle<()>>,
    keeper: JoinHandle<()>,
    ending: Arc<AtomicBool>,
}

/// Outputs that are open, and not written to yet.
pub struct Opened {
    outputs: Vec<(Settings, Output)>,
    /// Whoever reads standard output, if that is the only output and can be watched.
    pub reader: Option<Reader>,
}

/// Opens every output. Must be called within a tokio runtime.
pub fn open(all: Vec<Settings>) -> Result<Opened, OutputError> {
    let mut outputs = Vec::new();
    for settings in all {
        let output = Output::open(&settings.target)?;
        outputs.push((settings, output));
    }
    let reader = match outputs.as_slice() {
        [(_, only)] => only.reader(),
        _ => None,
    };
    Ok(Opened { outputs, reader })
}

impl Opened {
    /// Starts a thread for each.
    pub fn start(self, spool: Option<&SpoolSettings>) -> io::Result<(Arc<Sinks>, Writers)> {
        let (news, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let alone = self.outputs.len() == 1;
        let mut lanes = Vec::new();
        let mut threads = Vec::new();
        for (settings, mut output) in self.outputs {
            let kept = spool.map(|spool| Spool::open(&spool.folder, &settings.target, spool.bytes));
            // Only the end of the one output there is ends a run.
            let of_run = alone && settings.target == Target::Stdout;
            let gone = if of_run {
                Arc::clone(&gone)
            } else {
                Arc::default()
            };
            let lane = Arc::new(Lane::new(settings, kept, (Arc::clone(&news), gone)));
            lanes.push(Arc::clone(&lane));
            let builder = thread::Builder::new().name(format!("sink {}", lanes.len()));
            threads.push(builder.spawn(move || lane.run(&mut output))?);
        }
        let ending = Arc::new(AtomicBool::new(false));
        let sinks = Arc::new(Sinks {
            lanes,
            news,
            gone,
            keeper: OnceLock::new(),
        });
        let (tended, end) = (Arc::clone(&sinks), Arc::clone(&ending));
        let builder = thread::Builder::new().name("sink keeper".to_owned());
        let keeper = builder.spawn(move || {
            while !end.load(Ordering::Relaxed) {
                thread::park();
                tended.lanes.iter().for_each(|lane| lane.tend());
            }
        })?;
        let _ = sinks.keeper.set(keeper.thread().clone());
        let writers = Writers {
            sinks: Arc::clone(&sinks),
            threads,
            keeper,
            ending,
        };
        Ok((sinks, writers))
    }
}

impl Sinks {
    /// Has every output opened anew, as after its file was moved away.
    pub fn reopen(&self) {
        self.lanes.iter().for_each(|lane| lane.queue.reopen());
    }

    /// Has outputs that are in trouble looked after; to be called once a second.
    pub fn tend(&self) {
        if let Some(keeper) = self.keeper.get()
            && self.lanes.iter().any(|lane| lane.needs_tending())
        {
            keeper.unpark();
        }
    }

    /// Ends when an output has begun to fail, or works again.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Ends when the only output there is, standard output, has no reader any more.
    pub async fn gone(&self) {
        self.gone.notified().await;
    }

    /// How each fares.
    pub fn read(&self) -> Vec<LaneReading> {
        self.lanes.iter().map(|lane| lane.read()).collect()
    }

    /// All queues together.
    pub fn queues(&self) -> QueueReading {
        let mut sum = QueueReading::default();
        for lane in &self.lanes {
            sum.add(&lane.queue.read());
        }
        sum
    }
}

impl Outlet for Sinks {
    fn push(&self, line: Line) {
        self.lanes.iter().for_each(|lane| lane.push(&line));
    }

    fn count_lost(&self, name: &'static str) {
        self.lanes
            .iter()
            .for_each(|lane| lane.queue.count_lost(name));
    }
}

impl Writers {
    /// Waits a moment for the last lines, puts alerts that are left on disk, and ends. A reader
    /// that does not read cannot hold the daemon up.
    pub fn finish(self) {
        let deadline = Instant::now() + LAST_LINES;
        let lanes = &self.sinks.lanes;
        for lane in lanes {
            lane.queue.close();
        }
        for (lane, thread) in lanes.iter().zip(self.threads) {
            if lane.queue.wait_until_ended(deadline) {
                // It has nothing left to do but return.
                let _ = thread.join();
            }
            if lane.queue.is_empty() || lane.read().closed {
                continue;
            }
            let left = lane.read().queue.depth;
            lane.keep_alerts(true);
            log::warn!(
                "{}: {left} or more events not written; {} incidents and recommendations are kept",
                lane.settings.target,
                lane.read().spooled
            );
        }
        self.ending.store(true, Ordering::Relaxed);
        // It may be waiting for a disk, and is not waited for.
        self.keeper.thread().unpark();
    }
}

#[cfg(test)]
mod tests;
