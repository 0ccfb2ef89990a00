//! What `--record` writes: the first line of the run, the context, every flow sample, every tick.

use std::path::Path;
use std::sync::Arc;

use super::{RunError, io_error};
use crate::clock::Clock;
use crate::config;
use crate::ec2::Context;
use crate::event::{SocketSnapshot, Time};
use crate::flow::FlowSample;
use crate::host::HostSample;
use crate::publish::{self, Note};
use crate::sink::{Bounds, Identity, Queue, QueueReading, Stream, Writer, record};

/// Lines that may wait for the compressor: a second of 60,000 active flows.
const QUEUE_LINES: usize = 65_536;

/// Records.
pub(super) struct Recorder {
    stream: Stream,
    queue: Arc<Queue>,
    writer: Writer,
}

impl Recorder {
    /// Begins a recording at `path` with the run's first line.
    pub(super) fn start(
        path: &Path,
        settings: config::Record,
        identity: Identity,
        first: Note,
    ) -> Result<Self, RunError> {
        let bounds = Bounds {
            file_bytes: u64::from(settings.file_mebibytes) * 1024 * 1024,
            files: settings.files,
        };
        let queue = Arc::new(Queue::new(QUEUE_LINES));
        let writer = Writer::start(record(path, bounds)?, Arc::clone(&queue))
            .map_err(io_error("cannot start the recording thread"))?;
        let mut stream = Stream::new(identity, Arc::clone(&queue));
        stream.emit(first);
        Ok(Self {
            stream,
            queue,
            writer,
        })
    }

    /// Records what is known of the surroundings.
    pub(super) fn context(&mut self, context: &Context, note: Note) {
        self.stream.learn(context);
        self.stream.emit(note);
    }

    /// Records that the configuration was read again.
    pub(super) fn reload(&mut self, note: Note) {
        self.stream.emit(note);
    }

    /// Records what the detector was fed with.
    pub(super) fn samples(&mut self, samples: &mut Vec<FlowSample>, clock: Clock) {
        for sample in samples.drain(..) {
            self.stream.emit(publish::flow_sample(&sample, clock));
        }
    }

    /// Records a tick.
    pub(super) fn tick(&mut self, now_ns: u64, host: &HostSample, clock: Clock, last: bool) {
        self.stream
            .emit(publish::host_sample(now_ns, host, clock, last));
    }

    /// Records what the sockets of an incident showed.
    pub(super) fn sockets(&mut self, snapshot: &SocketSnapshot, time: Time) {
        self.stream.emit(publish::sockets(snapshot.clone(), time));
    }

    /// How it fares.
    pub(super) fn read(&self) -> QueueReading {
        self.queue.read()
    }

    /// Ends the recording.
    pub(super) fn finish(self) {
        self.writer.finish();
    }
}
