//! Records of the ring buffer: what the eBPF half tells the user half.

#[cfg(feature = "user")]
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Version of the layout below, in every header. The two halves are one build, so a mismatch
/// means a foreign or corrupt record.
pub const VERSION: u8 = 2;

/// Kind of a record, in its header.
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// [`FlowRecord`].
    Flow = 1,
    /// [`RetransmitRecord`].
    Retransmit = 2,
    /// [`CwndRecord`].
    Cwnd = 3,
    /// [`SynAckRecord`].
    SynAck = 4,
}

/// First bytes of every record.
#[repr(C)]
#[cfg_attr(feature = "user", derive(FromBytes, IntoBytes, Immutable))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Header {
    /// `CLOCK_MONOTONIC`, nanoseconds (`bpf_ktime_get_ns`).
    pub time_ns: u64,
    /// Length of the whole record, bytes.
    pub len: u16,
    /// A [`Kind`].
    pub kind: u8,
    /// [`VERSION`].
    pub version: u8,
    /// CPU that wrote the record.
    pub cpu: u32,
}

/// Both ends of a connection. IPv4 addresses stand in their IPv4-mapped form, whatever the
/// socket's family.
#[repr(C)]
#[cfg_attr(feature = "user", derive(FromBytes, IntoBytes, Immutable))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Endpoints {
    /// This host's address, network byte order (`skc_rcv_saddr`, `skc_v6_rcv_saddr`).
    pub local: [u8; 16],
    /// The other side's address, network byte order (`skc_daddr`, `skc_v6_daddr`).
    pub peer: [u8; 16],
    /// This host's port, host byte order (`skc_num`).
    pub local_port: u16,
    /// The other side's port, host byte order (`skc_dport`).
    pub peer_port: u16,
    /// Inode number of the network namespace (`net->ns.inum`), as in `/proc/PID/ns/net`.
    pub netns: u32,
}

/// What is read from the socket itself for every record: absolute values, so a lost record costs
/// detail and never correctness. Fields of `struct tcp_sock` unless said otherwise.
#[repr(C)]
#[cfg_attr(feature = "user", derive(FromBytes, IntoBytes, Immutable))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SocketView {
    /// Payload bytes acknowledged by the peer.
    pub bytes_acked: u64,
    /// Payload bytes sent, retransmissions included.
    pub bytes_sent: u64,
    /// Payload bytes retransmitted.
    pub bytes_retrans: u64,
    /// Time that the peer's receive window held this end back, microseconds
    /// (`chrono_stat[TCP_CHRONO_RWND_LIMITED - 1]`, and what runs now; as `tcpi_rwnd_limited`).
    /// 0 where the kernel does not measure it.
    pub rwnd_limited_us: u64,
    /// Segments retransmitted, SYN included.
    pub total_retrans: u32,
    /// Segments with payload sent, retransmissions included.
    pub data_segs_out: u32,
    /// Segments with payload received, duplicates included.
    pub data_segs_in: u32,
    /// Segments delivered to the peer (acknowledged or selectively acknowledged).
    pub delivered: u32,
    /// Congestion window, segments.
    pub snd_cwnd: u32,
    /// Slow-start threshold, segments; 0x7fffffff before the first loss.
    pub snd_ssthresh: u32,
    /// Smoothed round-trip time, microseconds (`srtt_us` >> 3).
    pub srtt_us: u32,
    /// Smallest round-trip time of the last minutes, microseconds (`rtt_min.s[0].v`).
    pub min_rtt_us: u32,
    /// The peer's receive window, bytes.
    pub snd_wnd: u32,
    /// Segment size in use, bytes (`mss_cache`).
    pub mss: u32,
    /// Segments in flight (`packets_out`).
    pub packets_out: u32,
    /// Duplicate SACKs received: retransmissions that were not needed.
    pub dsack_dups: u32,
    /// Reordering events seen.
    pub reord_seen: u32,
    /// Segments received out of order: loss or reordering on the way in.
    pub rcv_ooopack: u32,
    /// Non-zero while the application has had nothing to send (`app_limited`).
    pub app_limited: u32,
    /// Connection state (`skc_state`, `include/net/tcp_states.h`).
    pub state: u8,
    /// Congestion-avoidance state (`icsk_ca_state`, enum `tcp_ca_state`).
    pub ca_state: u8,
    /// Zero.
    pub padding: [u8; 2],
}

