//! Something is sent again.

use aya_ebpf::bindings::BPF_ANY;
use aya_ebpf::helpers::bpf_ktime_get_ns;
use edgeghost_common::record::{
    FLOW_LOOPBACK, FlowState, Kind, RetransmitKind, RetransmitRecord, SynAckRecord,
};
use edgeghost_common::{Counter, NetnsTotals};

use crate::maps::{self, NETNS};
use crate::offsets::get;
use crate::sock::{Request, Skb, Sock, TcpSock};
use crate::{Outcome, budget, cwnd, flow, report};

/// `TCP_SYN_SENT` (`include/net/tcp_states.h`).
const SYN_SENT: u8 = 2;
/// `TCP_CA_Recovery` (`include/uapi/linux/tcp.h`).
const CA_RECOVERY: u8 = 3;
/// `TCP_CA_Loss`.
const CA_LOSS: u8 = 4;

/// `tcp_retransmit_skb`: one skb, of one or many segments, was sent again; with `err` it was
/// meant to be.
#[inline(always)]
pub(crate) fn on_skb(sock: Sock, skb: Skb, err: i32) -> Outcome {
    let tcp = sock.tcp()?;
    // SAFETY: a helper without arguments.
    let now_ns = unsafe { bpf_ktime_get_ns() };
    let state = match flow::lookup(sock) {
        Some(state) => state,
        None => on_unknown(sock, tcp, skb, now_ns, err)?,
    };
    let (segments, bytes) = settle(state, tcp);
    // Before 6.17 a failed retransmission counts in the socket but fires nothing: what goes
    // beyond this skb failed since the last look.
    let silent_failures = get!(retransmit_has_err) == 0;
    let (sent, sent_bytes) = if err != 0 {
        (0, 0)
    } else if silent_failures {
        let (now, now_bytes) = skb.segments_and_bytes().unwrap_or((segments, bytes));
        (now.min(segments), now_bytes.min(bytes))
    } else {
        (segments, bytes)
    };
    let failed = u64::from(segments - sent);
    maps::count_failed(add_totals(
        state.ends.netns,
        &NetnsTotals {
            segments: u64::from(segments),
            bytes,
            syn_acks: 0,
            failed,
        },
    ));
    // The namespace's RetransSegs counts what stays on the host as well; nothing else does.
    if state.flags & FLOW_LOOPBACK != 0 {
        return Ok(());
    }
    let kind = kind(tcp);
    if err == 0 {
        add_kind(state, kind, sent);
    } else {
        maps::count(Counter::RetransmitFailed);
    }
    maps::count_failed(cwnd::track(state, tcp));
    maps::count_failed(report::if_due(state, tcp, now_ns));
    if err == 0 {
        tell(state, tcp, now_ns, kind, (sent, sent_bytes))?;
    }
    Ok(())
}

/// `tcp_retransmit_synack`: a listener repeats its answer. There is no socket yet; if the
/// handshake completes, the socket inherits the count.
#[inline(always)]
pub(crate) fn on_synack(request: Request) -> Outcome {
    let ends = request.ends()?;
    add_totals(
        ends.netns,
        &NetnsTotals {
            syn_acks: 1,
            ..NetnsTotals::default()
        },
    )?;
    if flow::is_loopback(&ends) {
        return Ok(());
    }
    let attempts = u32::from(request.retransmissions()?) + 1;
    // SAFETY: a helper without arguments.
    let now_ns = unsafe { bpf_ktime_get_ns() };
    budget::pay(now_ns, Counter::LostSynAckBudget)?;
    let mut entry = report::reserve::<SynAckRecord>(Counter::LostSynAckRingFull)?;
    // SAFETY: room for a whole record, filled before it is submitted.
    let record = unsafe { &mut *entry.as_mut_ptr() };
    record.header = report::header::<SynAckRecord>(Kind::SynAck, now_ns);
    record.ends = ends;
    record.attempts = attempts;
    report::submit(entry, Counter::SentSynAck);
    Ok(())
}

