//! What the kernel says.

use std::str::FromStr as _;

use edgeghost_common::record::{
    CwndRecord, FlowRecord, Header, Kind, RetransmitRecord, SynAckRecord, VERSION,
};

use crate::clock::Clock;
use crate::config::Config;
use crate::event::Time;
use crate::flow::decode;
use crate::host::{self, HostSample};
use crate::kernel::{Btf, DropReasons, Release, capabilities, has_tracepoint, resolve};
use crate::pipeline::{Output, Pipeline};

/// When runs here begin, nanoseconds since 1970: 2026-11-21.
const BEGIN: Time = Time(1_795_219_200_000_000_000);

/// A slot of the ring buffer.
pub(super) fn record(bytes: &[u8]) -> bool {
    decode(bytes).is_ok()
}

/// Records of any content through all that judges them. A byte tells what comes next: a kind of
/// record, whose head is made right; a tick so many seconds later; or any bytes for a record.
pub(super) fn records(bytes: &[u8]) -> bool {
    let mut pipeline = Pipeline::new(&Config::default(), None);
    let mut out = Output::default();
    let mut now_ns = 1_000_000_000_000_u64;
    let mut rest = bytes;
    while let Some((what, tail)) = rest.split_first() {
        let clock = Clock::at(now_ns, BEGIN);
        let (kind, length) = match what % 8 {
            0 | 1 => (Kind::Flow, size_of::<FlowRecord>()),
            2 => (Kind::Retransmit, size_of::<RetransmitRecord>()),
            3 => (Kind::Cwnd, size_of::<CwndRecord>()),
            4 => (Kind::SynAck, size_of::<SynAckRecord>()),
            5 => {
                let (slot, tail) = tail.split_at(tail.len().min(usize::from(*what)));
                pipeline.take(slot, clock, &mut out);
                rest = tail;
                continue;
            }
            step => {
                let seconds = if step == 6 {
                    1
                } else {
                    u64::from(*what).pow(3)
                };
                now_ns = now_ns.saturating_add(seconds * 1_000_000_000);
                let clock = Clock::at(now_ns, BEGIN);
                pipeline.tick(now_ns, &HostSample::default(), clock, &mut out);
                rest = tail;
                continue;
            }
        };
        let (body, tail) = tail.split_at(tail.len().min(length - size_of::<Header>()));
        pipeline.take(&record_of(kind, length, now_ns, body), clock, &mut out);
        rest = tail;
    }
    pipeline.finish(
        now_ns,
        &HostSample::default(),
        Clock::at(now_ns, BEGIN),
        &mut out,
    );
    pipeline.figures().undecodable < pipeline.figures().received
}

/// A record of this length with a right head.
fn record_of(kind: Kind, length: usize, now_ns: u64, body: &[u8]) -> Vec<u8> {
    let mut record = now_ns.to_ne_bytes().to_vec();
    record.extend(u16::try_from(length).unwrap_or(u16::MAX).to_ne_bytes());
    record.extend([kind as u8, VERSION, 0, 0, 0, 0]);
    record.extend(body);
    record.resize(length, 0);
    record
}

/// The kernel's types.
pub(super) fn btf(bytes: &[u8]) -> bool {
    let Ok(btf) = Btf::parse(bytes) else {
        return false;
    };
    let offsets = resolve(&btf);
    if let Err(error) = &offsets {
        assert!(!error.to_string().is_empty());
    }
    let known = offsets.unwrap_or(edgeghost_common::Offsets::UNRESOLVED);
    if let Ok(reasons) = DropReasons::of(&btf, &known) {
        let _ = reasons.name(7);
    }
    for name in ["tcp_probe", "kfree_skb", "named"] {
        let _ = has_tracepoint(&btf, name);
    }
    for root in ["outer", "tcp_sock", ""] {
        let _ = btf.find_member(root, "nested.deeper");
    }
    true
}

/// Files of `/proc`, and what `uname` says.
pub(super) fn proc(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let release = Release::from_str(&text).is_ok_and(|release| {
        let _ = release.flavour();
        true
    });
    let capabilities = capabilities::effective(&text).is_some();
    host::hostile::proc(bytes) || release || capabilities
}
