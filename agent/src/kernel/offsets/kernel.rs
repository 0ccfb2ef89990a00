//! BTF of kernels that never were, made from the table of fields.

use edgeghost_common::offsets::Field;

use super::super::btf::Btf;
use super::super::btf::synthetic::Builder;
use super::{CA_STATE, CHRONO_TYPE};

/// A member to be built: its name, and either members of its own or a leaf's field.
struct Node<'a> {
    name: &'a str,
    leaf: Option<Field>,
    inner: Vec<Node<'a>>,
}

fn insert<'a>(nodes: &mut Vec<Node<'a>>, path: &'a str, field: Field) {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let index = nodes.iter().position(|node| node.name == name);
    let index = index.unwrap_or_else(|| {
        let (leaf, inner) = (None, Vec::new());
        nodes.push(Node { name, leaf, inner });
        nodes.len() - 1
    });
    if rest.is_empty() {
        nodes[index].leaf = Some(field);
    } else {
        insert(&mut nodes[index].inner, rest, field);
    }
}

/// Builds a struct of the nodes, every leaf an array of 24 bytes unless the field says otherwise;
/// returns its type and size.
fn build(b: &mut Builder, byte: u32, name: &str, nodes: &[Node<'_>]) -> (u32, u32) {
    let mut members = Vec::new();
    let mut size = 0;
    for node in nodes {
        let mut bits = 0;
        let (ty, length) = match node.leaf {
            Some(field) if [CA_STATE, CHRONO_TYPE].contains(&(field.root, field.path)) => {
                bits = 5 << 24 | 2;
                (byte, 1)
            }
            Some(field) => {
                let length = if field.size == 0 { 24 } else { field.size };
                (b.array(byte, length), length)
            }
            None => build(b, byte, "", &node.inner),
        };
        members.push((node.name, ty, bits + size * 8));
        size += length;
    }
    (b.with_bit_fields(name, size, &members), size)
}

/// BTF of a kernel with exactly these fields.
pub(super) fn kernel_with(fields: &[Field]) -> Btf {
    let mut b = Builder::new();
    add_structs(&mut b, fields);
    Btf::parse(b.finish()).unwrap()
}

pub(crate) fn add_structs(b: &mut Builder, fields: &[Field]) {
    let byte = b.int("unsigned char", 1);
    let mut roots: Vec<&str> = fields.iter().map(|field| field.root).collect();
    roots.sort_unstable();
    roots.dedup();
    for root in roots {
        let mut nodes = Vec::new();
        for field in fields.iter().filter(|field| field.root == root) {
            insert(&mut nodes, field.path, *field);
        }
        build(b, byte, root, &nodes);
    }
}
