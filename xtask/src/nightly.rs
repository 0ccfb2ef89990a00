//! What sanitizers and fuzzers need: parts of the pinned nightly, and cargo-fuzz.

use std::path::{Path, PathBuf};

use crate::toolchain::{NIGHTLY, own_cache, rustc};

/// The cargo-fuzz release that builds the fuzzers.
pub(crate) const CARGO_FUZZ: &str = "0.13.2";

/// Whether the pinned nightly has a program, by its name.
pub(crate) fn has(program: &str) -> bool {
    let sysroot = rustc(NIGHTLY, &["--print", "sysroot"]);
    sysroot.is_some_and(|root| Path::new(root.trim()).join("bin").join(program).is_file())
}

/// Folder of cargo-fuzz of the pinned version, once it is installed.
pub(crate) fn fuzzer() -> Option<PathBuf> {
    let folder = own_fuzzer_root().join("bin");
    folder.join("cargo-fuzz").is_file().then_some(folder)
}

/// Where set-up installs cargo-fuzz.
pub(crate) fn own_fuzzer_root() -> PathBuf {
    own_cache().join(format!("cargo-fuzz-{CARGO_FUZZ}"))
}
