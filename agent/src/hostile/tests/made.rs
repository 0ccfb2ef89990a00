//! Seeds that are made here, for their form is this project's own or nobody could write it by hand.
//! `EDGEGHOST_BLESS=1` makes them anew.

use std::fs;

use edgeghost_common::Offsets;
use edgeghost_common::record::{CwndRecord, FlowRecord, Header, Kind, SynAckRecord, VERSION};

use super::folder;
use crate::kernel::btf::synthetic::{Builder, kind};
use crate::kernel::offsets::kernel::add_structs;

#[test]
fn they_are_what_is_made_here() {
    let bless = std::env::var_os("EDGEGHOST_BLESS").is_some();
    let slot = |kind, length| record(kind, length);
    for (target, name, made) in [
        ("record", "flow", slot(Kind::Flow, size_of::<FlowRecord>())),
        ("record", "cwnd", slot(Kind::Cwnd, size_of::<CwndRecord>())),
        (
            "record",
            "syn-ack",
            slot(Kind::SynAck, size_of::<SynAckRecord>()),
        ),
        ("btf", "kernel", btf()),
    ] {
        let path = folder("seeds", target).join(name);
        if bless {
            fs::create_dir_all(folder("seeds", target)).unwrap();
            fs::write(&path, &made).unwrap();
        }
        let is = fs::read(&path).unwrap_or_default();
        assert!(
            is == made,
            "{} is not what is made here; EDGEGHOST_BLESS=1 makes it anew",
            path.display()
        );
    }
}

/// A record of this kind and length, its content counted up.
fn record(kind: Kind, length: usize) -> Vec<u8> {
    let mut bytes = 7_u64.to_ne_bytes().to_vec();
    bytes.extend(u16::try_from(length).unwrap().to_ne_bytes());
    bytes.extend([kind as u8, VERSION, 0, 0, 0, 0]);
    assert_eq!(bytes.len(), size_of::<Header>());
    let rest = (0..=u8::MAX).cycle().take(length - bytes.len());
    bytes.extend(rest);
    bytes
}

/// A kernel that has every field, with a tracepoint that tells why a packet is dropped.
fn btf() -> Vec<u8> {
    let mut b = Builder::new();
    add_structs(&mut b, Offsets::FIELDS);
    let names = ["SKB_DROP_REASON_A", "SKB_DROP_REASON_B"].map(|name| b.string(name));
    let values = [names[0], 2, names[1], 3];
    let reason = b.add(kind::ENUM, "skb_drop_reason", 2, 4, &values);
    let pointer = b.refer(kind::PTR, "", 0);
    let params = [("", pointer), ("", pointer), ("", pointer), ("", reason)];
    b.tracepoint("kfree_skb", &params);
    let byte = b.int("int", 4);
    let params = [("", pointer), ("", pointer), ("", pointer), ("", byte)];
    b.tracepoint("tcp_retransmit_skb", &params);
    b.finish()
}
