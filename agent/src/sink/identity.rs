//! Who writes: what the envelope of every line of a run says.

use crate::clock::Clock;
use crate::event::{EventMeta, Host, Line, SCHEMA_VERSION, Service, Time};
use crate::hash::fnv1a;
use crate::publish::Note;

/// Identity of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The run, as 16 hex digits.
    pub run_id: String,
    /// The host's name.
    pub host_name: String,
}

impl Identity {
    /// Of this process on this host.
    pub fn of_this_run() -> Self {
        let (wall, monotonic) = (Time::now(), Clock::monotonic_ns());
        let seed = format!("{wall}/{monotonic}/{}", std::process::id());
        let uname = rustix::system::uname();
        Self {
            run_id: format!("{:016x}", fnv1a(seed.bytes())),
            host_name: uname.nodename().to_string_lossy().into_owned(),
        }
    }

    /// Of a recording that does not say whose it is.
    pub fn unknown() -> Self {
        Self {
            run_id: "0000000000000000".to_owned(),
            host_name: "unknown".to_owned(),
        }
    }

    /// The line of an event, newline included.
    pub fn line(&self, note: &Note, sequence: u64) -> serde_json::Result<Vec<u8>> {
        let (severity_text, severity_number) = note.severity.parts();
        let mut bytes = serde_json::to_vec(&Line {
            timestamp: note.time,
            schema_version: SCHEMA_VERSION,
            event: EventMeta {
                name: note.event.name(),
                sequence,
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
