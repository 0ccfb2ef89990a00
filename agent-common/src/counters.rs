//! Counters of the eBPF half, one set per CPU, read by the user half.

/// Index into the per-CPU array `COUNTERS`. Every way out of an eBPF program that does not
/// deliver what it saw has a counter of its own here.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counter {
    /// Flow reports that found the ring buffer full.
    LostFlowRingFull = 0,
    /// Retransmission records that found the ring buffer full.
    LostRetransmitRingFull = 1,
    /// Window-change records that found the ring buffer full.
    LostCwndRingFull = 2,
    /// SYN-ACK records that found the ring buffer full.
    LostSynAckRingFull = 3,
    /// Retransmission records held back by the token bucket.
    LostRetransmitBudget = 4,
    /// Window-change records held back by the token bucket.
    LostCwndBudget = 5,
    /// SYN-ACK records held back by the token bucket.
    LostSynAckBudget = 6,
    /// Flows that got no state: the hash refused the insertion.
    StateInsertFailed = 7,
    /// Sockets that `bpf_skc_to_tcp_sock` refused: not a full TCP socket.
    NotTcpSock = 8,
    /// Kernel memory that could not be read.
    ReadFailed = 9,
    /// The settings map had no entry 0; the loader always writes it.
    NoSettings = 10,
    /// Flows that began while the agent was watching.
    FlowsBorn = 11,
    /// Flows first seen in mid-life.
    FlowsFound = 12,
    /// Flows left out because they never leave the host.
    FlowsLoopback = 13,
    /// Retransmissions that the kernel could not hand to the device (`err` != 0).
    RetransmitFailed = 14,
    /// Flow reports delivered.
    SentFlow = 15,
    /// Retransmission records delivered.
    SentRetransmit = 16,
    /// Window-change records delivered.
    SentCwnd = 17,
    /// SYN-ACK records delivered.
    SentSynAck = 18,
    /// Namespaces that got no totals: the hash refused the insertion.
    NetnsInsertFailed = 19,
    /// Last reports of flows that found the ring buffer full: what the flow did since the report
    /// before is missing from the sums of its path.
    LostCloseRingFull = 20,
    /// State that did not fit its socket: what was retransmitted meanwhile is not counted.
    StateStale = 21,
    /// Dropped packets that were not counted: the hash refused the insertion.
    DropInsertFailed = 22,
}

impl Counter {
    /// How many counters there are.
    pub const COUNT: u32 = 23;

    /// All counters with the name under which they are published.
    pub const ALL: [(Self, &'static str); Self::COUNT as usize] = [
        (Self::LostFlowRingFull, "flow_report.ring_full"),
        (Self::LostRetransmitRingFull, "tcp_retransmit.ring_full"),
        (Self::LostCwndRingFull, "tcp_cwnd.ring_full"),
        (Self::LostSynAckRingFull, "syn_ack.ring_full"),
        (Self::LostRetransmitBudget, "tcp_retransmit.rate_limited"),
        (Self::LostCwndBudget, "tcp_cwnd.rate_limited"),
        (Self::LostSynAckBudget, "syn_ack.rate_limited"),
        (Self::StateInsertFailed, "flow_state.insert_failed"),
        (Self::NotTcpSock, "socket.not_tcp"),
        (Self::ReadFailed, "kernel_read.failed"),
        (Self::NoSettings, "settings.missing"),
        (Self::FlowsBorn, "flows.born"),
        (Self::FlowsFound, "flows.found"),
        (Self::FlowsLoopback, "flows.loopback"),
        (Self::RetransmitFailed, "retransmit.failed"),
        (Self::SentFlow, "flow_report.sent"),
        (Self::SentRetransmit, "tcp_retransmit.sent"),
        (Self::SentCwnd, "tcp_cwnd.sent"),
        (Self::SentSynAck, "syn_ack.sent"),
        (Self::NetnsInsertFailed, "netns_totals.insert_failed"),
        (Self::LostCloseRingFull, "flow_close.ring_full"),
        (Self::StateStale, "flow_state.stale"),
        (Self::DropInsertFailed, "drops.insert_failed"),
    ];

    /// Whether this counter stands for something that was seen and not delivered.
    pub const fn is_loss(self) -> bool {
        matches!(
            self,
            Self::LostFlowRingFull
                | Self::LostRetransmitRingFull
                | Self::LostCwndRingFull
                | Self::LostSynAckRingFull
                | Self::LostRetransmitBudget
                | Self::LostCwndBudget
                | Self::LostSynAckBudget
                | Self::StateInsertFailed
                | Self::ReadFailed
                | Self::NoSettings
                | Self::NetnsInsertFailed
                | Self::LostCloseRingFull
                | Self::StateStale
                | Self::DropInsertFailed
        )
    }
}

/// Totals of one network namespace, kept per CPU (map `NETNS`, key: inode number of the
/// namespace). They include flows whose records were lost, so they equal the namespace's
/// `RetransSegs` (/proc/net/snmp) for everything since the programs were attached.
#[repr(C)]
#[cfg_attr(feature = "user", derive(zerocopy::FromBytes, zerocopy::IntoBytes))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NetnsTotals {
    /// Segments retransmitted on full sockets, SYN included (`tcp_sock.total_retrans`).
    pub segments: u64,
    /// Payload bytes retransmitted (`tcp_sock.bytes_retrans`).
    pub bytes: u64,
    /// SYN-ACKs retransmitted by listeners (`tcp_rtx_synack`).
    pub syn_acks: u64,
    /// Of `segments`: those the kernel could not hand to the device (`TCPRetransFail`).
    pub failed: u64,
}

impl NetnsTotals {
    /// Adds the share of another CPU.
    pub const fn add(&mut self, other: &Self) {
        self.segments = self.segments.wrapping_add(other.segments);
        self.bytes = self.bytes.wrapping_add(other.bytes);
        self.syn_acks = self.syn_acks.wrapping_add(other.syn_acks);
        self.failed = self.failed.wrapping_add(other.failed);
    }
}

const _: () = assert!(size_of::<NetnsTotals>() == 32);

#[cfg(feature = "user")]
// SAFETY: `FromBytes` and `IntoBytes` are derived, which the compiler refuses unless every bit
// pattern is a value and there is no padding.
unsafe impl aya::Pod for NetnsTotals {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_stands_at_its_own_index() {
        for (index, (counter, name)) in Counter::ALL.iter().enumerate() {
            assert_eq!(*counter as usize, index, "{name}");
        }
    }
}
