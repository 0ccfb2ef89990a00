//! A look at the sockets of an incident, when it opens and when it closes.

use super::Daemon;
use crate::event::{IncidentRef, LocalOnly, SnapshotSockets, SocketSnapshot};
use crate::host::sockets::{Look, look};
use crate::pipeline::Wanted;

impl Daemon {
    /// Looks at what the pipeline asked for. It is bounded in time (see [`look`]) and rare, so it
    /// is done right here: the sooner, the more it is of the same moment.
    pub(super) fn look_at_sockets(&mut self, now_ns: u64) {
        let wanted = self.out.looks.as_mut().map(std::mem::take);
        let time = self.clock.wall(now_ns);
        for wanted in wanted.into_iter().flatten() {
            let snapshot = taken(wanted, self.netns);
            if let Some(recorder) = &mut self.recorder {
                recorder.sockets(&snapshot, time);
            }
            self.pipeline.sockets(snapshot, time, &mut self.out);
        }
    }
}

/// What the sockets show now, to an agent in the namespace `own`.
fn taken(wanted: Wanted, own: u32) -> SocketSnapshot {
    let Wanted {
        local,
        incident,
        moment,
        flows,
    } = wanted;
    let found = if local.netns == own {
        look(&flows.public, &flows.private)
    } else {
        Look {
            unknown: Some(format!(
                "the address is in the network namespace {}, the agent in {own}, and the kernel \
                 tells of sockets in one's own only",
                local.netns
            )),
            ..Look::default()
        }
    };
    SocketSnapshot {
        network: LocalOnly::new(local.address),
        incident: IncidentRef { id: incident },
        sockets: SnapshotSockets {
            netns: local.netns,
            moment,
            took_us: u64::try_from(found.took.as_micros()).unwrap_or(u64::MAX),
            public: found.first,
            private: found.second,
            unknown: found.unknown,
        },
    }
}