/// Segments retransmitted since the flow's state began, by kind.
#[repr(C)]
#[cfg_attr(feature = "user", derive(FromBytes, IntoBytes, Immutable))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetransmitKinds {
    /// SYN of a connection that this host opens.
    pub syn: u32,
    /// After duplicate or selective acknowledgements (`TCP_CA_Recovery`).
    pub fast: u32,
    /// After a retransmission timeout (`TCP_CA_Loss`).
    pub timeout: u32,
    /// Tail loss probe (`TCP_CA_Open`, `TCP_CA_Disorder`, `TCP_CA_CWR`; RFC 8985).
    pub tail_loss_probe: u32,
}

/// The flow was seen from its handshake on.
pub const FLOW_BORN: u32 = 1;
/// First report of a flow found in mid-life: its totals are a baseline, not news.
pub const FLOW_FIRST: u32 = 1 << 1;
/// Last report: the socket is being destroyed.
pub const FLOW_CLOSED: u32 = 1 << 2;
/// The flow never leaves the host; it is known only so that it can be left out.
pub const FLOW_LOOPBACK: u32 = 1 << 3;
/// The window is below a peak that was reported as lost.
pub const FLOW_FALLEN: u32 = 1 << 4;

/// A flow's report: at most one per interval, and one when it closes.
#[repr(C)]
#[cfg_attr(feature = "user", derive(FromBytes, IntoBytes, Immutable))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlowRecord {
    /// Kind [`Kind::Flow`].
    pub header: Header,
    /// Both ends.
    pub ends: Endpoints,
    /// `FLOW_*`.
    pub flags: u32,
    /// Fills up to whole words. The programs never write it: it holds what lay there before.
    pub unused: u32,
    /// When the handshake completed, `CLOCK_MONOTONIC` nanoseconds; 0 if before the agent.
    pub born_ns: u64,
    /// The socket now.
    pub view: SocketView,
    /// Retransmissions by kind.
    pub kinds: RetransmitKinds,
    /// Smallest congestion window seen since the last report, segments.
    pub cwnd_min: u32,
    /// SYN or SYN-ACK retransmissions that the completed handshake took.
    pub handshake_retrans: u32,
    /// Name of the congestion control (`tcp_congestion_ops.name`), NUL-padded.
    pub ca_name: [u8; 16],
    /// Reports of this flow before this one, lost ones included.
    pub reports: u32,
    /// Zero: 8-byte alignment of the whole.
    pub padding: u32,
}

/// One retransmission (of one skb, which can be many segments).
#[repr(C)]
#[cfg_attr(feature = "user", derive(FromBytes, IntoBytes, Immutable))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetransmitRecord {
    /// Kind [`Kind::Retransmit`].
    pub header: Header,
    /// Both ends.
    pub ends: Endpoints,
    /// A [`RetransmitKind`].
    pub kind: u32,
    /// Fills up to whole words. The programs never write it: it holds what lay there before.
    pub unused: u32,
    /// The socket just after the retransmission.
    pub view: SocketView,
    /// Payload bytes retransmitted now.
    pub bytes: u64,
    /// Segments retransmitted now.
    pub segments: u32,
    /// Zero.
    pub padding: u32,
}

/// Why a segment was sent again.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetransmitKind {
    /// See [`RetransmitKinds::syn`].
    Syn = 1,
    /// See [`RetransmitKinds::fast`].
    Fast = 2,
    /// See [`RetransmitKinds::timeout`].
    Timeout = 3,
    /// See [`RetransmitKinds::tail_loss_probe`].
    TailLossProbe = 4,
}

