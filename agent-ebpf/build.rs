//! Links the programs anew when another bpf-linker takes over.

use std::env;

/// Set by agent/build.rs to the linker it chose.
const LINKER: &str = "EDGEGHOST_BPF_LINKER";

fn main() {
    println!("cargo::rerun-if-env-changed={LINKER}");
    if let Ok(linker) = env::var(LINKER) {
        println!("cargo::rerun-if-changed={linker}");
    }
}
