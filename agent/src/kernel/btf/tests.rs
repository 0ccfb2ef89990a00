use super::synthetic::{Builder, KERNELS, fixture, kind};
use super::*;

fn place(bit_offset: u32, bit_size: u32, byte_size: Option<u32>) -> Member {
    Member {
        bit_offset,
        bit_size,
        byte_size,
    }
}

/// A little of everything, with the struct that is asked for behind one type of every kind.
pub(super) fn sample() -> Vec<u8> {
    let mut b = Builder::new();
    let int = b.int("int", 4);
    let byte = b.int("unsigned char", 1);
    let pointer = b.refer(kind::PTR, "", 0);
    let array = b.array(byte, 16);
    let table = b.array(array, 3);
    b.add(kind::ENUM, "state", 2, 4, &[0, 0, 0, 1]);
    let wide = b.add(kind::ENUM64, "wide", 1, 8, &[0, 0, 1]);
    b.refer(kind::FWD, "outer", 0);
    let double = b.add(kind::FLOAT, "double", 0, 8, &[]);
    b.add(kind::VAR, "variable", 0, int, &[1]);
    b.add(kind::DATASEC, ".data", 1, 4, &[10, 0, 4]);
    b.add(kind::DECL_TAG, "tag", 0, 1, &[u32::MAX]);
    let proto = b.add(kind::FUNC_PROTO, "", 1, 0, &[0, int]);
    b.refer(kind::FUNC, "function", proto);
    let mut id = b.int("long", 8);
    for modifier in [
        kind::CONST,
        kind::VOLATILE,
        kind::RESTRICT,
        kind::TYPE_TAG,
        kind::TYPEDEF,
    ] {
        id = b.refer(modifier, "modifier", id);
    }
    let deep = b.composite(
        kind::STRUCT,
        "",
        8,
        &[("deep", int, 0), ("deeper", int, 32)],
    );
    let union = b.composite(kind::UNION, "", 8, &[("flat", id, 0), ("", deep, 0)]);
    let union = b.refer(kind::CONST, "", union);
    let inner = b.composite(
        kind::STRUCT,
        "inner",
        24,
        &[("first", id, 0), ("", union, 64)],
    );
    let inner = b.refer(kind::TYPEDEF, "inner_t", inner);
    b.composite(kind::STRUCT, "outer", 0, &[("other", int, 0)]);
    b.composite(
        kind::STRUCT,
        "outer",
        200,
        &[
            ("number", id, 0),
            ("nested", inner, 64),
            ("pointer", pointer, 256),
            ("table", table, 320),
            ("wide", wide, 704),
            ("double", double, 768),
            ("function", proto, 832),
        ],
    );
    b.with_bit_fields(
        "bits",
        8,
        &[
            ("whole", int, 0),
            ("low", byte, (5 << 24) + 32),
            ("high", byte, (3 << 24) + 37),
        ],
    );
    let odd = b.add(kind::INT, "odd", 0, 4, &[2 << 16 | 7]);
    b.composite(kind::STRUCT, "old_bits", 4, &[("field", odd, 8)]);
    b.tracepoint(
        "named",
        &[("__data", pointer), ("sk", pointer), ("err", int)],
    );
    b.tracepoint("nameless", &[("", pointer), ("", byte)]);
    b.refer(kind::TYPEDEF, "btf_trace_no_function", pointer);
    b.finish()
}

#[test]
fn members_are_found_through_names_modifiers_and_anonymous_composites() {
    let btf = Btf::parse(sample()).unwrap();
    for (path, expected) in [
        ("number", place(0, 0, Some(8))),
        ("nested", place(64, 0, Some(24))),
        ("nested.first", place(64, 0, Some(8))),
        ("nested.flat", place(128, 0, Some(8))),
        ("nested.deep", place(128, 0, Some(4))),
        ("nested.deeper", place(160, 0, Some(4))),
        ("pointer", place(256, 0, Some(8))),
        ("table", place(320, 0, Some(48))),
        ("wide", place(704, 0, Some(8))),
        ("double", place(768, 0, Some(8))),
        ("function", place(832, 0, None)),
        ("other", place(0, 0, Some(4))),
    ] {
        assert_eq!(btf.find_member("outer", path), Some(expected), "{path}");
    }
    for path in [
        "",
        ".",
        "missing",
        "nested.",
        ".nested",
        "nested.missing",
        "number.first",
        "numbe",
        "number1",
        "pointer.first",
        "table.first",
        "nested..deep",
    ] {
        assert_eq!(btf.find_member("outer", path), None, "{path:?}");
    }
    assert_eq!(
        btf.find_member("inner_t", "first"),
        None,
        "a typedef is no struct"
    );
    assert_eq!(
        btf.structs("outer").count(),
        2,
        "definitions, not the declaration"
    );
    assert_eq!(btf.structs("nobody").count(), 0);
}

#[test]
fn bit_fields_of_both_encodings() {
    let btf = Btf::parse(sample()).unwrap();
    let find = |root, path| btf.find_member(root, path).unwrap();
    assert_eq!(find("bits", "whole"), place(0, 0, Some(4)));
    assert_eq!(find("bits", "low"), place(32, 5, None));
    assert_eq!(find("bits", "high"), place(37, 3, None));
    assert_eq!(find("bits", "high").byte_offset(), 4);
    assert_eq!(find("old_bits", "field"), place(10, 7, None));
}

