//! Events into lines.

use std::sync::Arc;

use super::identity::Identity;
use super::queue::Line;
use crate::ec2::Context;
use crate::event::{Event, MAX_LINE_BYTES};
use crate::publish::Note;

/// One stream of events of a run.
pub struct Stream {
    outlet: Arc<dyn Outlet>,
    identity: Identity,
    sequence: u64,
}

/// What takes the finished lines of a stream.
pub(super) trait Outlet: Send + Sync {
    /// Takes a line; never waits.
    fn push(&self, line: Line);

    /// Counts a line that was lost before it was one.
    fn count_lost(&self, name: &'static str);
}

impl Stream {
    /// A stream into `outlet`.
    #[expect(private_bounds, reason = "only what is in this room takes lines")]
    pub fn new(identity: Identity, outlet: Arc<impl Outlet + 'static>) -> Self {
        Self {
            outlet,
            identity,
            sequence: 0,
        }
    }

    /// Takes in what a context says of the host: every further line tells it.
    pub fn learn(&mut self, context: &Context) {
        self.identity.learn(context);
    }

    /// Events written so far.
    pub const fn events(&self) -> u64 {
        self.sequence
    }

    /// Sends an event on its way. An event that is lost on it leaves a gap in the sequence.
    pub fn emit(&mut self, mut note: Note) {
        let name = note.event.name();
        self.sequence += 1;
        let line = match self.identity.line(&note, self.sequence) {
            Ok(line) if line.len() > MAX_LINE_BYTES && shorten(&mut note.event) => {
                self.identity.line(&note, self.sequence)
            }
            line => line,
        };
        match line {
            Ok(bytes) if bytes.len() <= MAX_LINE_BYTES => {
                self.outlet.push(Line {
                    name,
                    priority: note.event.priority(),
                    head: note.event.heads_files(),
                    bytes: bytes.into(),
                });
            }
            Ok(bytes) => {
                log::error!(
                    "a line of {} bytes is too long to be sent: {name}",
                    bytes.len()
                );
                self.outlet.count_lost(name);
            }
            Err(error) => {
                log::error!("{name} cannot be written as JSON: {error}");
                self.outlet.count_lost(name);
            }
        }
    }
}

/// Leaves out what grows with the machine; tells whether there was such a thing.
fn shorten(event: &mut Event) -> bool {
    let (lost, netns) = match event {
        Event::AgentHealth(health) => {
            // Their sums stay, in `queue`.
            for sink in &mut health.agent.sinks {
                sink.lost.clear();
            }
            (&mut health.agent.lost, &mut health.agent.netns)
        }
        Event::AgentStop(stop) => (&mut stop.agent.lost, &mut stop.agent.netns),
        _ => return false,
    };
    for lost in lost {
        lost.by_cpu.clear();
    }
    netns.truncate(16);
    true
}
