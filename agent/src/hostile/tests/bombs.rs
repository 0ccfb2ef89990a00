//! Input that is small and claims to be large.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{feed, target};

/// So many bytes of one kind, packed.
fn packed(bytes: &[u8], times: usize) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    let piece = bytes.repeat((1 << 20) / bytes.len() + 1);
    let whole = bytes.len() * times;
    let mut left = whole;
    while left > 0 {
        let length = left.min(piece.len());
        packer.write_all(&piece[..length]).unwrap();
        left -= length;
    }
    packer.finish().unwrap()
}

/// Whatever unpacks must not hold what comes out: here 24 MiB out of 24 KiB.
#[test]
fn what_is_packed_is_bounded_unpacked() {
    for (what, bytes) in [
        ("zeros", packed(b"\0", 24 << 20)),
        ("one line", packed(b"x", 24 << 20)),
        ("an open bracket", packed(b"[", 24 << 20)),
        ("spaces", packed(b" ", 24 << 20)),
    ] {
        for name in ["as_table", "recording", "runbook"] {
            assert!(!feed(target(name), what, &bytes), "{name}: {what}");
        }
    }
}

#[test]
fn nothing_nests_without_end() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{\"event\":[", "]}")] {
        let deep = open.repeat(20_000) + "1" + &close.repeat(20_000) + "\n";
        for name in ["recording", "runbook", "aws_ranges", "spool"] {
            assert!(!feed(target(name), open, deep.as_bytes()), "{name}");
        }
        // What it does not know it passes over, however deep.
        feed(target("status"), open, deep.as_bytes());
    }
    for (open, again, close) in [
        ("a = ", "[", ""),
        ("a = ", "{b = ", ""),
        ("a", ".a", " = 1"),
        ("window", ".\"a=\"", " = 1"),
        ("[a", " . 'a'", "]\nb = 1"),
        ("[[a", ".a", "]]\nb = 1"),
        ("A__A", "__A", " = 1"),
    ] {
        let deep = open.to_owned() + &again.repeat(30_000) + close;
        assert!(!feed(target("config"), again, deep.as_bytes()), "{again}");
    }
}

/// Lines that say nothing are lines, too.
#[test]
fn a_table_does_not_go_on_for_ever() {
    let empty = packed(b"\n", (1 << 22) + 1);
    assert!(!feed(target("as_table"), "empty lines", &empty));
}

/// Types that name each other without end, and counts beyond what is there.
#[test]
fn btf_that_claims_much_costs_little() {
    use crate::kernel::btf::synthetic::{Builder, kind};
    let within_itself = || {
        let mut b = Builder::new();
        let many: Vec<_> = (0..2_000).map(|_| ("", 1_u32, 0)).collect();
        for _ in 0..200 {
            b.composite(kind::STRUCT, "tcp_sock", 8, &many);
        }
        b.finish()
    };
    feed(target("btf"), "structs within themselves", &within_itself());
    let long_names = || {
        let mut b = Builder::new();
        let name = b.string(&"x".repeat(1 << 20));
        let values: Vec<u32> = (0..60_000).flat_map(|value| [name, value]).collect();
        let reason = b.add(kind::ENUM, "skb_drop_reason", 60_000, 4, &values);
        let pointer = b.refer(kind::PTR, "", 0);
        let params = [("", pointer), ("", pointer), ("", pointer), ("", reason)];
        b.tracepoint("kfree_skb", &params);
        crate::kernel::offsets::kernel::add_structs(&mut b, edgeghost_common::Offsets::FIELDS);
        b.finish()
    };
    feed(target("btf"), "long names", &long_names());
}

/// Time that jumps, in a recording that says so.
#[test]
fn time_may_jump() {
    let mut text = String::new();
    for (number, shift) in (0..64).enumerate() {
        let at = 1_u64 << shift;
        writeln!(
            text,
            r#"{{"timestamp":"2026-11-21T09:00:00Z","event":{{"name":"host_sample"}},"host_sample":{{"monotonic_ns":{at}}},"number":{number}}}"#
        )
        .unwrap();
    }
    assert!(feed(target("recording"), "jumps", text.as_bytes()));
}

/// A configuration in a recording may allow much; what is there decides what is taken.
#[test]
fn a_recorded_configuration_takes_no_memory_by_itself() {
    let text = r#"{"timestamp":"2026-11-21T09:00:00Z","event":{"name":"agent_start","run_id":"1"},"host":{"name":"x"},"agent":{"config":{"toml":"[flows]\ntable_max = 16777216\n[window]\npeers_max = 10000\n"}}}"#;
    assert!(feed(target("recording"), "large bounds", text.as_bytes()));
}

/// A device without an end, which a recording names as if it were a file.
#[test]
fn a_recording_opens_no_device() {
    let text = r#"{"timestamp":"2026-11-21T09:00:00Z","event":{"name":"agent_start","run_id":"1"},"host":{"name":"x"},"agent":{"config":{"toml":"[path]\naws_ranges = \"/dev/zero\"\nas_table = [\"/dev/zero\"]\n"}}}"#;
    assert!(feed(target("recording"), "a device", text.as_bytes()));
}

/// Options longer than anything that is meant.
#[test]
fn long_words_are_refused_shortly() {
    for name in ["config", "as_table", "aws_ranges", "recording", "runbook"] {
        let long = "x".repeat(100_000);
        feed(target(name), "a long word", long.as_bytes());
        let key = format!("{long} = 1\n[{long}]\n{long} = 2\n");
        feed(target(name), "a long key", key.as_bytes());
        let quoted = format!("{{\"timestamp\":\"{long}\",\"event\":{{\"name\":\"{long}\"}}}}\n");
        feed(target(name), "a long text", quoted.as_bytes());
    }
}