/// Adds what the socket retransmitted since the last look without telling the programs (before
/// 6.17 a failed retransmission counts but fires nothing) to the namespace's totals.
#[inline(always)]
pub(crate) fn settle_rest(state: &mut FlowState, tcp: TcpSock) -> Outcome {
    let (segments, bytes) = settle(state, tcp);
    if segments == 0 {
        return Ok(());
    }
    let segments = u64::from(segments);
    add_totals(
        state.ends.netns,
        &NetnsTotals {
            segments,
            bytes,
            syn_acks: 0,
            failed: segments,
        },
    )
}

/// The retransmission belongs to a flow without state: one older than the agent, or one that is
/// still being opened. Its baseline is what it had before this retransmission.
#[inline(always)]
fn on_unknown(
    sock: Sock,
    tcp: TcpSock,
    skb: Skb,
    now_ns: u64,
    err: i32,
) -> Result<&'static mut FlowState, Counter> {
    let news = if err == 0 {
        skb.segments_and_bytes()?
    } else {
        (0, 0)
    };
    let state = flow::begin(sock, tcp, now_ns, false)?;
    state.total_retrans -= news.0;
    state.bytes_retrans -= news.1;
    if state.flags & FLOW_LOOPBACK == 0 {
        maps::count_failed(report::baseline(state, tcp, now_ns, news));
    }
    Ok(state)
}

/// Segments and bytes retransmitted since the last look, by the socket's own count: the one that
/// `ss -ti` shows, and that went into the namespace's `RetransSegs`.
#[inline(always)]
fn settle(state: &mut FlowState, tcp: TcpSock) -> (u32, u64) {
    let total = tcp.total_retrans();
    let total_bytes = tcp.bytes_retrans();
    // Totals that went back are another connection's: the state is stale (see close.rs; a hash
    // entry may also be handed to another flow while it is written, for LRU recycles at once).
    let news = if total < state.total_retrans || total_bytes < state.bytes_retrans {
        maps::count(Counter::StateStale);
        (0, 0)
    } else {
        (
            total - state.total_retrans,
            total_bytes - state.bytes_retrans,
        )
    };
    state.total_retrans = total;
    state.bytes_retrans = total_bytes;
    news
}

/// Why, by the socket's state. A tail loss probe is the only retransmission outside of recovery
/// and loss (`tcp_send_loss_probe`).
#[inline(always)]
fn kind(tcp: TcpSock) -> RetransmitKind {
    if tcp.state() == SYN_SENT {
        return RetransmitKind::Syn;
    }
    match tcp.ca_state() {
        CA_LOSS => RetransmitKind::Timeout,
        CA_RECOVERY => RetransmitKind::Fast,
        _ => RetransmitKind::TailLossProbe,
    }
}

#[inline(always)]
fn add_kind(state: &mut FlowState, kind: RetransmitKind, segments: u32) {
    match kind {
        RetransmitKind::Syn => state.kinds.syn += segments,
        RetransmitKind::Fast => state.kinds.fast += segments,
        RetransmitKind::Timeout => state.kinds.timeout += segments,
        RetransmitKind::TailLossProbe => state.kinds.tail_loss_probe += segments,
    }
}

#[inline(always)]
fn add_totals(netns: u32, share: &NetnsTotals) -> Outcome {
    if let Some(totals) = NETNS.get_ptr_mut(netns) {
        // SAFETY: this CPU's own share.
        unsafe { (*totals).add(share) };
        return Ok(());
    }
    NETNS
        .insert(netns, *share, u64::from(BPF_ANY))
        .map_err(|_| Counter::NetnsInsertFailed)
}

#[inline(always)]
fn tell(
    state: &FlowState,
    tcp: TcpSock,
    now_ns: u64,
    kind: RetransmitKind,
    (segments, bytes): (u32, u64),
) -> Outcome {
    budget::pay(now_ns, Counter::LostRetransmitBudget)?;
    let mut entry = report::reserve::<RetransmitRecord>(Counter::LostRetransmitRingFull)?;
    // SAFETY: room for a whole record, filled before it is submitted.
    let record = unsafe { &mut *entry.as_mut_ptr() };
    record.header = report::header::<RetransmitRecord>(Kind::Retransmit, now_ns);
    record.ends = state.ends;
    record.kind = kind as u32;
    tcp.view(&mut record.view);
    record.bytes = bytes;
    record.segments = segments;
    record.padding = 0;
    report::submit(entry, Counter::SentRetransmit);
    Ok(())
}
