//! What a tracepoint passes to the programs attached to it.

use super::format::Kind;
use super::{Btf, TypeId};

/// What the kernel's macros prepend to a tracepoint's name: `typedef void (*btf_trace_NAME)(void
/// *__data, ...)` stands for it in BTF (`__DEFINE_EVENT` in `include/trace/bpf_probe.h`).
const PREFIX: &str = "btf_trace_";

/// A parameter of a tracepoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// Its name, if the compiler kept it: through a function pointer it usually does not.
    pub name: Option<&'a str>,
    /// Its type.
    pub ty: TypeId,
}

/// The parameters of a tracepoint without the leading `void *__data`, as programs see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prototype<'a> {
    /// In order: the first is argument 0 of a BTF tracepoint program.
    pub params: Vec<Param<'a>>,
}

impl Btf {
    /// What the tracepoint of this name passes; nothing if the kernel has no such tracepoint.
    pub fn tracepoint(&self, name: &str) -> Option<Prototype<'_>> {
        let name = format!("{PREFIX}{name}");
        self.named(&self.typedefs, &name)
            .find_map(|typedef| self.prototype(typedef))
    }

    /// Number of the type that stands for the tracepoint of this name: what a program names that
    /// is to be attached to it (`attach_btf_id` of `BPF_PROG_LOAD`).
    pub fn tracepoint_number(&self, name: &str) -> Option<u32> {
        let name = format!("{PREFIX}{name}");
        Some(self.named(&self.typedefs, &name).next()?.0)
    }

    /// Whether a type is an integer of this many bytes.
    pub fn is_integer(&self, id: TypeId, size: u32) -> bool {
        self.strip(id)
            .and_then(|id| self.header(id))
            .is_some_and(|header| header.kind() == Some(Kind::Int) && header.size_or_type == size)
    }

    /// Typedef, pointer, function prototype.
    fn prototype(&self, typedef: TypeId) -> Option<Prototype<'_>> {
        let pointer = self.header(self.strip(typedef)?)?;
        if pointer.kind()? != Kind::Ptr {
            return None;
        }
        let function = TypeId(pointer.size_or_type);
        let header = self.header(function)?;
        if header.kind()? != Kind::FuncProto {
            return None;
        }
        // struct btf_param: name, type.
        let params = (1..header.vlen).map_while(|index| {
            let first = index.checked_mul(2)?;
            Some(Param {
                name: self
                    .name(self.word(function, first)?)
                    .filter(|n| !n.is_empty()),
                ty: TypeId(self.word(function, first.checked_add(1)?)?),
            })
        });
        Some(Prototype {
            params: params.collect(),
        })
    }
}
