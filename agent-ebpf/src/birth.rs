//! A connection is established.

use aya_ebpf::helpers::bpf_ktime_get_ns;
use edgeghost_common::record::FLOW_BORN;

use crate::Outcome;
use crate::flow;
use crate::sock::Sock;

/// `TCP_ESTABLISHED` (`include/net/tcp_states.h`).
const ESTABLISHED: i32 = 1;

/// `inet_sock_set_state`: the state of a flow begins when its handshake is complete, so that its
/// whole life is known and its totals need no baseline.
#[inline(always)]
pub(crate) fn on_state(sock: Sock, new_state: i32) -> Outcome {
    if new_state != ESTABLISHED {
        return Ok(());
    }
    // SCTP and DCCP change states here too: no TCP socket is nothing lost.
    let Ok(tcp) = sock.tcp() else {
        return Ok(());
    };
    // SAFETY: a helper without arguments.
    let now_ns = unsafe { bpf_ktime_get_ns() };
    let handshake_retrans = tcp.total_retrans();
    let state = match flow::lookup(sock) {
        // Its SYN had to be repeated: retransmit.rs began the state.
        Some(state) => {
            state.flags |= FLOW_BORN;
            state.born_ns = now_ns;
            state
        }
        None => flow::begin(sock, tcp, now_ns, true)?,
    };
    // A passive open inherits the SYN-ACKs of its request (tcp_create_openreq_child).
    state.handshake_retrans = handshake_retrans;
    Ok(())
}
