//! The daemon: start order, the loop, signals, stop order.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};

use crate::bpf::{Kernel, Records};
use crate::clock::Clock;
use crate::config::Config;
use crate::event::{ConfigInfo, StopInfo};
use crate::pipeline::Pipeline;
use crate::publish::{self, Note, StartFacts};
use crate::sink::{Output, OutputError, Queue, Reader, Stream, Writer};
use crate::startup::{self, Unfit};
use crate::vitals::{self, Vitals};

mod pace;
use pace::Pace;

/// Lines that may wait for the writer.
const QUEUE_LINES: usize = 8_192;

/// The ring buffer is looked at this often; the programs wake the reader before it fills up.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Records taken in one go, before anything else gets its turn.
const RECORDS_AT_ONCE: usize = 4_096;

/// Reason of a stop.
const CLOSED: &str = "standard output was closed";

/// Why a run failed.
#[derive(Debug, Error)]
pub enum RunError {
    /// Not on this host, or not with these privileges (exit code 3).
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The output cannot be opened (exit code 2).
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Something failed on the way (exit code 1).
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// What a run is told.
pub struct RunOptions {
    /// Settings.
    pub config: Config,
    /// File that they came from.
    pub config_file: Option<PathBuf>,
    /// Where events go.
    pub output: PathBuf,
}

/// Runs until a signal, or until nobody reads standard output any more.
pub fn run(options: &RunOptions) -> Result<(), RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(io_error("cannot start the runtime"))?;
    runtime.block_on(async {
        let mut stop = Stop::new()?;
        let (daemon, writer) = Daemon::start(options, &mut stop)?;
        daemon.watch(stop, writer).await
    })
}

struct Daemon {
    kernel: Kernel,
    records: Records,
    pipeline: Pipeline,
    stream: Stream,
    queue: Arc<Queue>,
    vitals: Vitals,
    pace: Pace,
    clock: Clock,
    notes: Vec<Note>,
    window: Duration,
    health: Duration,
}

impl Daemon {
    /// Output first, so that whatever fails afterwards can be told; then the kernel half; then
    /// the first line.
    fn start(options: &RunOptions, stop: &mut Stop) -> Result<(Self, Writer), RunError> {
        startup::check_privileges()?;
        let knowledge = startup::study_kernel()?;
        let output = Output::open(&options.output)?;
        stop.reader = output.reader();
        let config = &options.config;
        let (kernel, records) = startup::load(config, &knowledge)?;
        let queue = Arc::new(Queue::new(QUEUE_LINES));
        let writer = Writer::start(output, Arc::clone(&queue), Arc::clone(&stop.gone))
            .map_err(io_error("cannot start the writing thread"))?;
        let mut stream = Stream::new(Arc::clone(&queue));
        stream.emit(publish::start(StartFacts {
            kernel: startup::kernel_info(&knowledge.offsets),
            probes: kernel.probes(),
            config: ConfigInfo {
                digest: config.digest(),
                file: options
                    .config_file
                    .as_ref()
                    .map(|file| file.display().to_string()),
            },
        }));
        let daemon = Self {
            kernel,
            records,
            pipeline: Pipeline::new(config, Clock::monotonic_ns()),
            stream,
            queue,
            vitals: Vitals::new(),
            pace: Pace::new(startup::settings(config)),
            clock: Clock::anchored(),
            notes: Vec::new(),
            window: Duration::from_secs_f64(config.window.seconds),
            health: Duration::from_secs_f64(config.health.seconds),
        };
        Ok((daemon, writer))
    }

    async fn watch(mut self, mut stop: Stop, writer: Writer) -> Result<(), RunError> {
        let crowded = self
            .records
            .crowded()
            .map_err(io_error("cannot watch the ring buffer"))?;
        let begin = Instant::now();
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut window = interval_at(begin + self.window, self.window);
        let mut health = interval_at(begin + self.health, self.health);
        let mut judged = begin;
        let reason = loop {
            tokio::select! {
                reason = stop.wait() => break reason,
                _ = window.tick() => self.close_window(),
                _ = health.tick() => self.tell_health(),
                _ = look.tick() => {
                    self.drain();
                    if judged.elapsed() >= Duration::from_secs(1) {
                        judged = Instant::now();
                        self.judge();
                    }
                }
                result = crowded.wait() => {
                    result.map_err(io_error("cannot watch the ring buffer"))?;
                    self.drain();
                }
            }
        };
        drop(crowded);
        self.stop(reason, writer);
        Ok(())
    }

    /// Takes what waits in the ring.
    fn drain(&mut self) {
        let Self {
            records,
            pipeline,
            notes,
            clock,
            ..
        } = self;
        records.drain(RECORDS_AT_ONCE, |record| {
            pipeline.take(record, *clock, notes);
        });
        self.send();
    }

    fn judge(&mut self) {
        self.clock = Clock::anchored();
        self.pipeline
            .tick(Clock::monotonic_ns(), self.clock, &mut self.notes);
        self.send();
        self.kernel.flush_log();
        if let Some(settings) = self.pace.adapt(vitals::ring_full(&self.kernel))
            && let Err(error) = self.kernel.set(settings)
        {
            log::error!("the report interval cannot be changed: {error}");
        }
    }

    fn close_window(&mut self) {
        self.drain();
        self.pipeline
            .close_window(Clock::monotonic_ns(), self.clock, &mut self.notes);
        self.send();
        let news = self
            .vitals
            .has_news(&self.kernel, &self.pipeline.figures(), &self.queue.read());
        if news {
            self.tell_health();
        }
    }

    fn tell_health(&mut self) {
        let health = self.vitals.health(
            &self.kernel,
            &self.pipeline.figures(),
            &self.queue.read(),
            self.pace.interval_s(),
        );
        self.stream.emit(publish::health(health));
    }

    fn send(&mut self) {
        for note in self.notes.drain(..) {
            self.stream.emit(note);
        }
    }

    /// Everything that the kernel has told by now goes out, then the last line.
    fn stop(mut self, reason: &'static str, writer: Writer) {
        log::info!("stopping: {reason}");
        self.drain();
        self.pipeline
            .tick(Clock::monotonic_ns(), self.clock, &mut self.notes);
        self.pipeline
            .close_window(Clock::monotonic_ns(), self.clock, &mut self.notes);
        self.send();
        let lost = self
            .vitals
            .lost(&self.kernel, &self.pipeline.figures(), &self.queue.read());
        self.stream.emit(publish::stop(StopInfo {
            reason: reason.to_owned(),
            uptime_seconds: self.vitals.uptime_s(),
            events: self.stream.events() + 1,
            lost,
            netns: vitals::namespaces(&self.kernel),
        }));
        drop(self.kernel);
        writer.finish();
    }
}

/// Ways to be stopped.
struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    gone: Arc<Notify>,
    reader: Option<Reader>,
}

impl Stop {
    fn new() -> Result<Self, RunError> {
        let on = |kind| signal(kind).map_err(io_error("cannot listen for signals"));
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            gone: Arc::new(Notify::new()),
            reader: None,
        })
    }

    async fn wait(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            () = self.gone.notified() => CLOSED,
            () = reader_gone(self.reader.as_ref()) => CLOSED,
        }
    }
}

async fn reader_gone(reader: Option<&Reader>) {
    match reader {
        Some(reader) => reader.gone().await,
        None => std::future::pending().await,
    }
}

fn io_error(what: &'static str) -> impl Fn(io::Error) -> RunError {
    move |source| RunError::Io { what, source }
}
