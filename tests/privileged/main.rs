//! The finished program on the real kernel: real programs, real packets, real loss.
//!
//! Needs root. Every test makes its own network namespaces and starts its own agent; the agent
//! sees every namespace of the machine, so tests look for their own addresses and namespaces.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod confined;
mod cwnd;
mod drops;
mod evidence;
mod exact;
mod exactness;
mod faults;
mod firewall;
mod flood;
mod guest;
mod host;
mod incoming;
mod lab;
mod loopback;
mod metadata;
mod metrics;
mod namespaces;
mod netem;
mod otlp;
mod output;
mod overload;
mod recording;
mod relay;
mod reload;
mod retransmit;
mod reuse;
mod sinks;
mod sockets;
mod start;
mod status;
mod stop;
mod supervised;
mod totals;
mod unseen;
mod witness;

/// Fails where the test cannot be made: a test that is skipped in silence looks like one that
/// has passed.
#[track_caller]
fn require_root() {
    use edgeghost_tests::tool;
    assert!(
        tool::is_root(),
        "the privileged tests load eBPF programs and make network namespaces: run them as root, \
         best with `cargo xtask test --privileged`"
    );
    let missing = tool::missing();
    assert!(
        missing.is_empty(),
        "missing: {}; `cargo xtask setup` installs it",
        missing.join(", ")
    );
}
