//! Offsets of kernel fields, frozen by user space before the programs are loaded.

use edgeghost_common::Offsets;

/// Lives in `.rodata`, which the loader fills from the kernel's BTF and freezes: the verifier
/// then sees constants and drops what is guarded by an absent field.
#[unsafe(no_mangle)]
pub(crate) static OFFSETS: Offsets = Offsets::UNRESOLVED;

/// One member of [`OFFSETS`]. Volatile, or the compiler would bake in the unresolved value.
macro_rules! get {
    ($member:ident) => {{
        // SAFETY: a static of the right type.
        unsafe { core::ptr::read_volatile(&raw const $crate::offsets::OFFSETS.$member) }
    }};
}
pub(crate) use get;
