//! The daemon: start order, the loop, signals, stop order.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::signal::unix::Signal;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::bpf::{Kernel, Records};
use crate::clock::Clock;
use crate::config::{Config, Sources};
use crate::event::{ConfigInfo, StopInfo};
use crate::host::{DropWatch, HostWatch, own_netns};
use crate::path::{AsTable, AwsRanges};
use crate::pipeline::{self, Pipeline};
use crate::publish::{self, StartFacts};
use crate::sink::{self, Identity, OutputError, Settings, Sinks, Stream, Writers};
use crate::startup::{self, Unfit};
use crate::status::SocketError;
use crate::vitals::{self, Figures, Vitals};

mod context;
mod look;
mod otlp;
mod pace;
mod pulse;
mod ranges;
mod recorder;
mod reload;
mod sandbox;
mod stop;
mod supervisor;
mod tick;
mod watched;
mod witness;

use context::ContextWatch;
use pace::Pace;
use pulse::Pulse;
use ranges::RangesWatch;
use recorder::Recorder;
use stop::Stop;
use supervisor::Supervisor;
use watched::Watched;
use witness::Witnesses;

/// The ring buffer is looked at this often; the programs wake the reader before it fills up.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The detector is asked at every second look: once a second.
const LOOKS_PER_TICK: u64 = 2;

/// At the end, at most so many times [`RECORDS_AT_ONCE`] are taken: more than the ring holds.
const LAST_DRAINS: usize = 8;

/// Records taken in one go, before anything else gets its turn.
const RECORDS_AT_ONCE: usize = 4_096;

/// Why a run failed.
#[derive(Debug, Error)]
pub enum RunError {
    /// Not on this host, or not with these privileges (exit code 3).
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The output cannot be opened (exit code 2).
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Another agent runs on this host (exit code 1).
    #[error(
        "{0}; two would tell everything twice: stop it (`systemctl stop edgeghost`), or start this \
         one with `--set status.socket=` to run beside it"
    )]
    Second(SocketError),
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
    /// Where they came from.
    pub sources: Sources,
    /// The table of autonomous systems that they name.
    pub systems: Option<Arc<AsTable>>,
    /// AWS's ranges that they name.
    pub aws_ranges: Option<Arc<AwsRanges>>,
    /// Where events go.
    pub sinks: Vec<Settings>,
    /// Where the detector's input is recorded, if it is.
    pub record: Option<PathBuf>,
}

fn config_info(config: &Config, sources: &Sources) -> ConfigInfo {
    let file = sources.file();
    ConfigInfo {
        digest: config.digest(),
        file: file.map(|file| file.display().to_string()),
        toml: config.to_toml().unwrap_or_default(),
    }
}

/// Runs until a signal, or until nobody reads standard output any more.
pub fn run(options: &RunOptions) -> Result<(), RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(io_error("cannot start the runtime"))?;
    runtime.block_on(async {
        let mut stop = Stop::new()?;
        let hangups = stop::hangups()?;
        let (daemon, writers) = Daemon::start(options, &mut stop)?;
        daemon.watch(stop, hangups, writers).await
    })
}

struct Daemon {
    /// In force.
    config: Config,
    sources: Sources,
    kernel: Kernel,
    records: Records,
    pipeline: Pipeline,
    stream: Stream,
    sinks: Arc<Sinks>,
    vitals: Vitals,
    pace: Pace,
    host: HostWatch,
    drops: DropWatch,
    /// Inode number of this process's network namespace.
    netns: u32,
    /// Records received up to the last tick.
    received: u64,
    context: ContextWatch,
    aws_ranges: Option<RangesWatch>,
    clock: Clock,
    out: pipeline::Output,
    recorder: Option<Recorder>,
    witnesses: Option<Witnesses>,
    watched: Watched,
    health: Duration,
    supervisor: Supervisor,
}

impl Daemon {
    /// Output first, so that whatever fails afterwards can be told; then the kernel half; then
    /// the sandbox; then threads, and the first line.
    fn start(options: &RunOptions, stop: &mut Stop) -> Result<(Self, Writers), RunError> {
        startup::check_privileges()?;
        let knowledge = startup::study_kernel()?;
        let socket = watched::claim(&options.config.status)?;
        let mut opened = sink::open(options.sinks.clone())?;
        stop.reader = opened.reader.take();
        let config = &options.config;
        let (kernel, records) = startup::load(config, &knowledge)?;
        // Every thread starts after this: it holds for one thread and those that it starts.
        let sandbox = options.confine(&kernel);
        let context = ContextWatch::start(&config.ec2)
            .map_err(io_error("cannot start the metadata thread"))?;
        let (sinks, writers) = opened
            .start(config.spool.settings().as_ref())
            .map_err(io_error("cannot start the writing threads"))?;
        let mut identity = Identity::of_this_run();
        let (surroundings, ec2) = context.first();
        identity.learn(&surroundings);
        let first = publish::start(StartFacts {
            kernel: startup::kernel_info(&knowledge.offsets),
            probes: kernel.probes(),
            config: config_info(config, &options.sources),
            ec2,
            sandbox: Some(sandbox),
        });
        let recorder = match &options.record {
            Some(path) => Some(Recorder::start(
                path,
                config.record,
                identity.clone(),
                first.clone(),
            )?),
            None => None,
        };
        let mut pipeline = Pipeline::new(config, options.systems.clone());
        pipeline.host_name(&identity.host_name);
        let watched = Watched::start(options, socket, &identity, &first);
        let mut stream = Stream::new(identity, Arc::clone(&sinks));
        stream.emit(first);
        let aws_ranges = options
            .aws_ranges
            .as_ref()
            .map(|_| RangesWatch::new(&config.path.aws_ranges, Clock::monotonic_ns()));
        let mut daemon = Self {
            config: config.clone(),
            sources: options.sources.clone(),
            kernel,
            records,
            pipeline,
            stream,
            sinks,
            vitals: Vitals::new(),
            pace: Pace::new(startup::settings(config)),
            host: HostWatch::new(),
            drops: DropWatch::new(knowledge.drop_reasons.clone().unwrap_or_default()),
            netns: own_netns(),
            received: 0,
            context,
            aws_ranges,
            clock: Clock::anchored(),
            out: pipeline::Output {
                notes: Vec::new(),
                samples: recorder.is_some().then(Vec::new),
                looks: Some(Vec::new()),
            },
            recorder,
            witnesses: Witnesses::new(&config.witness),
            watched,
            health: Duration::from_secs_f64(config.health.seconds),
            supervisor: Supervisor::from_environment(),
        };
        daemon.pipeline.set_aws_ranges(options.aws_ranges.clone());
        daemon.look_at_context(Clock::monotonic_ns());
        daemon.supervisor.ready();
        Ok((daemon, writers))
    }

