use std::path::Path;

use super::super::btf::synthetic::{Builder, KERNELS, fixture, kind};
use super::kernel::{add_structs, kernel_with};
use super::witness;
use super::*;

fn btf(kernel: &str) -> Btf {
    Btf::parse(fixture(kernel)).unwrap()
}

fn all_but(left_out: &[&str]) -> Vec<Field> {
    let kept = |field: &&Field| !left_out.contains(&field.path);
    Offsets::FIELDS.iter().filter(kept).copied().collect()
}

#[test]
fn every_offset_agrees_with_bpftool_on_every_kernel() {
    assert_eq!(witness::KERNELS, KERNELS);
    for (column, kernel) in KERNELS.into_iter().enumerate() {
        let offsets = resolve(&btf(kernel)).unwrap();
        let rows = Offsets::FIELDS
            .iter()
            .zip(offsets.members())
            .zip(witness::OFFSETS);
        for ((field, found), (root, path, expected)) in rows {
            assert_eq!(
                (field.root, field.path),
                (root, path),
                "the witness's order"
            );
            assert_eq!(found, expected[column], "{root}.{path} on {kernel}");
        }
        assert_eq!(
            (offsets.ca_state_shift, offsets.ca_state_mask),
            (0, 0x1f),
            "{kernel}"
        );
        let whole = if kernel == "6.18" { 0xff } else { 0x3 };
        assert_eq!(
            (offsets.chrono_type_shift, offsets.chrono_type_mask),
            (0, whole),
            "{kernel}"
        );
        assert_eq!(
            offsets.retransmit_has_err,
            u32::from(kernel == "6.18"),
            "{kernel}"
        );
        assert_eq!(
            offsets.state_in_socket,
            u32::from(!kernel.starts_with("5.10")),
            "{kernel}"
        );
    }
}

/// The first three are what a running program read the right values with.
#[test]
fn the_congestion_window_lies_where_programs_read_it() {
    let found = KERNELS.map(|kernel| resolve(&btf(kernel)).unwrap().snd_cwnd);
    assert_eq!(found, [1776, 1500, 1444, 1736, 1736, 1452]);
}

#[test]
fn tracepoints_of_real_kernels() {
    for kernel in KERNELS {
        let btf = btf(kernel);
        for name in [
            "tcp_retransmit_skb",
            "tcp_probe",
            "tcp_destroy_sock",
            "tcp_retransmit_synack",
            "inet_sock_set_state",
        ] {
            assert!(has_tracepoint(&btf, name), "{name} on {kernel}");
        }
        for name in ["tcp_no_such_thing", "", "btf_trace_tcp_probe"] {
            assert!(!has_tracepoint(&btf, name), "{name} on {kernel}");
            assert_eq!(btf.tracepoint_number(name), None, "{name} on {kernel}");
        }
    }
}

#[test]
fn the_running_kernel_resolves() {
    let path = Path::new("/sys/kernel/btf/vmlinux");
    if !path.exists() {
        println!(
            "NOT CHECKED the_running_kernel_resolves: no {}",
            path.display()
        );
        return;
    }
    let btf = Btf::parse(std::fs::read(path).unwrap()).unwrap();
    let offsets = resolve(&btf).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(offsets.sk_common, 0);
    assert!(has_tracepoint(&btf, "tcp_retransmit_skb"));
}

#[test]
fn a_synthetic_kernel_with_every_field_resolves() {
    let offsets = resolve(&kernel_with(Offsets::FIELDS)).unwrap();
    assert!(offsets.members().iter().all(|offset| *offset != ABSENT));
    assert_eq!((offsets.ca_state_shift, offsets.ca_state_mask), (2, 0x1f));
    let chrono_type = (offsets.chrono_type_shift, offsets.chrono_type_mask);
    assert_eq!(chrono_type, (2, 0x1f));
    assert_eq!(
        offsets.retransmit_has_err, 0,
        "there is not even the tracepoint"
    );
}

#[test]
fn a_missing_field_is_named() {
    let error = resolve(&kernel_with(&all_but(&["reord_seen"]))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "this kernel's BTF has no tcp_sock.reord_seen"
    );
}

#[test]
fn all_missing_fields_are_named_at_once() {
    let fields = all_but(&["reord_seen", "v", "skc_v6_daddr", "ns.inum", "delivered"]);
    assert_eq!(
        resolve(&kernel_with(&fields)).unwrap_err().to_string(),
        "this kernel's BTF has no struct net, tcp_sock.delivered, struct minmax_sample, \
         tcp_sock.reord_seen"
    );
}

#[test]
fn each_field_alone_is_either_required_or_absent() {
    for (index, left_out) in Offsets::FIELDS.iter().enumerate() {
        let mut fields = Offsets::FIELDS.to_vec();
        fields.remove(index);
        let resolved = resolve(&kernel_with(&fields));
        if left_out.required {
            let problems = resolved.unwrap_err().problems;
            let alone = !fields.iter().any(|field| field.root == left_out.root);
            let expected = if alone {
                Problem::NoStruct(left_out.root)
            } else {
                Problem::NoMember(left_out.root, left_out.path)
            };
            assert!(
                problems.contains(&expected),
                "{}: {problems:?}",
                left_out.path
            );
        } else {
            assert_eq!(
                resolved.unwrap().members()[index],
                ABSENT,
                "{}",
                left_out.path
            );
        }
    }
}

