//! What will happen on a connection, and when.

use std::cmp::Ordering;

/// What happens on a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Event {
    /// A segment of ours reaches the peer.
    Segment(u64),
    /// An acknowledgement of what the peer had at this moment.
    Ack { emitted: f64, duplicate: bool },
    /// The peer sat long enough on an acknowledgement.
    Overdue,
    /// A request, sent at this moment.
    Request(f64),
    /// The host's own program has something to send.
    Own,
}

/// Something that will happen; ordered by time, then by when it was planned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Due {
    pub(super) at: f64,
    pub(super) order: u64,
    pub(super) event: Event,
}

impl Eq for Due {}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        // The heap gives the greatest first: the earliest is to be it.
        (other.at.total_cmp(&self.at)).then(other.order.cmp(&self.order))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
