//! What will happen on a connection, and when.

use std::cmp::Ordering;

/// One of the two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// This host.
    Host,
    /// The other side.
    Peer,
}

impl End {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Host => Self::Peer,
            Self::Peer => Self::Host,
        }
    }
}

/// What happens on a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Event {
    /// A segment reaches an end. It also acknowledges what the other end had when it was sent.
    Segment { to: End, number: u64, emitted: f64 },
    /// An acknowledgement of what the other end had at this moment.
    Ack {
        to: End,
        emitted: f64,
        duplicate: bool,
    },
    /// An end sat long enough on an acknowledgement.
    Overdue(End),
    /// An end's program has something to say.
    Turn(End),
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