#[test]
fn a_field_of_another_size_is_refused_or_absent() {
    for (index, field) in Offsets::FIELDS.iter().enumerate() {
        if field.size == 0 {
            continue;
        }
        let mut fields = Offsets::FIELDS.to_vec();
        fields[index].size += 4;
        let resolved = resolve(&kernel_with(&fields));
        if field.required {
            let expected = Problem::Size {
                field: (field.root, field.path),
                reads: field.size,
                has: Some(field.size + 4),
            };
            assert_eq!(resolved.unwrap_err().problems, [expected]);
        } else {
            assert_eq!(resolved.unwrap().members()[index], ABSENT, "{}", field.path);
        }
    }
    let mut fields = all_but(&["reord_seen"]);
    let cwnd = fields
        .iter()
        .position(|field| field.path == "snd_cwnd")
        .unwrap();
    fields[cwnd].size = 8;
    assert_eq!(
        resolve(&kernel_with(&fields)).unwrap_err().to_string(),
        "this kernel's BTF has no tcp_sock.reord_seen; has tcp_sock.snd_cwnd with 8 bytes instead \
         of 4"
    );
}

#[test]
fn what_must_come_first_is_checked() {
    let mut moved = vec![Field {
        root: "request_sock",
        path: "in_front",
        size: 8,
        required: false,
    }];
    moved.extend(Offsets::FIELDS);
    assert_eq!(
        resolve(&kernel_with(&moved)).unwrap_err().to_string(),
        "this kernel's BTF has request_sock.__req_common, but not at the start of it"
    );
}

#[test]
fn of_several_definitions_the_fullest_is_taken_as_a_whole() {
    let mut b = Builder::new();
    let wide = b.int("long", 8);
    let members = [("snd_cwnd", wide, 0), ("reord_seen", wide, 64)];
    b.composite(kind::STRUCT, "tcp_sock", 16, &members);
    add_structs(&mut b, Offsets::FIELDS);
    let btf = Btf::parse(b.finish()).unwrap();
    assert_eq!(btf.structs("tcp_sock").count(), 2);
    assert_eq!(resolve(&btf), resolve(&kernel_with(Offsets::FIELDS)));
}

#[test]
fn position_of_the_congestion_state() {
    let field = |bit_offset, bit_size, byte_size| Member {
        bit_offset,
        bit_size,
        byte_size,
    };
    for (member, expected) in [
        (field(10240, 5, None), Some((0, 0x1f))),
        (field(10243, 5, None), Some((3, 0x1f))),
        (field(10244, 5, None), None),
        (field(10240, 6, None), Some((0, 0x3f))),
        (field(8, 0, Some(1)), Some((0, 0xff))),
        (field(8, 0, Some(4)), None),
        (field(8, 0, Some(0)), None),
        (field(8, 0, None), None),
    ] {
        assert_eq!(shift_and_mask(&member), expected, "{member:?}");
    }
    assert!(
        Offsets::FIELDS
            .iter()
            .any(|f| (f.root, f.path) == CA_STATE && f.required)
    );
    for first in FIRST_MEMBERS {
        assert!(
            Offsets::FIELDS
                .iter()
                .any(|f| (f.root, f.path) == first && f.required)
        );
    }
}

#[test]
fn err_is_the_third_argument_and_an_int() {
    let has_err = |params: &[(&str, bool)]| {
        let mut b = Builder::new();
        let int = b.int("int", 4);
        let pointer = b.refer(kind::PTR, "", 0);
        let params = params
            .iter()
            .map(|(name, is_int)| (*name, if *is_int { int } else { pointer }));
        b.tracepoint("tcp_retransmit_skb", &params.collect::<Vec<_>>());
        retransmit_has_err(&Btf::parse(b.finish()).unwrap())
    };
    let old = [("__data", false), ("sk", false), ("skb", false)];
    assert!(!has_err(&old));
    assert!(has_err(&[&old[..], &[("err", true)]].concat()));
    assert!(has_err(&[&old[..], &[("", true)]].concat()));
    assert!(!has_err(&[&old[..], &[("other", false)]].concat()));
    assert!(!has_err(&[]));
}

/// Damage in a real kernel's BTF may go unnoticed, but must not panic or hang.
#[test]
fn damaged_btf_of_a_real_kernel_comes_back() {
    let good = fixture("6.1");
    // xorshift64, so that every run spoils the same bytes.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for _ in 0..12 {
        let mut bytes = good.to_vec();
        for _ in 0..200 {
            let at = 24 + random(bytes.len() - 24);
            bytes[at] ^= 1 << random(8);
        }
        if random(3) == 0 {
            bytes.truncate(random(good.len()));
        }
        let _ = Btf::parse(bytes).map(|btf| resolve(&btf));
    }
}
