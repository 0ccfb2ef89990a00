//! The programs in the kernel: state per flow, at most one report per flow and interval, and a
//! bounded stream of retransmissions and window changes.
//!
//! ```text
//! inet_sock_set_state   a connection is established: its state begins (birth.rs)
//! tcp_probe             a segment arrived: window, report if due (probe.rs)
//! tcp_retransmit_skb    something is sent again (retransmit.rs)
//! tcp_retransmit_synack a listener repeats a SYN-ACK (retransmit.rs)
//! tcp_destroy_sock      a flow's last word (close.rs)
//! kfree_skb             a packet is dropped, and why (dropped.rs)
//! ```
//!
//! Every program is a BTF tracepoint; what it reads of a socket it reads through verifier-checked
//! loads at offsets that user space took from the kernel's BTF (offsets.rs).

// For the host (an editor, clippy) the same code is an ordinary program that does nothing.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]
#![expect(
    clippy::inline_always,
    reason = "a program is one function, or the verifier counts calls"
)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "sizes and masks, known to fit"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "the macro hands contexts over by value"
)]

mod birth;
mod budget;
mod close;
mod cwnd;
mod dropped;
mod flow;
mod maps;
mod offsets;
mod probe;
mod report;
mod retransmit;
mod sock;

use aya_ebpf::EbpfContext;
use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;
use aya_log_ebpf::debug;
use edgeghost_common::Counter;

use crate::sock::{Request, Skb, Sock};

/// What a program could not do is the counter it counts as; nothing returns early uncounted.
type Outcome = Result<(), Counter>;

#[btf_tracepoint(function = "inet_sock_set_state")]
fn inet_sock_set_state(ctx: BtfTracePointContext) -> i32 {
    finish(&ctx, birth::on_state(Sock::arg(&ctx, 0), ctx.arg(2)))
}

#[btf_tracepoint(function = "tcp_probe")]
fn tcp_probe(ctx: BtfTracePointContext) -> i32 {
    finish(&ctx, probe::on_segment(Sock::arg(&ctx, 0)))
}

#[btf_tracepoint(function = "tcp_retransmit_skb")]
fn tcp_retransmit_skb(ctx: BtfTracePointContext) -> i32 {
    let err = if offsets::get!(retransmit_has_err) == 1 {
        ctx.arg::<i32>(2)
    } else {
        0
    };
    finish(
        &ctx,
        retransmit::on_skb(Sock::arg(&ctx, 0), Skb::arg(&ctx, 1), err),
    )
}

#[btf_tracepoint(function = "tcp_retransmit_synack")]
fn tcp_retransmit_synack(ctx: BtfTracePointContext) -> i32 {
    finish(&ctx, retransmit::on_synack(Request::arg(&ctx, 1)))
}

#[btf_tracepoint(function = "tcp_destroy_sock")]
fn tcp_destroy_sock(ctx: BtfTracePointContext) -> i32 {
    finish(&ctx, close::on_end(Sock::arg(&ctx, 0)))
}

#[btf_tracepoint(function = "kfree_skb")]
fn kfree_skb(ctx: BtfTracePointContext) -> i32 {
    finish(&ctx, dropped::on_drop(Skb::arg(&ctx, 0), ctx.arg(2)))
}

#[inline(always)]
fn finish<C: EbpfContext>(ctx: &C, outcome: Outcome) -> i32 {
    if let Err(counter) = outcome {
        maps::count(counter);
        debug!(ctx, "not delivered: counter {}", counter as u32);
    }
    0
}

#[cfg(not(target_arch = "bpf"))]
fn main() {}

/// Never reached: what could panic the verifier has refused.
#[cfg(target_arch = "bpf")]
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// The kernel lends helpers such as `bpf_probe_read_kernel` only to GPL-compatible programs.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
