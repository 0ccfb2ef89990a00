//! A segment arrived on an established connection. The hot path: once per segment.

use aya_ebpf::helpers::bpf_ktime_get_ns;
use edgeghost_common::record::FLOW_LOOPBACK;

use crate::sock::Sock;
use crate::{Outcome, cwnd, flow, maps, report};

/// `tcp_probe`, at the top of `tcp_rcv_established`: the socket's figures are those before this
/// segment is processed.
#[inline(always)]
pub(crate) fn on_segment(sock: Sock) -> Outcome {
    let Some(state) = flow::lookup(sock) else {
        return on_unknown(sock);
    };
    if state.flags & FLOW_LOOPBACK != 0 {
        return Ok(());
    }
    let tcp = sock.tcp()?;
    maps::count_failed(cwnd::track(state, tcp));
    if !report::may_be_due(state)? {
        return Ok(());
    }
    // SAFETY: a helper without arguments.
    report::if_due(state, tcp, unsafe { bpf_ktime_get_ns() })
}

/// The flow is older than the agent, or was pushed out of the LRU hash.
#[inline(always)]
fn on_unknown(sock: Sock) -> Outcome {
    let tcp = sock.tcp()?;
    // SAFETY: a helper without arguments.
    let now_ns = unsafe { bpf_ktime_get_ns() };
    let state = flow::begin(sock, tcp, now_ns, false)?;
    if state.flags & FLOW_LOOPBACK != 0 {
        return Ok(());
    }
    report::baseline(state, tcp, now_ns, (0, 0))
}
