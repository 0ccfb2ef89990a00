//! Events into lines.

use std::sync::Arc;

use super::queue::{Line as QueuedLine, Queue};
use crate::clock::Clock;
use crate::event::{Event, EventMeta, Host, Line, MAX_LINE_BYTES, SCHEMA_VERSION, Service, Time};
use crate::hash::fnv1a;
use crate::publish::Note;

/// The event stream of one run.
pub struct Stream {
    queue: Arc<Queue>,
    run_id: String,
    host_name: String,
    sequence: u64,
}

impl Stream {
    /// A stream into `queue`.
    pub fn new(queue: Arc<Queue>) -> Self {
        let seed = format!(
            "{}/{}/{}",
            Time::now(),
            Clock::monotonic_ns(),
            std::process::id()
        );
        let host_name = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        Self {
            queue,
            run_id: format!("{:016x}", fnv1a(seed.bytes())),
            host_name,
            sequence: 0,
        }
    }

    /// Events written so far.
    pub const fn events(&self) -> u64 {
        self.sequence
    }

    /// Sends an event on its way. An event that is lost on it leaves a gap in the sequence.
    pub fn emit(&mut self, mut note: Note) {
        let name = note.event.name();
        self.sequence += 1;
        let line = match self.line(&note) {
            Ok(line) if line.len() > MAX_LINE_BYTES && shorten(&mut note.event) => self.line(&note),
            line => line,
        };
        match line {
            Ok(bytes) if bytes.len() <= MAX_LINE_BYTES => {
                self.queue.push(QueuedLine {
                    name,
                    priority: note.event.priority(),
                    bytes,
                });
            }
            Ok(bytes) => {
                log::error!(
                    "a line of {} bytes is too long to be sent: {name}",
                    bytes.len()
                );
                self.queue.count_lost(name);
            }
            Err(error) => {
                log::error!("{name} cannot be written as JSON: {error}");
                self.queue.count_lost(name);
            }
        }
    }

    fn line(&self, note: &Note) -> serde_json::Result<Vec<u8>> {
        let (severity_text, severity_number) = note.severity.parts();
        let mut bytes = serde_json::to_vec(&Line {
            timestamp: note.time,
            schema_version: SCHEMA_VERSION,
            event: EventMeta {
                name: note.event.name(),
                sequence: self.sequence,
                run_id: &self.run_id,
            },
            severity_text,
            severity_number,
            message: &note.message,
            service: Service {
                name: "edgeghost",
                version: env!("CARGO_PKG_VERSION"),
            },
            host: Host {
                name: &self.host_name,
                id: None,
            },
            cloud: None,
            body: &note.event,
        })?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// Leaves out what grows with the machine; tells whether there was such a thing.
fn shorten(event: &mut Event) -> bool {
    let (lost, netns) = match event {
        Event::AgentHealth(health) => (&mut health.agent.lost, &mut health.agent.netns),
        Event::AgentStop(stop) => (&mut stop.agent.lost, &mut stop.agent.netns),
        _ => return false,
    };
    for lost in lost {
        lost.by_cpu.clear();
    }
    netns.truncate(16);
    true
}
