//! The names of an enum's values.

use super::format::Kind;
use super::{Btf, TypeId};

impl Btf {
    /// Whether a type is an enum of this name.
    pub fn is_enum(&self, id: TypeId, name: &str) -> bool {
        self.enumeration(id)
            .is_some_and(|(id, _)| self.is_called(id, name))
    }

    /// Every value of an enum with its name, in the order of the file; nothing if the type is no
    /// enum of 32-bit values. Two names may stand for one value.
    pub fn enum_values(&self, id: TypeId) -> Vec<(u32, &str)> {
        let Some((id, vlen)) = self.enumeration(id) else {
            return Vec::new();
        };
        // struct btf_enum: name, value.
        let value = |index: u32| {
            let first = index.checked_mul(2)?;
            let name = self.name(self.word(id, first)?)?;
            Some((self.word(id, first.checked_add(1)?)?, name))
        };
        (0..vlen).map_while(value).collect()
    }

    /// The enum behind a type's modifiers, if it is one, and how many values it has.
    fn enumeration(&self, id: TypeId) -> Option<(TypeId, u32)> {
        let id = self.strip(id)?;
        let header = self.header(id)?;
        (header.kind()? == Kind::Enum).then_some((id, header.vlen))
    }

    fn is_called(&self, id: TypeId, name: &str) -> bool {
        self.header(id)
            .is_some_and(|header| self.is_name(header.name, name))
    }
}