/// A significant change of the congestion window.
#[repr(C)]
#[cfg_attr(feature = "user", derive(FromBytes, IntoBytes, Immutable))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CwndRecord {
    /// Kind [`Kind::Cwnd`].
    pub header: Header,
    /// Both ends.
    pub ends: Endpoints,
    /// A [`CwndChange`].
    pub change: u32,
    /// Fills up to whole words. The programs never write it: it holds what lay there before.
    pub unused: u32,
    /// The socket now.
    pub view: SocketView,
    /// Window before: the peak that it fell from, or the low that it rose from; segments.
    pub before: u32,
    /// Window now, segments.
    pub after: u32,
}

/// What happened to a congestion window.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CwndChange {
    /// Half of its peak or less.
    Halved = 1,
    /// At the floor, two segments or one.
    Floor = 2,
    /// Back at three quarters of the peak it had fallen from, or at the initial window after a
    /// fall to less than half of that.
    Recovered = 3,
}

/// A listener sent a SYN-ACK again.
#[repr(C)]
#[cfg_attr(feature = "user", derive(FromBytes, IntoBytes, Immutable))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SynAckRecord {
    /// Kind [`Kind::SynAck`].
    pub header: Header,
    /// Both ends.
    pub ends: Endpoints,
    /// Retransmissions of this SYN-ACK so far, this one included (`num_retrans` + 1).
    pub attempts: u32,
    /// Fills up to whole words. The programs never write it: it holds what lay there before.
    pub unused: u32,
}

/// State of one flow, kept in its socket (`SOCKETS`) or in the LRU hash `FLOWS`, keyed by the address
/// of its `struct sock`. What every segment looks at stands in front, in one line of the cache.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct FlowState {
    /// `FLOW_*`.
    pub flags: u32,
    /// Smallest window since the last report.
    pub cwnd_min: u32,
    /// Largest window since the last change told.
    pub cwnd_peak: u32,
    /// Jiffy of the last report (`bpf_jiffies64`, low half).
    pub reported_jiffy: u32,
    /// Time of the last report.
    pub reported_ns: u64,
    /// See [`FlowRecord::born_ns`].
    pub born_ns: u64,
    /// `bytes_retrans` at the last look.
    pub bytes_retrans: u64,
    /// `total_retrans` at the last look.
    pub total_retrans: u32,
    /// Peak that the window fell from, while `FLOW_FALLEN`.
    pub cwnd_lost: u32,
    /// Smallest window since the fall, while `FLOW_FALLEN`.
    pub cwnd_low: u32,
    /// Reports so far.
    pub reports: u32,
    /// Both ends, read once.
    pub ends: Endpoints,
    /// By kind.
    pub kinds: RetransmitKinds,
    /// See [`FlowRecord::handshake_retrans`].
    pub handshake_retrans: u32,
    /// Zero: 8-byte alignment of the whole.
    pub padding: u32,
}

const _: () = assert!(size_of::<Header>() == 16);
const _: () = assert!(size_of::<Endpoints>() == 40);
const _: () = assert!(size_of::<SocketView>() == 96);
const _: () = assert!(size_of::<RetransmitKinds>() == 16);
const _: () = assert!(size_of::<FlowRecord>() == 16 + 40 + 8 + 8 + 96 + 16 + 8 + 16 + 8);
const _: () = assert!(size_of::<RetransmitRecord>() == 16 + 40 + 8 + 96 + 8 + 8);
const _: () = assert!(size_of::<CwndRecord>() == 16 + 40 + 8 + 96 + 8);
const _: () = assert!(size_of::<SynAckRecord>() == 16 + 40 + 8);
const _: () = assert!(size_of::<FlowState>() == 16 + 24 + 16 + 40 + 16 + 8);

/// A record as it travels: every bit pattern is a value, and no byte of it is padding. The derives
/// above are refused by the compiler where that does not hold.
#[cfg(feature = "user")]
pub trait Wire: FromBytes + IntoBytes + Immutable + Copy {
    /// The record that these bytes begin with, if they are long enough.
    fn read(bytes: &[u8]) -> Option<Self> {
        Self::read_from_prefix(bytes).ok().map(|(record, _)| record)
    }
}

#[cfg(feature = "user")]
impl<T: FromBytes + IntoBytes + Immutable + Copy> Wire for T {}