#[test]
fn tracepoints_and_their_parameters() {
    let btf = Btf::parse(sample()).unwrap();
    let names = |tracepoint| {
        let prototype = btf.tracepoint(tracepoint)?;
        Some(
            prototype
                .params
                .iter()
                .map(|param| param.name)
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(names("named"), Some(vec![Some("sk"), Some("err")]));
    assert_eq!(names("nameless"), Some(vec![None]));
    assert_eq!(names("no_function"), None);
    assert_eq!(names("nobody"), None);
    let params = btf.tracepoint("named").unwrap().params;
    assert!(btf.is_integer(params[1].ty, 4));
    assert!(!btf.is_integer(params[1].ty, 8));
    assert!(!btf.is_integer(params[0].ty, 8));
}

#[test]
fn what_is_no_btf_is_told_apart() {
    let good = sample();
    let spoilt = |at: usize, with: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        Btf::parse(bytes).map(|_| ()).unwrap_err()
    };
    assert_eq!(Btf::parse(Vec::new()).unwrap_err(), BtfError::TooShort(0));
    assert_eq!(Btf::parse(&good[..23]).unwrap_err(), BtfError::TooShort(23));
    assert_eq!(
        spoilt(0, b"\x7fE"),
        BtfError::Magic(u16::from_ne_bytes(*b"\x7fE"))
    );
    assert_eq!(
        spoilt(0, &0x9feb_u16.to_ne_bytes()),
        BtfError::ForeignEndian
    );
    assert_eq!(spoilt(2, &[2]), BtfError::Version(2));
    for (at, section) in [
        (4, "header"),
        (8, "type"),
        (12, "type"),
        (16, "string"),
        (20, "string"),
    ] {
        assert_eq!(spoilt(at, &[0xff; 4]), BtfError::Section(section));
    }
    assert_eq!(
        spoilt(4, &23_u32.to_ne_bytes()),
        BtfError::Section("header")
    );
    let text = Btf::parse(b"\x7fELF".repeat(6)).unwrap_err().to_string();
    assert!(text.contains("0xeb9f"), "{text}");
}

#[test]
fn unknown_kinds_are_stepped_over_where_the_layout_section_allows() {
    let build = |layouts: &[(u8, u8)]| {
        let mut b = Builder::new();
        let int = b.int("int", 4);
        b.add(20, "newcomer", 2, 0, &[7, 8, 9, 10, 11]);
        b.composite(kind::STRUCT, "after", 4, &[("member", int, 0)]);
        b.layouts(layouts);
        Btf::parse(b.finish())
    };
    let unknown = BtfError::UnknownKind { id: 2, kind: 20 };
    assert_eq!(build(&[]).unwrap_err(), unknown);
    assert_eq!(build(&[(0, 0); 20]).unwrap_err(), unknown);
    let mut layouts = [(0, 0); 21];
    layouts[20] = (4, 8);
    let btf = build(&layouts).unwrap();
    assert_eq!(btf.len(), 3);
    assert_eq!(
        btf.find_member("after", "member"),
        Some(place(0, 0, Some(4)))
    );
}

#[test]
fn more_elements_than_16_bits_can_count() {
    let mut b = Builder::new();
    b.add(kind::ENUM, "large", 70_000, 4, &vec![0; 140_000]);
    let int = b.int("int", 4);
    b.composite(kind::STRUCT, "after", 4, &[("member", int, 0)]);
    let btf = Btf::parse(b.finish()).unwrap();
    assert!(btf.find_member("after", "member").is_some());
}

#[test]
fn types_that_refer_to_themselves_end() {
    let mut b = Builder::new();
    b.refer(kind::TYPEDEF, "loop", 1);
    b.add(kind::ARRAY, "", 0, 0, &[2, 2, 1]);
    // Every member is an anonymous copy of the whole: 4^n members at depth n.
    b.composite(kind::STRUCT, "matryoshka", 4, &[("", 3, 0); 4]);
    b.composite(
        kind::STRUCT,
        "root",
        4,
        &[("a", 1, 0), ("b", 2, 0), ("c", 99, 0)],
    );
    b.tracepoint("loop", &[("", 0), ("", 1), ("", 2)]);
    let btf = Btf::parse(b.finish()).unwrap();
    assert_eq!(btf.find_member("matryoshka", "missing"), None);
    assert_eq!(btf.find_member("root", "a.missing"), None);
    for member in ["b", "c"] {
        assert_eq!(
            btf.find_member("root", member),
            Some(place(0, 0, None)),
            "{member}"
        );
    }
    for param in btf.tracepoint("loop").unwrap().params {
        assert!(!btf.is_integer(param.ty, 4));
    }
}

#[test]
fn empty_btf_has_nothing() {
    let btf = Btf::parse(Builder::new().finish()).unwrap();
    assert!(btf.is_empty());
    assert_eq!(btf.size_of(TypeId(0)), None);
    assert_eq!(btf.size_of(TypeId(u32::MAX)), None);
    assert_eq!(btf.member(TypeId(1), "x"), None);
}

/// Counts as `bpftool btf dump file F format raw` prints them: the number of the last type.
#[test]
fn every_type_of_real_kernels_is_indexed() {
    let counts = [95_246, 107_331, 126_572, 77_828, 97_830, 112_555];
    for (kernel, types) in KERNELS.iter().zip(counts) {
        let btf = Btf::parse(fixture(kernel)).unwrap();
        assert_eq!(btf.len(), types, "{kernel}");
    }
}
