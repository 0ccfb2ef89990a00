//! Writing records.

use aya_ebpf::helpers::bpf_get_smp_processor_id;
use aya_ebpf::helpers::generated::bpf_jiffies64;
use aya_ebpf::maps::ring_buf::RingBufEntry;
use edgeghost_common::Counter;
use edgeghost_common::limits::RING_WAKE_BYTES;
use edgeghost_common::record::{
    FLOW_CLOSED, FLOW_FIRST, FlowRecord, FlowState, Header, Kind, VERSION,
};

use crate::Outcome;
use crate::maps::{self, RECORDS};
use crate::offsets::get;
use crate::sock::TcpSock;

/// `BPF_RB_AVAIL_DATA`: unread bytes.
const AVAIL_DATA: u64 = 0;
/// `BPF_RB_NO_WAKEUP`: the reader looks by itself several times a second.
const NO_WAKEUP: u64 = 1;
/// `BPF_RB_FORCE_WAKEUP`.
const FORCE_WAKEUP: u64 = 2;

/// Room for a record in the ring, or `full` if there is none.
#[inline(always)]
pub(crate) fn reserve<T: 'static>(full: Counter) -> Result<RingBufEntry<T>, Counter> {
    RECORDS.reserve::<T>(0).ok_or(full)
}

/// Hands a filled record over, and wakes the reader only if the ring fills up.
#[inline(always)]
pub(crate) fn submit<T>(entry: RingBufEntry<T>, sent: Counter) {
    let crowded = RECORDS.query(AVAIL_DATA) >= RING_WAKE_BYTES;
    entry.submit(if crowded { FORCE_WAKEUP } else { NO_WAKEUP });
    maps::count(sent);
}

/// Header of a record of type `T`.
#[inline(always)]
pub(crate) fn header<T>(kind: Kind, now_ns: u64) -> Header {
    Header {
        time_ns: now_ns,
        len: size_of::<T>() as u16,
        kind: kind as u8,
        version: VERSION,
        // SAFETY: a helper without arguments.
        cpu: unsafe { bpf_get_smp_processor_id() },
    }
}

/// The low half of the kernel's count of ticks.
#[inline(always)]
pub(crate) fn jiffy() -> u32 {
    // SAFETY: a helper without arguments.
    unsafe { bpf_jiffies64() as u32 }
}

/// Whether it is worth asking the clock: by the ticks since its last report the flow may report.
/// Reading ticks is one load (the verifier inlines it), reading the clock is a call.
#[inline(always)]
pub(crate) fn may_be_due(state: &FlowState) -> Result<bool, Counter> {
    let interval_ns = maps::settings()?.interval_ns;
    let ticks = u64::from(jiffy().wrapping_sub(state.reported_jiffy));
    // Less time than one tick more has passed. A tick of unknown length is one of 0.
    let tick_ns = u64::from(get!(jiffy_us)) * 1_000;
    Ok(tick_ns == 0 || (ticks + 1) * tick_ns >= interval_ns)
}

/// Reports the flow if its last report is an interval ago.
#[inline(always)]
pub(crate) fn if_due(state: &mut FlowState, tcp: TcpSock, now_ns: u64) -> Outcome {
    if now_ns.saturating_sub(state.reported_ns) < maps::settings()?.interval_ns {
        return Ok(());
    }
    flow(state, tcp, now_ns, 0)
}

/// Reports the baseline of a flow found in mid-life: its totals without what is happening now,
/// which is news (`segments` and `bytes` of the retransmission that showed the flow, or zero).
#[inline(always)]
pub(crate) fn baseline(
    state: &mut FlowState,
    tcp: TcpSock,
    now_ns: u64,
    (segments, bytes): (u32, u64),
) -> Outcome {
    let mut entry = reserve::<FlowRecord>(Counter::LostFlowRingFull)?;
    let record = entry.as_mut_ptr();
    // SAFETY: room for a whole record, filled before it is submitted.
    let record = unsafe { &mut *record };
    fill(record, state, tcp, now_ns, FLOW_FIRST);
    state.reports += 1;
    record.view.total_retrans -= segments;
    // A SYN is no segment with payload.
    if bytes > 0 {
        record.view.data_segs_out -= segments;
    }
    record.view.bytes_retrans -= bytes;
    record.view.bytes_sent -= bytes;
    submit(entry, Counter::SentFlow);
    Ok(())
}

/// The last report of a flow.
#[inline(always)]
pub(crate) fn last(state: &mut FlowState, tcp: TcpSock, now_ns: u64) -> Outcome {
    flow(state, tcp, now_ns, FLOW_CLOSED).map_err(|_| Counter::LostCloseRingFull)
}

#[inline(always)]
fn flow(state: &mut FlowState, tcp: TcpSock, now_ns: u64, flags: u32) -> Outcome {
    // Set before the ring is asked: while it is full, a flow must not try again on every ACK.
    state.reported_ns = now_ns;
    state.reported_jiffy = jiffy();
    state.reports += 1;
    let mut entry = reserve::<FlowRecord>(Counter::LostFlowRingFull)?;
    // SAFETY: room for a whole record, filled before it is submitted.
    let record = unsafe { &mut *entry.as_mut_ptr() };
    fill(record, state, tcp, now_ns, flags);
    record.reports -= 1;
    state.cwnd_min = record.view.snd_cwnd;
    submit(entry, Counter::SentFlow);
    Ok(())
}

#[inline(always)]
fn fill(record: &mut FlowRecord, state: &FlowState, tcp: TcpSock, now_ns: u64, flags: u32) {
    record.header = header::<FlowRecord>(Kind::Flow, now_ns);
    record.ends = state.ends;
    record.flags = state.flags | flags;
    record.born_ns = state.born_ns;
    tcp.view(&mut record.view);
    record.kinds = state.kinds;
    record.cwnd_min = state.cwnd_min;
    record.handshake_retrans = state.handshake_retrans;
    record.ca_name = tcp.ca_name();
    record.reports = state.reports;
    record.padding = 0;
}
