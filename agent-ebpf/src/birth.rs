//! A connection is established, or is over.

use aya_ebpf::helpers::bpf_ktime_get_ns;
use edgeghost_common::record::{FLOW_BORN, FLOW_LOOPBACK};

use crate::sock::Sock;
use crate::{Outcome, close, flow, report};

/// `TCP_ESTABLISHED` (`include/net/tcp_states.h`).
const ESTABLISHED: i32 = 1;
/// `TCP_CLOSE`.
const CLOSE: i32 = 7;

/// `inet_sock_set_state`: the state of a flow begins when its handshake is complete, so that its
/// whole life is known and its totals need no baseline. It ends with the connection, which can be
/// long before the socket is destroyed, or without that: a socket may be connected again
/// (`tcp_disconnect`), with totals from zero and other ends.
#[inline(always)]
pub(crate) fn on_state(sock: Sock, new_state: i32) -> Outcome {
    if new_state == CLOSE {
        return close::on_end(sock);
    }
    if new_state != ESTABLISHED {
        return state_changed(sock);
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

/// Leaving `ESTABLISHED`, a flow reports if that is due: from then on `tcp_probe` is silent.
#[inline(always)]
fn state_changed(sock: Sock) -> Outcome {
    let Some(state) = flow::lookup(sock) else {
        return Ok(());
    };
    if state.flags & FLOW_LOOPBACK != 0 {
        return Ok(());
    }
    let tcp = sock.tcp()?;
    // SAFETY: a helper without arguments.
    report::if_due(state, tcp, unsafe { bpf_ktime_get_ns() })
}
