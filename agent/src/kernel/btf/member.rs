//! Where a member lies in a struct.

use super::format::{Kind, TypeHeader};
use super::{Btf, MAX_DEPTH, TypeId};

/// Members that one look-up may look at: several times what any struct of the kernel has, and a
/// bound for bytes that describe a struct within itself.
const MEMBER_BUDGET: u32 = 1 << 12;
/// Bytes of a pointer on every machine that edgeghost is built for.
const POINTER: u32 = 8;

/// Place of a member, counted from the start of the struct that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Distance in bits. For a bit field on a little-endian machine: of its least significant bit.
    pub bit_offset: u32,
    /// Width of a bit field; 0 for everything else.
    pub bit_size: u32,
    /// Size of the member's type; nothing for a bit field and for a type without a size.
    pub byte_size: Option<u32>,
}

impl Member {
    /// The byte in which the member starts.
    pub fn byte_offset(&self) -> u32 {
        self.bit_offset / 8
    }
}

/// `struct btf_member`.
struct RawMember {
    name: u32,
    ty: TypeId,
    bit_offset: u32,
    bit_size: u32,
}

impl Btf {
    /// Looks a member up in whichever definition of `struct root` has it.
    pub fn find_member(&self, root: &str, path: &str) -> Option<Member> {
        self.structs(root).find_map(|id| self.member(id, path))
    }

    /// Follows a path like `inet_conn.icsk_ca_state` from a struct or union. Members of anonymous
    /// structs and unions count as members of what encloses them, as in C.
    pub fn member(&self, root: TypeId, path: &str) -> Option<Member> {
        let mut at = RawMember {
            name: 0,
            ty: root,
            bit_offset: 0,
            bit_size: 0,
        };
        for name in path.split('.') {
            let inner = self.direct_member(at.ty, name)?;
            at = RawMember {
                bit_offset: at.bit_offset.checked_add(inner.bit_offset)?,
                ..inner
            };
        }
        self.place(&at)
    }

    /// Size in bytes of a type, as `sizeof` would tell it.
    pub fn size_of(&self, id: TypeId) -> Option<u32> {
        let (mut id, mut count) = (id, 1_u32);
        for _ in 0..MAX_DEPTH {
            id = self.strip(id)?;
            let header = self.header(id)?;
            let size = match header.kind()? {
                Kind::Ptr => POINTER,
                Kind::Array => {
                    // struct btf_array: element type, index type, number of elements.
                    count = count.checked_mul(self.word(id, 2)?)?;
                    id = TypeId(self.word(id, 0)?);
                    continue;
                }
                Kind::Int
                | Kind::Struct
                | Kind::Union
                | Kind::Enum
                | Kind::Enum64
                | Kind::Float => header.size_or_type,
                _ => return None,
            };
            return count.checked_mul(size);
        }
        None
    }

    /// Finds a member by name in a struct or union and in the anonymous ones within.
    fn direct_member(&self, composite: TypeId, name: &str) -> Option<RawMember> {
        if name.is_empty() {
            return None;
        }
        let mut budget = MEMBER_BUDGET;
        let mut pending = vec![(composite, 0_u32)];
        while let Some((id, base)) = pending.pop() {
            let Some((id, header)) = self.composite(id) else {
                continue;
            };
            for index in 0..header.vlen {
                budget = budget.checked_sub(1)?;
                let mut member = self.raw_member(id, &header, index)?;
                member.bit_offset = member.bit_offset.checked_add(base)?;
                if self.is_name(member.name, name) {
                    return Some(member);
                }
                if self.is_name(member.name, "") {
                    pending.push((member.ty, member.bit_offset));
                }
            }
        }
        None
    }

    /// The struct or union behind a type's modifiers, if it is one.
    fn composite(&self, id: TypeId) -> Option<(TypeId, TypeHeader)> {
        let id = self.strip(id)?;
        let header = self.header(id)?;
        matches!(header.kind()?, Kind::Struct | Kind::Union).then_some((id, header))
    }

    fn raw_member(&self, id: TypeId, header: &TypeHeader, index: u32) -> Option<RawMember> {
        let first = index.checked_mul(3)?;
        let offset = self.word(id, first.checked_add(2)?)?;
        // With the kind flag, BTF_MEMBER_BITFIELD_SIZE is in the top byte.
        let (bit_size, bit_offset) = if header.kind_flag {
            (offset >> 24, offset & 0x00ff_ffff)
        } else {
            (0, offset)
        };
        Some(RawMember {
            name: self.word(id, first)?,
            ty: TypeId(self.word(id, first.checked_add(1)?)?),
            bit_offset,
            bit_size,
        })
    }

    fn place(&self, member: &RawMember) -> Option<Member> {
        let mut place = Member {
            bit_offset: member.bit_offset,
            bit_size: member.bit_size,
            byte_size: self.size_of(member.ty),
        };
        // Without the kind flag a bit field is an integer type of odd width (btf_int_data:
        // BTF_INT_OFFSET in bits 16-23, BTF_INT_BITS in bits 0-7).
        if let Some(id) = self.strip(member.ty).filter(|_| member.bit_size == 0)
            && self.header(id)?.kind()? == Kind::Int
        {
            let data = self.word(id, 0)?;
            let (offset, bits) = ((data >> 16) & 0xff, data & 0xff);
            if Some(bits) != place.byte_size.and_then(|size| size.checked_mul(8)) {
                place.bit_offset = place.bit_offset.checked_add(offset)?;
                place.bit_size = bits;
            }
        }
        if place.bit_size != 0 {
            place.byte_size = None;
        }
        Some(place)
    }
}
