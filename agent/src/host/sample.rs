//! What the detector learns of the host at each tick.

use super::DropNews;
use crate::event::HostDetail;

/// News of the host since the last tick, in the agent's own network namespace. What cannot be read
/// on this host is absent: that is not zero.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HostSample {
    /// Packets queued or dropped because the instance exceeded a network allowance (ENA
    /// `*_allowance_exceeded`, all interfaces). Only with a [`Self::detail`], and then since the
    /// one before.
    pub allowance_exceeded: Option<u64>,
    /// Packets that the host itself dropped on their way out: `tx_dropped` of all interfaces but
    /// the loopback, and what their queueing disciplines dropped.
    pub local_drops: Option<u64>,
    /// Segments sent by all sockets, without those sent again (`Tcp: OutSegs`).
    pub segments_sent: Option<u64>,
    /// Segments sent again by all sockets (`Tcp: RetransSegs`).
    pub segments_retransmitted: Option<u64>,
    /// Retransmissions that did not leave the host (`TcpExt: TCPRetransFail`).
    pub retransmissions_failed: Option<u64>,
    /// Packets without a route (`Ip: OutNoRoutes`, `Ip6OutNoRoutes`).
    pub no_route: Option<u64>,
    /// Packets that the kernel dropped, by its own reasons.
    pub drops: Option<DropNews>,
    /// What is read every ten seconds, for it costs more; with the tick that follows the reading.
    pub detail: Option<Box<HostDetail>>,
}
