//! A reader of BTF, the kernel's own type information (Documentation/bpf/btf.rst).
//!
//! It answers three questions: where a member of a struct lies, what a tracepoint passes, and what
//! an enum calls its values. A kernel has some 150,000 types and 1 MB of names, so parsing only notes where each type starts
//! and which of them are structs and typedefs; names are compared in place when one is looked up.
//!
//! The bytes may be anything: every read is checked, and every walk through types that refer to
//! each other is bounded.

#[cfg(test)]
mod damage;
mod enumeration;
mod format;
mod member;
#[cfg(test)]
pub(crate) mod synthetic;
#[cfg(test)]
mod tests;
mod tracepoint;

use std::ops::Range;

use format::{Header, Kind, TYPE_HEADER, TypeHeader};

pub use member::Member;
pub use tracepoint::{Param, Prototype};

/// Longest chain of types that are followed: modifiers, arrays of arrays, anonymous members
/// (`MAX_RESOLVE_DEPTH` in kernel/bpf/btf.c).
const MAX_DEPTH: usize = 32;

/// Definitions of one struct that are looked at: where those of several compilation units differ
/// there are a handful.
const MAX_DEFINITIONS: usize = 16;

/// Longest name, with its end (`KSYM_NAME_LEN`, which `btf_name_valid_identifier` in
/// kernel/bpf/btf.c holds names to; 128 before Linux 6.1).
const MAX_NAME: usize = 512;

/// Number of a type: 0 is `void`, the first type of the type section is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(u32);

/// Why bytes are not usable as BTF.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BtfError {
    /// There is no room for a header.
    #[error("not BTF: {0} bytes are too few for its header")]
    TooShort(usize),
    /// The first two bytes are something else.
    #[error("not BTF: it starts with {0:#06x} where 0xeb9f is expected")]
    Magic(u16),
    /// The magic number is there, back to front.
    #[error("this BTF was made for a machine of the other byte order")]
    ForeignEndian,
    /// Only version 1 was ever published.
    #[error("BTF of version {0}; only version 1 is known")]
    Version(u8),
    /// A section of the header reaches beyond the end of the bytes.
    #[error("broken BTF: its {0} section lies outside of it")]
    Section(&'static str),
    /// The type section ends within a type.
    #[error("broken BTF: type {0} is cut off")]
    CutOff(u32),
    /// Of this kind not even the length is known, so nothing after it can be found.
    #[error("type {id} of this BTF is of the unknown kind {kind}")]
    UnknownKind {
        /// Number of the type.
        id: u32,
        /// Its `BTF_INFO_KIND`.
        kind: u8,
    },
}

/// Parsed type information.
#[derive(Debug, Clone)]
pub struct Btf {
    bytes: Vec<u8>,
    types: Range<usize>,
    strings: Range<usize>,
    /// Where each type starts in the type section; type 1 comes first.
    starts: Vec<u32>,
    structs: Vec<TypeId>,
    typedefs: Vec<TypeId>,
}

impl Btf {
    /// Takes over the contents of `/sys/kernel/btf/vmlinux` and indexes its types.
    pub fn parse(bytes: impl Into<Vec<u8>>) -> Result<Self, BtfError> {
        let bytes = bytes.into();
        let header = Header::read(&bytes)?;
        let mut btf = Self {
            types: header.types.clone(),
            strings: header.strings.clone(),
            starts: Vec::with_capacity(header.types.len() / 24),
            structs: Vec::new(),
            typedefs: Vec::new(),
            bytes,
        };
        btf.index(header.layouts)?;
        Ok(btf)
    }

    /// How many types there are, `void` not counted.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there is no type at all.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The *definitions* of `struct name`, in the order of the file. There may be several: BTF
    /// is made from many compilation units, and definitions that differ are not merged. A mere
    /// declaration (`BTF_KIND_FWD`) has no members and is no definition.
    pub fn structs<'a>(&'a self, name: &'a str) -> impl Iterator<Item = TypeId> + 'a {
        self.named(&self.structs, name).take(MAX_DEFINITIONS)
    }

    /// Whether the kernel has a function of this name, global or static.
    pub fn has_function(&self, name: &str) -> bool {
        (1..)
            .map(TypeId)
            .map_while(|id| self.header(id))
            .any(|header| header.kind() == Some(Kind::Func) && self.is_name(header.name, name))
    }

    fn named<'a>(&'a self, ids: &'a [TypeId], name: &'a str) -> impl Iterator<Item = TypeId> + 'a {
        let is_named = move |id: &TypeId| {
            self.header(*id)
                .is_some_and(|header| self.is_name(header.name, name))
        };
        ids.iter().copied().filter(is_named)
    }

    /// Notes the start of every type. Positions fit a `u32` because the section's length does.
    fn index(&mut self, layouts: Range<usize>) -> Result<(), BtfError> {
        let types = &self.bytes[self.types.clone()];
        let layouts = &self.bytes[layouts];
        let (mut at, mut id) = (0_u32, 0_u32);
        while (at as usize) < types.len() {
            id += 1;
            let header = TypeHeader::read(types, at).ok_or(BtfError::CutOff(id))?;
            match header.kind() {
                Some(Kind::Struct) => self.structs.push(TypeId(id)),
                Some(Kind::Typedef) => self.typedefs.push(TypeId(id)),
                _ => {}
            }
            self.starts.push(at);
            let trailer = header.trailer_size(layouts).ok_or(BtfError::UnknownKind {
                id,
                kind: header.raw_kind,
            })?;
            at = u64::from(at)
                .checked_add(u64::from(TYPE_HEADER) + trailer)
                .and_then(|end| u32::try_from(end).ok())
                .filter(|end| *end as usize <= types.len())
                .ok_or(BtfError::CutOff(id))?;
        }
        Ok(())
    }

    fn type_section(&self) -> &[u8] {
        &self.bytes[self.types.clone()]
    }

    fn start(&self, id: TypeId) -> Option<u32> {
        let index = usize::try_from(id.0.checked_sub(1)?).ok()?;
        self.starts.get(index).copied()
    }

    /// The `struct btf_type` of a type; nothing for `void` and for numbers out of range.
    fn header(&self, id: TypeId) -> Option<TypeHeader> {
        TypeHeader::read(self.type_section(), self.start(id)?)
    }

    /// The word at `index` after a type's `struct btf_type`.
    fn word(&self, id: TypeId, index: u32) -> Option<u32> {
        let after = TYPE_HEADER.checked_add(index.checked_mul(4)?)?;
        format::u32_at(self.type_section(), self.start(id)?.checked_add(after)?)
    }

    /// Whether the string at an offset of the string section is exactly this one.
    fn is_name(&self, offset: u32, name: &str) -> bool {
        let strings = &self.bytes[self.strings.clone()];
        strings
            .get(offset as usize..)
            .and_then(|rest| rest.strip_prefix(name.as_bytes()))
            .is_some_and(|rest| rest.first() == Some(&0))
    }

    fn name(&self, offset: u32) -> Option<&str> {
        let rest = self.bytes[self.strings.clone()].get(offset as usize..)?;
        let end = rest.iter().take(MAX_NAME).position(|byte| *byte == 0)?;
        std::str::from_utf8(&rest[..end]).ok()
    }

    /// The type behind typedefs, `const`, `volatile`, `restrict` and type tags.
    fn strip(&self, mut id: TypeId) -> Option<TypeId> {
        for _ in 0..MAX_DEPTH {
            let header = self.header(id)?;
            if !header.kind()?.is_modifier() {
                return Some(id);
            }
            id = TypeId(header.size_or_type);
        }
        None
    }
}
