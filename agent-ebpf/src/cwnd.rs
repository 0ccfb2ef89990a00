//! Significant changes of the congestion window.

use aya_ebpf::helpers::bpf_ktime_get_ns;
use edgeghost_common::Counter;
use edgeghost_common::limits::{CWND_FLOOR, CWND_INITIAL, CWND_MIN_PEAK};
use edgeghost_common::record::{CwndChange, CwndRecord, FLOW_FALLEN, FlowState, Kind};

use crate::sock::TcpSock;
use crate::{Outcome, budget, report};

/// `TCP_CA_Open` (`include/uapi/linux/tcp.h`).
const CA_OPEN: u8 = 0;

/// Follows the window, and tells when it fell to half of its peak or to the floor, or came back.
#[inline(always)]
pub(crate) fn track(state: &mut FlowState, tcp: TcpSock) -> Outcome {
    let cwnd = tcp.snd_cwnd();
    if cwnd < state.cwnd_min {
        state.cwnd_min = cwnd;
    }
    let peak = state.cwnd_peak;
    if peak >= CWND_MIN_PEAK && cwnd <= peak / 2 {
        if tcp.ca_state() == CA_OPEN {
            // Not for loss: a restart after idleness (tcp_cwnd_restart, RFC 2861).
            state.cwnd_peak = cwnd;
            return Ok(());
        }
        return on_fall(state, tcp, cwnd);
    }
    if cwnd > peak {
        state.cwnd_peak = cwnd;
        if state.flags & FLOW_FALLEN != 0 && cwnd >= regained(state) {
            state.flags &= !FLOW_FALLEN;
            let low = state.cwnd_low;
            return tell(state, tcp, CwndChange::Recovered, (low, cwnd));
        }
    }
    Ok(())
}

/// The window from which a fallen flow has recovered: three quarters of what it lost; after a
/// fall below half of the initial window, the initial window will do, for a peak of slow start
/// may never come again.
#[inline(always)]
fn regained(state: &FlowState) -> u32 {
    let most = state.cwnd_lost - state.cwnd_lost / 4;
    if state.cwnd_low < CWND_INITIAL / 2 && most > CWND_INITIAL {
        CWND_INITIAL
    } else {
        most
    }
}

#[inline(always)]
fn on_fall(state: &mut FlowState, tcp: TcpSock, cwnd: u32) -> Outcome {
    let before = state.cwnd_peak;
    // A fall within a fall: what must be regained is still the first peak.
    if state.flags & FLOW_FALLEN == 0 {
        state.flags |= FLOW_FALLEN;
        state.cwnd_lost = before;
        state.cwnd_low = cwnd;
    } else if cwnd < state.cwnd_low {
        state.cwnd_low = cwnd;
    }
    state.cwnd_peak = cwnd;
    let change = if cwnd <= CWND_FLOOR {
        CwndChange::Floor
    } else {
        CwndChange::Halved
    };
    tell(state, tcp, change, (before, cwnd))
}

#[inline(always)]
fn tell(
    state: &FlowState,
    tcp: TcpSock,
    change: CwndChange,
    (before, after): (u32, u32),
) -> Outcome {
    // SAFETY: a helper without arguments.
    let now_ns = unsafe { bpf_ktime_get_ns() };
    budget::pay(now_ns, Counter::LostCwndBudget)?;
    let mut entry = report::reserve::<CwndRecord>(Counter::LostCwndRingFull)?;
    // SAFETY: room for a whole record, filled before it is submitted.
    let record = unsafe { &mut *entry.as_mut_ptr() };
    record.header = report::header::<CwndRecord>(Kind::Cwnd, now_ns);
    record.ends = state.ends;
    record.change = change as u32;
    tcp.view(&mut record.view);
    record.before = before;
    record.after = after;
    report::submit(entry, Counter::SentCwnd);
    Ok(())
}
