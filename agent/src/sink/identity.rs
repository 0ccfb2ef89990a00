//! Who writes: what the envelope of every line of a run says.

use crate::clock::Clock;
use crate::ec2::{Context, Source};
use crate::event::{Account, Cloud, EventMeta, Host, Line, SCHEMA_VERSION, Service, Time};
use crate::hash::fnv1a;
use crate::publish::Note;

/// Identity of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The run, as 16 hex digits.
    pub run_id: String,
    /// The host's name.
    pub host_name: String,
    /// The instance's id.
    pub host_id: Option<String>,
    /// The cloud around it, once that is known.
    pub cloud: Option<CloudIdentity>,
}

/// The cloud around a host: AWS, as far as edgeghost knows clouds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CloudIdentity {
    /// As `us-east-1`.
    pub region: Option<String>,
    /// As `us-east-1a`.
    pub availability_zone: Option<String>,
    /// Twelve digits.
    pub account_id: Option<String>,
}

impl Identity {
    /// Of a run on a host, of which nothing else is known yet.
    pub const fn new(run_id: String, host_name: String) -> Self {
        Self {
            run_id,
            host_name,
            host_id: None,
            cloud: None,
        }
    }

    /// Of this process on this host.
    pub fn of_this_run() -> Self {
        let (wall, monotonic) = (Time::now(), Clock::monotonic_ns());
        let seed = format!("{wall}/{monotonic}/{}", std::process::id());
        let uname = rustix::system::uname();
        Self::new(
            format!("{:016x}", fnv1a(seed.bytes())),
            uname.nodename().to_string_lossy().into_owned(),
        )
    }

    /// Of a recording that does not say whose it is.
    pub fn unknown() -> Self {
        Self::new("0000000000000000".to_owned(), "unknown".to_owned())
    }

    /// Whether it is of the same run, whatever has been learned of the host meanwhile.
    pub fn is_same_run(&self, other: &Self) -> bool {
        self.run_id == other.run_id && self.host_name == other.host_name
    }

    /// Takes in what a context says of the host.
    pub fn learn(&mut self, context: &Context) {
        let instance = &context.instance;
        let in_ec2 =
            context.source != Source::Unknown || instance.id.is_some() || instance.region.is_some();
        self.host_id.clone_from(&instance.id);
        self.cloud = in_ec2.then(|| CloudIdentity {
            region: instance.region.clone(),
            availability_zone: instance.zone.clone(),
            account_id: instance.account.clone(),
        });
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
                id: self.host_id.as_deref(),
            },
            cloud: self.cloud.as_ref().map(CloudIdentity::published),
            body: &note.event,
        })?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

impl CloudIdentity {
    fn published(&self) -> Cloud<'_> {
        Cloud {
            provider: "aws",
            platform: "aws_ec2",
            region: self.region.as_deref(),
            availability_zone: self.availability_zone.as_deref(),
            account: self.account_id.as_deref().map(|id| Account { id }),
        }
    }
}