    async fn watch(
        mut self,
        mut stop: Stop,
        mut hangups: Signal,
        writers: Writers,
    ) -> Result<(), RunError> {
        let crowded = self
            .records
            .crowded()
            .map_err(io_error("cannot watch the ring buffer"))?;
        let pulse = Pulse::every(LOOK_EVERY).map_err(io_error("cannot make a timer"))?;
        let mut health = every(self.health);
        let mut looks = 0_u64;
        let sinks = Arc::clone(&self.sinks);
        let reason = loop {
            tokio::select! {
                reason = stop.wait(&sinks) => break reason,
                _ = health.tick() => self.tell_health(),
                () = sinks.news() => self.tell_health(),
                _ = hangups.recv() => {
                    self.reload();
                    health = every(self.health);
                }
                result = pulse.beat() => {
                    result.map_err(io_error("cannot read the timer"))?;
                    self.drain();
                    if looks.is_multiple_of(LOOKS_PER_TICK) {
                        self.judge();
                        self.sinks.tend();
                        self.show_life();
                    }
                    looks += 1;
                }
                news = witness::news(self.witnesses.as_mut()) => self.hear_witnesses(news),
                result = crowded.wait() => {
                    result.map_err(io_error("cannot watch the ring buffer"))?;
                    self.drain();
                }
            }
        };
        drop(crowded);
        self.stop(reason, writers);
        Ok(())
    }

    /// Takes what waits in the ring, and tells how much it was.
    fn drain(&mut self) -> usize {
        self.clock = Clock::anchored();
        let Self {
            records,
            pipeline,
            out,
            clock,
            ..
        } = self;
        let taken = records.drain(RECORDS_AT_ONCE, |record| {
            pipeline.take(record, *clock, out);
        });
        self.send();
        taken
    }

    fn tell_health(&mut self) {
        let figures = self.figures();
        let health = self
            .vitals
            .health(&self.kernel, &figures, self.pace.interval_s());
        self.records.forget_fullest();
        self.tell(publish::health(health));
    }

    fn figures(&self) -> Figures {
        let (mut queue, mut sinks) = (self.sinks.queues(), self.sinks.read());
        if let Some(export) = self.watched.export() {
            queue.add(&export.queue);
            sinks.push(export);
        }
        Figures {
            pipeline: self.pipeline.figures(),
            ring: self.records.fill(),
            queue,
            sinks,
            recording: self.recorder.as_ref().map(Recorder::read),
        }
    }

    fn send(&mut self) {
        for note in std::mem::take(&mut self.out.notes) {
            self.tell(note);
        }
        if let (Some(recorder), Some(samples)) = (&mut self.recorder, &mut self.out.samples) {
            recorder.samples(samples, self.clock);
        }
    }

    /// Everything that the kernel has told by now goes out, then the last line.
    fn stop(mut self, reason: &'static str, writers: Writers) {
        log::info!("stopping: {reason}");
        self.supervisor.stopping(reason);
        for _ in 0..LAST_DRAINS {
            if self.drain() < RECORDS_AT_ONCE {
                break;
            }
        }
        let (now_ns, host) = self.look_at_host(true);
        self.pipeline
            .finish(now_ns, &host, self.clock, &mut self.out);
        self.look_at_sockets(now_ns);
        let witnesses = self.witnesses.take();
        self.out
            .notes
            .extend(witnesses.and_then(|witnesses| witnesses.stop(now_ns)));
        self.send();
        self.show(now_ns);
        let figures = self.figures();
        let lost = self.vitals.lost(&self.kernel, &figures);
        self.stream.emit(publish::stop(StopInfo {
            reason: reason.to_owned(),
            uptime_seconds: self.vitals.uptime_s(),
            events: self.stream.events() + 1,
            lost,
            netns: vitals::namespaces(&self.kernel),
        }));
        self.watched.finish();
        drop(self.kernel);
        if let Some(recorder) = self.recorder {
            recorder.finish();
        }
        writers.finish();
    }
}

/// From one period from now on.
fn every(period: Duration) -> Interval {
    let mut every = interval_at(Instant::now() + period, period);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    every
}

fn io_error(what: &'static str) -> impl Fn(io::Error) -> RunError {
    move |source| RunError::Io { what, source }
}
