//! BTF for tests: built type by type, or read from the fixtures of real kernels.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::OnceLock;

/// Kernels whose BTF is in tests/fixtures/btf; where no processor is named, it is x86-64.
pub(crate) const KERNELS: [&str; 6] = [
    "6.1",
    "6.12",
    "6.18",
    "5.10.0-46-cloud-amd64",
    "6.1.0-50-cloud-arm64",
    "6.12.107+deb13-cloud-arm64",
];

/// The BTF of one of [`KERNELS`], unpacked once.
pub(crate) fn fixture(kernel: &str) -> &'static [u8] {
    static UNPACKED: [OnceLock<Vec<u8>>; KERNELS.len()] =
        [const { OnceLock::new() }; KERNELS.len()];
    let index = KERNELS.iter().position(|name| *name == kernel).unwrap();
    UNPACKED[index].get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../tests/fixtures/btf/{kernel}.btf.xz"));
        let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut bytes = Vec::new();
        lzma_rust2::XzReader::new(file, false)
            .read_to_end(&mut bytes)
            .unwrap();
        bytes
    })
}

/// Numbers of the kinds, written down apart from the reader's (include/uapi/linux/btf.h).
pub(crate) mod kind {
    pub(crate) const INT: u8 = 1;
    pub(crate) const PTR: u8 = 2;
    pub(crate) const ARRAY: u8 = 3;
    pub(crate) const STRUCT: u8 = 4;
    pub(crate) const UNION: u8 = 5;
    pub(crate) const ENUM: u8 = 6;
    pub(crate) const FWD: u8 = 7;
    pub(crate) const TYPEDEF: u8 = 8;
    pub(crate) const VOLATILE: u8 = 9;
    pub(crate) const CONST: u8 = 10;
    pub(crate) const RESTRICT: u8 = 11;
    pub(crate) const FUNC: u8 = 12;
    pub(crate) const FUNC_PROTO: u8 = 13;
    pub(crate) const VAR: u8 = 14;
    pub(crate) const DATASEC: u8 = 15;
    pub(crate) const FLOAT: u8 = 16;
    pub(crate) const DECL_TAG: u8 = 17;
    pub(crate) const TYPE_TAG: u8 = 18;
    pub(crate) const ENUM64: u8 = 19;
}

/// Marks a struct whose member offsets carry bit-field sizes.
const KIND_FLAG: u32 = 1 << 31;

/// Writes BTF. Types are numbered from 1 in the order in which they are added.
pub(crate) struct Builder {
    types: Vec<u8>,
    strings: Vec<u8>,
    layouts: Vec<u8>,
    count: u32,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            types: Vec::new(),
            strings: vec![0],
            layouts: Vec::new(),
            count: 0,
        }
    }

    pub(crate) fn string(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        let offset = u32::try_from(self.strings.len()).unwrap();
        self.strings.extend(text.bytes().chain([0]));
        offset
    }

    /// Any type; `info` is `vlen`, plus the kind flag if wanted.
    pub(crate) fn add(
        &mut self,
        kind: u8,
        name: &str,
        info: u32,
        size_or_type: u32,
        trailer: &[u32],
    ) -> u32 {
        let name = self.string(name);
        let header = [name, info | u32::from(kind) << 24, size_or_type];
        for word in header.iter().chain(trailer) {
            self.types.extend(word.to_ne_bytes());
        }
        self.count += 1;
        self.count
    }

    pub(crate) fn int(&mut self, name: &str, size: u32) -> u32 {
        self.add(kind::INT, name, 0, size, &[size * 8])
    }

    pub(crate) fn array(&mut self, element: u32, length: u32) -> u32 {
        self.add(kind::ARRAY, "", 0, 0, &[element, element, length])
    }

    /// A type that is a number of another: pointers, typedefs and the other modifiers.
    pub(crate) fn refer(&mut self, kind: u8, name: &str, ty: u32) -> u32 {
        self.add(kind, name, 0, ty, &[])
    }

    /// A struct or union of members `(name, type, bit offset)`.
    pub(crate) fn composite(
        &mut self,
        kind: u8,
        name: &str,
        size: u32,
        members: &[(&str, u32, u32)],
    ) -> u32 {
        self.members(kind, name, size, 0, members)
    }

    /// A struct of members `(name, type, bit-field size << 24 | bit offset)`.
    pub(crate) fn with_bit_fields(
        &mut self,
        name: &str,
        size: u32,
        members: &[(&str, u32, u32)],
    ) -> u32 {
        self.members(kind::STRUCT, name, size, KIND_FLAG, members)
    }

    fn members(
        &mut self,
        kind: u8,
        name: &str,
        size: u32,
        flag: u32,
        members: &[(&str, u32, u32)],
    ) -> u32 {
        let mut words = Vec::new();
        for (member, ty, offset) in members {
            words.extend([self.string(member), *ty, *offset]);
        }
        let vlen = u32::try_from(members.len()).unwrap();
        self.add(kind, name, vlen | flag, size, &words)
    }

    /// `btf_trace_NAME`: a typedef of a pointer to a function of these parameters.
    pub(crate) fn tracepoint(&mut self, name: &str, params: &[(&str, u32)]) -> u32 {
        let mut words = Vec::new();
        for (param, ty) in params {
            words.extend([self.string(param), *ty]);
        }
        let vlen = u32::try_from(params.len()).unwrap();
        let function = self.add(kind::FUNC_PROTO, "", vlen, 0, &words);
        let pointer = self.refer(kind::PTR, "", function);
        self.refer(kind::TYPEDEF, &format!("btf_trace_{name}"), pointer)
    }

    /// Adds a layout section that describes the kinds 0 and up by `(info_sz, elem_sz)`.
    pub(crate) fn layouts(&mut self, layouts: &[(u8, u8)]) {
        let entries = layouts.iter().flat_map(|(once, each)| [*once, *each, 0, 0]);
        self.layouts = entries.collect();
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        let [types, strings, layouts] =
            [&self.types, &self.strings, &self.layouts].map(|s| u32::try_from(s.len()).unwrap());
        let mut places = vec![0, types, types, strings];
        if layouts != 0 {
            places.extend([types + strings, layouts]);
        }
        let length = 8 + 4 * u32::try_from(places.len()).unwrap();
        let mut bytes = 0xeb9f_u16.to_ne_bytes().to_vec();
        bytes.extend([1, 0]);
        for word in [length].into_iter().chain(places) {
            bytes.extend(word.to_ne_bytes());
        }
        [bytes, self.types, self.strings, self.layouts].concat()
    }
}
