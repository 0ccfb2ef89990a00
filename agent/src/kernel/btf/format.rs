//! The format's structs and constants (include/uapi/linux/btf.h).

use std::ops::Range;

use super::BtfError;

const MAGIC: u16 = 0xeb9f;
const VERSION: u8 = 1;
/// Length of `struct btf_header` up to and including `str_len`, which every kernel writes.
const HEADER: usize = 24;
/// Length of the header that also places a layout section.
const HEADER_WITH_LAYOUT: usize = 32;
/// Length of `struct btf_type`.
pub(super) const TYPE_HEADER: u32 = 12;
/// Length of `struct btf_layout`: `info_sz`, `elem_sz`, 16 bits of flags.
const LAYOUT: usize = 4;

/// The word at a position, in this machine's byte order: BTF is that of the kernel that runs.
pub(super) fn u32_at(bytes: &[u8], at: u32) -> Option<u32> {
    let word = bytes.get(at as usize..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*word))
}

/// Where the sections of a `struct btf_header` lie; every range is within the bytes.
pub(super) struct Header {
    pub(super) types: Range<usize>,
    pub(super) strings: Range<usize>,
    pub(super) layouts: Range<usize>,
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, BtfError> {
        let start = bytes
            .first_chunk::<HEADER>()
            .ok_or(BtfError::TooShort(bytes.len()))?;
        let magic = u16::from_ne_bytes([start[0], start[1]]);
        if magic == MAGIC.swap_bytes() {
            return Err(BtfError::ForeignEndian);
        } else if magic != MAGIC {
            return Err(BtfError::Magic(magic));
        } else if start[2] != VERSION {
            return Err(BtfError::Version(start[2]));
        }
        let length = u32_at(start, 4).unwrap_or_default() as usize;
        if length < HEADER || length > bytes.len() {
            return Err(BtfError::Section("header"));
        }
        let section = |name, at| section(bytes, length, at).ok_or(BtfError::Section(name));
        Ok(Self {
            types: section("type", 8)?,
            strings: section("string", 16)?,
            layouts: if length >= HEADER_WITH_LAYOUT {
                section("layout", 24)?
            } else {
                0..0
            },
        })
    }
}

/// A section that the header places, by offset (after the header) and length, at `at`.
fn section(bytes: &[u8], header: usize, at: u32) -> Option<Range<usize>> {
    let start = header.checked_add(u32_at(bytes, at)? as usize)?;
    let end = start.checked_add(u32_at(bytes, at.checked_add(4)?)? as usize)?;
    bytes.get(start..end)?;
    Some(start..end)
}

/// `BTF_KIND_*`, in the order of their numbers from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Ptr,
    Array,
    Struct,
    Union,
    Enum,
    Fwd,
    Typedef,
    Volatile,
    Const,
    Restrict,
    Func,
    FuncProto,
    Var,
    Datasec,
    Float,
    DeclTag,
    TypeTag,
    Enum64,
}

impl Kind {
    const ALL: [Self; 19] = [
        Self::Int,
        Self::Ptr,
        Self::Array,
        Self::Struct,
        Self::Union,
        Self::Enum,
        Self::Fwd,
        Self::Typedef,
        Self::Volatile,
        Self::Const,
        Self::Restrict,
        Self::Func,
        Self::FuncProto,
        Self::Var,
        Self::Datasec,
        Self::Float,
        Self::DeclTag,
        Self::TypeTag,
        Self::Enum64,
    ];

    fn from_raw(raw: u8) -> Option<Self> {
        let index = usize::from(raw).checked_sub(1)?;
        Self::ALL.get(index).copied()
    }

    /// Whether the type only says something about another one and has its layout.
    pub(super) fn is_modifier(self) -> bool {
        matches!(
            self,
            Self::Typedef | Self::Volatile | Self::Const | Self::Restrict | Self::TypeTag
        )
    }

    /// Bytes after `struct btf_type`: once, and for each of its `vlen` elements.
    fn layout(self) -> (u8, u8) {
        match self {
            Self::Int | Self::Var | Self::DeclTag => (4, 0),
            Self::Array => (12, 0),
            Self::Struct | Self::Union | Self::Datasec | Self::Enum64 => (0, 12),
            Self::Enum | Self::FuncProto => (0, 8),
            Self::Ptr
            | Self::Fwd
            | Self::Typedef
            | Self::Volatile
            | Self::Const
            | Self::Restrict
            | Self::Func
            | Self::Float
            | Self::TypeTag => (0, 0),
        }
    }
}

/// `struct btf_type`, with `info` taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct TypeHeader {
    /// Offset in the string section.
    pub(super) name: u32,
    pub(super) raw_kind: u8,
    /// Meaning depends on the kind; of a struct: its members' offsets carry bit-field sizes.
    pub(super) kind_flag: bool,
    /// Number of elements that follow.
    pub(super) vlen: u32,
    pub(super) size_or_type: u32,
}

impl TypeHeader {
    /// `vlen` and kind are taken at the width of 24 and 7 bits that they have since Linux 7.1;
    /// before, the bits in between were always 0.
    pub(super) fn read(types: &[u8], at: u32) -> Option<Self> {
        let info = u32_at(types, at.checked_add(4)?)?;
        let [high, ..] = info.to_be_bytes();
        Some(Self {
            name: u32_at(types, at)?,
            raw_kind: high & 0x7f,
            kind_flag: high & 0x80 != 0,
            vlen: info & 0x00ff_ffff,
            size_or_type: u32_at(types, at.checked_add(8)?)?,
        })
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        Kind::from_raw(self.raw_kind)
    }

    /// Bytes that follow this header. For a kind that is unknown here the layout section is
    /// asked, which kernels carry since Linux 7.1 so that older readers can step over it.
    pub(super) fn trailer_size(&self, layouts: &[u8]) -> Option<u64> {
        let (once, each) = if let Some(kind) = self.kind() {
            kind.layout()
        } else {
            let entry = layouts.get(usize::from(self.raw_kind) * LAYOUT..)?;
            let [once, each, ..] = *entry.first_chunk::<LAYOUT>()?;
            (once, each)
        };
        Some(u64::from(once) + u64::from(each) * u64::from(self.vlen))
    }
}
