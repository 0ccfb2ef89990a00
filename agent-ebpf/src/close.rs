//! A flow's last word.

use aya_ebpf::helpers::bpf_ktime_get_ns;
use edgeghost_common::record::FLOW_LOOPBACK;

use crate::maps;
use crate::sock::Sock;
use crate::{Outcome, flow, report, retransmit};

/// The connection is over (state `TCP_CLOSE`), or the socket goes away (`tcp_destroy_sock`),
/// whichever is seen first, with totals that nothing has told yet. After a
/// server has closed, `tcp_probe` no longer fires while data and retransmissions go on: without
/// this a server that closes first would look idle.
#[inline(always)]
pub(crate) fn on_end(sock: Sock) -> Outcome {
    let Some(state) = flow::lookup(sock) else {
        return Ok(());
    };
    let tcp = sock.tcp()?;
    maps::count_failed(retransmit::settle_rest(state, tcp));
    let told = if state.flags & FLOW_LOOPBACK == 0 {
        // SAFETY: a helper without arguments.
        report::last(state, tcp, unsafe { bpf_ktime_get_ns() })
    } else {
        Ok(())
    };
    // The socket may be connected anew, or its address belong to another one, in a moment.
    flow::forget(sock);
    told
}
