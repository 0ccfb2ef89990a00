//! Damaged BTF: an error or a wrong answer, never a panic and never a hang.

use super::synthetic::{Builder, kind};
use super::tests::sample;
use super::{Btf, BtfError};

/// Asks everything of BTF that may be damaged; only that it comes back counts.
fn ask(btf: &Btf) {
    for root in ["outer", "inner", "bits", "old_bits", ""] {
        for path in [
            "number",
            "nested.deeper",
            "table",
            "low",
            "field",
            "missing",
            "nested.first",
        ] {
            let _ = btf.find_member(root, path);
        }
    }
    for tracepoint in ["named", "nameless", "no_function"] {
        for param in btf
            .tracepoint(tracepoint)
            .map(|p| p.params)
            .unwrap_or_default()
        {
            let _ = (btf.is_integer(param.ty, 4), btf.size_of(param.ty));
        }
    }
}

#[test]
fn no_truncation_is_taken_for_whole() {
    let good = sample();
    for length in 0..good.len() {
        assert!(
            Btf::parse(&good[..length]).is_err(),
            "{length} of {} bytes",
            good.len()
        );
    }
    Btf::parse(good).unwrap();
}

#[test]
fn no_changed_byte_makes_it_panic_or_hang() {
    let good = sample();
    for at in 0..good.len() {
        for change in [1, 2, 4, 8, 16, 32, 64, 128, 0xff] {
            let mut bytes = good.clone();
            bytes[at] ^= change;
            if let Ok(btf) = Btf::parse(bytes) {
                ask(&btf);
            }
        }
    }
}

#[test]
fn no_truncated_section_makes_it_panic() {
    let good = sample();
    for at in [12, 20] {
        let length = u32::from_ne_bytes(good[at..at + 4].try_into().unwrap());
        for shorter in 0..length {
            let mut bytes = good.clone();
            bytes[at..at + 4].copy_from_slice(&shorter.to_ne_bytes());
            if let Ok(btf) = Btf::parse(bytes) {
                ask(&btf);
            }
        }
    }
}

#[test]
fn a_type_that_ends_beyond_its_section_is_cut_off() {
    for (size, trailer) in [(4, &[][..]), (3, &[0, 0])] {
        let mut b = Builder::new();
        b.int("int", 4);
        let number = if trailer.is_empty() {
            kind::INT
        } else {
            kind::STRUCT
        };
        b.add(
            number,
            "last",
            u32::from(!trailer.is_empty()),
            size,
            trailer,
        );
        assert_eq!(Btf::parse(b.finish()).unwrap_err(), BtfError::CutOff(2));
    }
}
