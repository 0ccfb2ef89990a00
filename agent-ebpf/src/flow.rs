//! State of a flow: finding it, beginning it.

use core::ptr::null_mut;

use aya_ebpf::bindings::{BPF_ANY, BPF_SK_STORAGE_GET_F_CREATE};
use aya_ebpf::helpers::generated::{bpf_sk_storage_delete, bpf_sk_storage_get};
use edgeghost_common::Counter;
use edgeghost_common::record::{Endpoints, FLOW_BORN, FLOW_LOOPBACK, FlowState};

use crate::maps::{self, FLOWS, SOCKETS};
use crate::offsets::get;
use crate::report;
use crate::sock::{Sock, TcpSock};

/// Flags of `bpf_sk_storage_get`: only what is there.
const LOOK: u64 = 0;
/// Make it, of zeroes, if it is not there.
const CREATE: u64 = BPF_SK_STORAGE_GET_F_CREATE as u64;

/// The state of a known flow. The socket is locked by the kernel in every hook, so no other CPU
/// works on the same flow meanwhile; only under eviction pressure may the entry of the hash be
/// given to another flow at the same time, which `settle` finds out.
#[inline(always)]
pub(crate) fn lookup(sock: Sock) -> Option<&'static mut FlowState> {
    let state = if in_socket() {
        storage(sock, LOOK)
    } else {
        FLOWS.get_ptr_mut(sock.key())?
    };
    // SAFETY: memory of the map, valid while the program runs.
    unsafe { state.as_mut() }
}

/// Ends the state of a flow, if it has one.
#[inline(always)]
pub(crate) fn forget(sock: Sock) {
    // Failing means it is gone already.
    if in_socket() {
        // SAFETY: a map, and a socket that the verifier knows as one.
        let _ =
            unsafe { bpf_sk_storage_delete((&raw const SOCKETS).cast_mut().cast(), sock.raw()) };
    } else {
        let _ = FLOWS.remove(sock.key());
    }
}

/// A constant to the verifier: it sees one of both ways only.
#[inline(always)]
fn in_socket() -> bool {
    get!(state_in_socket) == 1
}

/// The socket's own memory for its flow, or null.
#[inline(always)]
fn storage(sock: Sock, flags: u64) -> *mut FlowState {
    let map = (&raw const SOCKETS).cast_mut().cast();
    // SAFETY: a map, a socket that the verifier knows as one, and no value to begin with.
    unsafe { bpf_sk_storage_get(map, sock.raw(), null_mut(), flags) }.cast()
}

/// Begins the state of a flow that was not known, with the socket's present totals as baseline.
#[inline(always)]
pub(crate) fn begin(
    sock: Sock,
    tcp: TcpSock,
    now_ns: u64,
    born: bool,
) -> Result<&'static mut FlowState, Counter> {
    let ends = tcp.ends()?;
    let cwnd = tcp.snd_cwnd();
    let loopback = is_loopback(&ends);
    let state = FlowState {
        ends,
        flags: if born { FLOW_BORN } else { 0 } | if loopback { FLOW_LOOPBACK } else { 0 },
        born_ns: if born { now_ns } else { 0 },
        reported_ns: now_ns,
        reported_jiffy: report::jiffy(),
        bytes_retrans: tcp.bytes_retrans(),
        total_retrans: tcp.total_retrans(),
        cwnd_min: cwnd,
        cwnd_peak: cwnd,
        ..FlowState::default()
    };
    maps::count(match (loopback, born) {
        (true, _) => Counter::FlowsLoopback,
        (false, true) => Counter::FlowsBorn,
        (false, false) => Counter::FlowsFound,
    });
    if !in_socket() {
        FLOWS
            .insert(sock.key(), state, u64::from(BPF_ANY))
            .map_err(|_| Counter::StateInsertFailed)?;
        return lookup(sock).ok_or(Counter::StateInsertFailed);
    }
    // SAFETY: memory of the map, valid while the program runs.
    let slot = unsafe { storage(sock, CREATE).as_mut() }.ok_or(Counter::StateInsertFailed)?;
    *slot = state;
    Ok(slot)
}

/// Whether a flow never leaves the host: 127.0.0.0/8, `::1`, or one address at both ends.
#[inline(always)]
pub(crate) fn is_loopback(ends: &Endpoints) -> bool {
    let local = words(&ends.local);
    let peer = words(&ends.peer);
    let mapped = peer[0] == 0 && peer[1] == 0 && peer[2] == u32::from_be(0x0000_ffff);
    let v6_loopback = peer[0] == 0 && peer[1] == 0 && peer[2] == 0 && peer[3] == u32::from_be(1);
    (mapped && ends.peer[12] == 127)
        || v6_loopback
        || (local[0] == peer[0]
            && local[1] == peer[1]
            && local[2] == peer[2]
            && local[3] == peer[3])
}

/// Four words in memory order: the compiler would otherwise call `memcmp`, which BPF has not.
#[inline(always)]
fn words(address: &[u8; 16]) -> [u32; 4] {
    // SAFETY: 16 bytes, aligned to 4 within `Endpoints` (its size and place are asserted).
    unsafe { core::ptr::read_unaligned(address.as_ptr().cast()) }
}
