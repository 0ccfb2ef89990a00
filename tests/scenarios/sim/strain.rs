//! What the host itself does to packets, and what its counters say of that.

use edgeghost::event::HostDetail;
use edgeghost::flow::FlowSample;
use edgeghost::host::{DropNews, HostSample};

/// The driver is read every so many seconds.
const DRIVER_EVERY: usize = 10;

/// Who loses the packets of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Culprit {
    /// Somebody on the way, who tells nobody.
    Path,
    /// The instance exceeds a network allowance, either way.
    Allowance,
    /// The host's queueing discipline; inbound losses are none of its business.
    Queue,
    /// The host has no route.
    Route,
}

/// Something that a counter of the host grows by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    Allowance,
    Drop,
    /// A drop of a segment that was sent again: the sender is told.
    DropAgain,
    NoRoute,
}

/// What the counters of the host grew by, second by second.
#[derive(Debug, Default)]
pub(crate) struct Counters(Vec<HostSample>);

impl Counters {
    /// For a scenario of so many seconds.
    pub(super) fn new(length: f64) -> Self {
        let calm = HostSample {
            allowance_exceeded: Some(0),
            local_drops: Some(0),
            segments_sent: Some(0),
            segments_retransmitted: Some(0),
            retransmissions_failed: Some(0),
            no_route: Some(0),
            detail: None,
            drops: Some(DropNews::default()),
        };
        Self(vec![calm; second(length) + 1])
    }

    /// What the host has to tell at the tick at this moment, a whole second: of its driver only
    /// at every tenth, and then of all ten.
    pub(crate) fn at(&self, at: f64) -> HostSample {
        let now = second(at);
        let last = now.checked_sub(1).and_then(|last| self.0.get(last));
        let mut sample = last.cloned().unwrap_or_default();
        sample.allowance_exceeded = None;
        if now > 0 && now.is_multiple_of(DRIVER_EVERY) {
            let since = self.0.get(now - DRIVER_EVERY..now).unwrap_or_default();
            let counts = since.iter().filter_map(|second| second.allowance_exceeded);
            sample.allowance_exceeded = Some(counts.sum());
            sample.detail = Some(Box::new(HostDetail {
                period_ms: 1_000 * DRIVER_EVERY as u64,
                ..HostDetail::default()
            }));
        }
        sample
    }

    pub(super) fn add(&mut self, at: f64, count: Count) {
        let Some(sample) = self.0.get_mut(second(at)) else {
            return;
        };
        match count {
            Count::Allowance => grow(&mut sample.allowance_exceeded, 1),
            Count::Drop => grow(&mut sample.local_drops, 1),
            Count::DropAgain => {
                grow(&mut sample.local_drops, 1);
                grow(&mut sample.retransmissions_failed, 1);
            }
            Count::NoRoute => grow(&mut sample.no_route, 1),
        }
    }

    /// The sockets' segments count for the host as well, in the second of the flow's report.
    pub(super) fn add_segments(&mut self, at: f64, sample: &FlowSample) {
        if let Some(host) = self.0.get_mut(second(at)) {
            grow(&mut host.segments_sent, sample.sent);
            grow(&mut host.segments_retransmitted, sample.retransmitted);
        }
    }
}

fn grow(counter: &mut Option<u64>, by: u64) {
    *counter = counter.map(|count| count + by);
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "hours at most; what was before the agent counts for its first second"
)]
fn second(at: f64) -> usize {
    at.max(0.0) as usize
}
