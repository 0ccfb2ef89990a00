//! What sanitizers and fuzzers need: parts of the pinned nightly, and cargo-fuzz.

use std::path::PathBuf;

use crate::toolchain::{NIGHTLY, own_cache, rustc};

/// The cargo-fuzz release that builds the fuzzers.
pub(crate) const CARGO_FUZZ: &str = "0.13.2";

/// Whether the pinned nightly is there.
pub(crate) fn is_there() -> bool {
    rustc(NIGHTLY, &["--version"]).is_some()
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
