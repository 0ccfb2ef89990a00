//! Fills the table of kernel fields ([`edgeghost_common::offsets`]) from the kernel's BTF.
//!
//! Nothing is guessed: a field that the programs need is found with the size that they read, or
//! the kernel is refused with the list of all that is missing.

#[cfg(test)]
pub(crate) mod kernel;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod witness;

use std::collections::BTreeMap;
use std::fmt;

use edgeghost_common::Offsets;
use edgeghost_common::offsets::{ABSENT, Field};

use super::btf::{Btf, Member, TypeId};

/// The bit fields, whose position within their byte the programs need as well.
const CA_STATE: (&str, &str) = ("tcp_sock", "inet_conn.icsk_ca_state");
const CHRONO_TYPE: (&str, &str) = ("tcp_sock", "chrono_type");
/// Structs that the programs take for their first member.
const FIRST_MEMBERS: [(&str, &str); 2] = [
    ("tcp_sock", "inet_conn.icsk_inet.sk.__sk_common"),
    ("request_sock", "__req_common"),
];
/// Place of `err` among the arguments of `tcp_retransmit_skb`: after `sk` and `skb`.
const RETRANSMIT_ERR: usize = 2;
/// Bytes of an `int`.
const INT: u32 = 4;

/// One way in which a kernel does not fit the programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// There is no definition of a whole struct.
    NoStruct(&'static str),
    /// A struct has no such member.
    NoMember(&'static str, &'static str),
    /// A member is there, but what the programs would read is not what it is.
    Size {
        /// Struct and member path.
        field: (&'static str, &'static str),
        /// Bytes that the programs read.
        reads: u32,
        /// Bytes that the member has, if it is not a bit field.
        has: Option<u32>,
    },
    /// A struct that must begin with a member does not.
    NotFirst(&'static str, &'static str),
    /// A bit field crosses the end of its byte.
    Crosses(&'static str, &'static str),
}

/// Everything that keeps the programs from running on a kernel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ResolveError {
    /// In the order of the table; never empty.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = self.problems.iter().filter_map(|problem| match problem {
            Problem::NoStruct(root) => Some(format!("struct {root}")),
            Problem::NoMember(root, path) => Some(format!("{root}.{path}")),
            _ => None,
        });
        let missing: Vec<_> = missing.collect();
        let mut clauses = Vec::new();
        if !missing.is_empty() {
            clauses.push(format!("has no {}", missing.join(", ")));
        }
        clauses.extend(self.problems.iter().filter_map(|problem| match problem {
            Problem::NoStruct(_) | Problem::NoMember(..) => None,
            Problem::Size {
                field: (root, path),
                reads,
                has: Some(has),
            } => Some(format!(
                "has {root}.{path} with {has} bytes instead of {reads}"
            )),
            Problem::Size {
                field: (root, path),
                reads,
                has: None,
            } => Some(format!("has {root}.{path}, but not as {reads} whole bytes")),
            Problem::NotFirst(root, path) => {
                Some(format!("has {root}.{path}, but not at the start of it"))
            }
            Problem::Crosses(root, path) => {
                Some(format!("has {root}.{path} across the end of a byte"))
            }
        }));
        write!(f, "this kernel's BTF {}", clauses.join("; "))
    }
}

