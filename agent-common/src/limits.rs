//! Bounds of the eBPF half, and the settings that the user half may change while it runs.

/// Flows that the kernel half keeps state for where it keeps it in an LRU hash: when that is full,
/// the flow that was silent longest makes room. One entry takes 192 bytes of kernel memory.
pub const MAX_FLOWS: u32 = 65_536;

/// Network namespaces whose totals are kept apart.
pub const MAX_NETNS: u32 = 1_024;

/// Kinds of dropped packets ([`crate::DropKey`]) that are counted apart: some 20 reasons in each of
/// some namespaces, and of those of established connections each address. An LRU hash: when it is
/// full, the kind that was not seen longest makes room. One entry takes about 100 bytes of kernel
/// memory and 16 more on each CPU.
pub const MAX_DROP_KINDS: u32 = 1_024;

/// Bytes of the ring buffer; a power of two and a multiple of the page size. Holds some 8,000
/// flow reports, which is two drain periods of 16,000 active flows.
pub const RING_BYTES: u32 = 2 * 1024 * 1024;

/// Unread bytes in the ring from which the kernel half wakes the reader at once instead of
/// waiting for its next look.
pub const RING_WAKE_BYTES: u64 = RING_BYTES as u64 / 8;

/// A congestion window at or below this is at the floor: Linux never sets `snd_ssthresh` below
/// 2 (`tcp_reno_ssthresh`, `tcp_cubic` alike), and a retransmission timeout starts from 1.
pub const CWND_FLOOR: u32 = 2;

/// The window that a connection begins with, segments (RFC 6928, `TCP_INIT_CWND`).
pub const CWND_INITIAL: u32 = 10;

/// A window whose peak was below this has nowhere to fall: half of it is the floor.
pub const CWND_MIN_PEAK: u32 = 4;

/// Settings of the eBPF half that user space may change at run time (map `SETTINGS`, index 0).
#[repr(C)]
#[cfg_attr(feature = "user", derive(zerocopy::FromBytes, zerocopy::IntoBytes))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// A flow reports at most once in so many nanoseconds.
    pub interval_ns: u64,
    /// Nanoseconds of credit that one detail record (retransmission, window change) costs: a
    /// second divided by the records a second allowed on each CPU.
    pub record_cost_ns: u64,
    /// The most credit that a CPU can save up, in nanoseconds: burst length times the cost.
    pub record_burst_ns: u64,
}

impl Settings {
    /// Settings for one report a flow every `interval_ns`, and `rate` detail records a second
    /// on each CPU with bursts of `burst` records. A rate of 0 lets none through.
    pub const fn new(interval_ns: u64, rate: u32, burst: u32) -> Self {
        let record_cost_ns = if rate == 0 {
            u64::MAX
        } else {
            1_000_000_000 / rate as u64
        };
        Self {
            interval_ns,
            record_cost_ns,
            record_burst_ns: record_cost_ns.saturating_mul(burst as u64),
        }
    }
}

const _: () = assert!(size_of::<Settings>() == 24);
const _: () = assert!(RING_BYTES.is_power_of_two() && RING_BYTES.is_multiple_of(4096));

#[cfg(feature = "user")]
// SAFETY: `FromBytes` and `IntoBytes` are derived, which the compiler refuses unless every bit
// pattern is a value and there is no padding.
unsafe impl aya::Pod for Settings {}
