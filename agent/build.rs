//! Builds the eBPF half with the pinned compiler and linker, and puts the object where
//! `src/bpf/object.rs` embeds it from.

#[path = "../xtask/src/toolchain.rs"]
mod toolchain;

use std::env;

use aya_build::{Package, Toolchain};

fn main() {
    println!("cargo::rerun-if-changed=../xtask/src/toolchain.rs");
    println!("cargo::rerun-if-changed=../agent-common/src");
    if let Err(error) = build() {
        // One line, with the way out: whoever meets it has just cloned the project.
        println!("cargo::error={error}");
    }
}

fn build() -> Result<(), String> {
    let tools = toolchain::find().map_err(|missing| {
        format!("the eBPF half cannot be built: {missing}; run `cargo xtask setup`")
    })?;
    let path = toolchain::prepend(&tools.linker_dir, env::var_os("PATH"));
    // SAFETY: a build script has one thread here.
    unsafe {
        env::set_var("PATH", path);
        env::set_var("EDGEGHOST_BPF_LINKER", tools.linker_dir.join("bpf-linker"));
        if let Some(dir) = &tools.llvm_dir {
            let libraries = toolchain::prepend(dir, env::var_os("LD_LIBRARY_PATH"));
            env::set_var("LD_LIBRARY_PATH", libraries);
        }
        if tools.bootstrap {
            env::set_var("RUSTC_BOOTSTRAP", "1");
        }
        // The line information of the programs names sources the same on every machine.
        env::set_var("CARGO_UNSTABLE_TRIM_PATHS", "true");
        env::set_var("CARGO_PROFILE_RELEASE_TRIM_PATHS", "all");
        // Progress of the inner cargo would come out as warnings of the outer one.
        env::set_var("CARGO_TERM_QUIET", "true");
        // The outer cargo's wrappers (clippy's among them) are not for this build.
        for key in [
            "RUSTC_WRAPPER",
            "RUSTC_WORKSPACE_WRAPPER",
            "CARGO_TARGET_DIR",
        ] {
            env::remove_var(key);
        }
    }
    let package = Package {
        name: "edgeghost-ebpf",
        root_dir: "../agent-ebpf",
        ..Package::default()
    };
    aya_build::build_ebpf([package], Toolchain::Custom(tools.name))
        .map_err(|error| format!("the eBPF half does not build: {error:#}"))
}