/// Looks every field of the table up.
///
/// An optional field that is missing, or that is not what the programs would read, stays
/// [`ABSENT`]. That the tracepoints exist is another question:
/// see [`has_tracepoint`].
pub fn resolve(btf: &Btf) -> Result<Offsets, ResolveError> {
    let definitions = definitions(btf);
    let mut offsets = Offsets::UNRESOLVED;
    let mut problems = Vec::new();
    let mut ca_state = None;
    let mut chrono_type = None;
    for (field, slot) in Offsets::FIELDS.iter().zip(offsets.members_mut()) {
        match locate(btf, &definitions, field) {
            Ok(member) => {
                *slot = member.byte_offset();
                match (field.root, field.path) {
                    CA_STATE => ca_state = Some(member),
                    CHRONO_TYPE => chrono_type = Some(member),
                    _ => {}
                }
            }
            Err(problem) if field.required && !problems.contains(&problem) => {
                problems.push(problem);
            }
            Err(_) => {}
        }
    }
    if let Some(member) = ca_state {
        match shift_and_mask(&member) {
            Some(bits) => (offsets.ca_state_shift, offsets.ca_state_mask) = bits,
            None => problems.push(Problem::Crosses(CA_STATE.0, CA_STATE.1)),
        }
    }
    match chrono_type.and_then(|member| shift_and_mask(&member)) {
        Some(bits) => (offsets.chrono_type_shift, offsets.chrono_type_mask) = bits,
        None => offsets.chrono_type = ABSENT,
    }
    offsets.retransmit_has_err = u32::from(retransmit_has_err(btf));
    offsets.state_in_socket = u32::from(state_in_socket(btf));
    if problems.is_empty() {
        Ok(offsets)
    } else {
        Err(ResolveError { problems })
    }
}

/// Whether the kernel has this tracepoint, named without its subsystem.
pub fn has_tracepoint(btf: &Btf, name: &str) -> bool {
    btf.tracepoint(name).is_some()
}

/// Whether `tcp_retransmit_skb` also fires for retransmissions that failed, and tells so by `err`
/// (since 6.17 and in kernels that took the change over).
fn retransmit_has_err(btf: &Btf) -> bool {
    btf.tracepoint("tcp_retransmit_skb")
        .and_then(|prototype| prototype.params.get(RETRANSMIT_ERR).copied())
        .is_some_and(|err| btf.is_integer(err.ty, INT))
}

/// Whether a tracing program may keep something in a socket (since 5.11): the functions that such
/// programs are given as helpers (`net/core/bpf_sk_storage.c`).
fn state_in_socket(btf: &Btf) -> bool {
    [
        "bpf_sk_storage_get_tracing",
        "bpf_sk_storage_delete_tracing",
    ]
    .iter()
    .all(|name| btf.has_function(name))
}

/// For every struct of the table its definition. Where there are several, the one with the most of
/// the table's members is taken, and all members from that one: offsets must not be mixed.
fn definitions(btf: &Btf) -> BTreeMap<&'static str, TypeId> {
    let mut chosen = BTreeMap::new();
    for Field { root, .. } in Offsets::FIELDS {
        if chosen.contains_key(root) {
            continue;
        }
        let mut best = None;
        for id in btf.structs(root) {
            let members = Offsets::FIELDS
                .iter()
                .filter(|field| field.root == *root && btf.member(id, field.path).is_some())
                .count();
            if best.is_none_or(|(most, _)| members > most) {
                best = Some((members, id));
            }
        }
        if let Some((_, id)) = best {
            chosen.insert(*root, id);
        }
    }
    chosen
}

fn locate(
    btf: &Btf,
    definitions: &BTreeMap<&'static str, TypeId>,
    field: &Field,
) -> Result<Member, Problem> {
    let (root, path) = (field.root, field.path);
    let definition = definitions.get(root).ok_or(Problem::NoStruct(root))?;
    let member = btf
        .member(*definition, path)
        .ok_or(Problem::NoMember(root, path))?;
    let whole_bytes = member.bit_size == 0 && member.bit_offset.is_multiple_of(8);
    if field.size != 0 && !(whole_bytes && member.byte_size == Some(field.size)) {
        return Err(Problem::Size {
            field: (root, path),
            reads: field.size,
            has: member.byte_size,
        });
    }
    if FIRST_MEMBERS.contains(&(root, path)) && member.bit_offset != 0 {
        return Err(Problem::NotFirst(root, path));
    }
    Ok(member)
}

/// Position and mask of a field within the byte it starts in; nothing if it does not end there.
fn shift_and_mask(member: &Member) -> Option<(u32, u32)> {
    let shift = member.bit_offset % 8;
    let width = match member.bit_size {
        0 => member.byte_size?.checked_mul(8)?,
        bits => bits,
    };
    let fits = width != 0 && shift.checked_add(width)? <= 8;
    fits.then(|| (shift, (1 << width) - 1))
}
