//! The one place that pins the compiler and the linker of the eBPF half, and finds them.
//!
//! `agent/build.rs` includes this file as well, so that a plain `cargo build` and an editor's
//! language server pick exactly what `cargo xtask setup` installed. Standard library only.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The rustup toolchain that builds the eBPF half where rustup can download: its `rust-src`
/// component is what `-Z build-std=core` compiles, and its LLVM is what the linker borrows.
pub(crate) const NIGHTLY: &str = "nightly-2026-05-19";

/// The name under which set-up links the distribution's rustc into rustup where the pinned
/// nightly cannot be had (Debian's rustc-web, with its library sources).
pub(crate) const LINKED: &str = "edgeghost-ebpf";

/// The bpf-linker release that reads the bitcode of [`LLVM_MAJOR`].
pub(crate) const BPF_LINKER: &str = "0.10.4";

/// The LLVM that both compilers carry. A newer compiler brings a newer LLVM and needs a newer
/// linker: change the constants here together.
pub(crate) const LLVM_MAJOR: &str = "22";

/// Everything a build of the eBPF half needs from outside the workspace.
#[derive(Debug, Clone)]
pub(crate) struct EbpfToolchain {
    /// Name for `rustup run`.
    pub(crate) name: &'static str,
    /// A release compiler needs `RUSTC_BOOTSTRAP=1` before it accepts `-Z build-std`.
    pub(crate) bootstrap: bool,
    /// Folder of the compiler's own libLLVM, to be put first on `LD_LIBRARY_PATH`: bpf-linker
    /// takes the first library called libLLVM that it meets there, whatever its version.
    pub(crate) llvm_dir: Option<PathBuf>,
    /// Folder that holds the pinned bpf-linker.
    pub(crate) linker_dir: PathBuf,
}

/// What is missing, in words for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Neither the pinned nightly nor a linked distribution compiler has library sources.
    Compiler,
    /// No bpf-linker of the pinned version.
    Linker,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Compiler => write!(f, "no rustc with library sources ({NIGHTLY} or {LINKED})"),
            Self::Linker => write!(f, "no bpf-linker {BPF_LINKER}"),
        }
    }
}

/// Finds the compiler and the linker.
pub(crate) fn find() -> Result<EbpfToolchain, Missing> {
    let (name, sysroot) = compiler().ok_or(Missing::Compiler)?;
    let linker_dir = linker().ok_or(Missing::Linker)?;
    Ok(EbpfToolchain {
        name,
        bootstrap: name == LINKED,
        llvm_dir: llvm_dir(name, &sysroot),
        linker_dir,
    })
}

/// The first usable compiler, with its sysroot.
pub(crate) fn compiler() -> Option<(&'static str, PathBuf)> {
    [NIGHTLY, LINKED].into_iter().find_map(|name| {
        let sysroot = PathBuf::from(rustc(name, &["--print", "sysroot"])?.trim());
        let complete = has_library_sources(&sysroot) && llvm_dir(name, &sysroot).is_some();
        // The nightly is pinned to the day; what hides behind the link is the distribution's
        // choice, and changes with its updates.
        (complete && (name == NIGHTLY || has_right_llvm(name))).then_some((name, sysroot))
    })
}

/// Folder of a bpf-linker of the pinned version: the one on the PATH if it is that version,
/// otherwise edgeghost's own.
pub(crate) fn linker() -> Option<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&on_path)
        .chain([own_linker_root().join("bin")])
        .find(|dir| linker_version(&dir.join("bpf-linker")).as_deref() == Some(BPF_LINKER))
}

/// Where set-up installs bpf-linker: a folder of our own, so that another version on the user's
/// PATH stays as it is.
pub(crate) fn own_linker_root() -> PathBuf {
    own_cache().join(format!("bpf-linker-{BPF_LINKER}"))
}

/// Where set-up links the distribution's libLLVM. Beside it, in the system's folder, lie other
/// LLVMs that bpf-linker would take as readily.
pub(crate) fn own_llvm_dir() -> PathBuf {
    own_cache().join(format!("llvm-{LLVM_MAJOR}"))
}

/// `value` with `dir` put before it, as in PATH.
pub(crate) fn prepend(dir: &Path, value: Option<OsString>) -> OsString {
    let mut joined = dir.as_os_str().to_owned();
    if let Some(rest) = value.filter(|rest| !rest.is_empty()) {
        joined.push(":");
        joined.push(rest);
    }
    joined
}

/// Where set-up puts what it builds for this project alone.
pub(crate) fn own_cache() -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|dir| dir.is_absolute());
    cache
        .unwrap_or_else(|| env::home_dir().unwrap_or_default().join(".cache"))
        .join("edgeghost")
}

/// What a toolchain's compiler answers; nothing if there is none.
pub(crate) fn rustc(toolchain: &str, args: &[&str]) -> Option<String> {
    let output = Command::new("rustup")
        .args(["run", toolchain, "rustc"])
        .args(args)
        // Asking must never download: that is what `cargo xtask setup` announces first.
        .env("RUSTUP_AUTO_INSTALL", "0")
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).ok())?
}

fn has_library_sources(sysroot: &Path) -> bool {
    sysroot
        .join("lib/rustlib/src/rust/library/core/Cargo.toml")
        .exists()
}

fn has_right_llvm(toolchain: &str) -> bool {
    let version = rustc(toolchain, &["--version", "--verbose"]).unwrap_or_default();
    version
        .lines()
        .filter_map(|line| line.strip_prefix("LLVM version: "))
        .any(|llvm| llvm.split('.').next() == Some(LLVM_MAJOR))
}

fn linker_version(program: &Path) -> Option<String> {
    if !program.exists() {
        return None;
    }
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace().nth(1).map(str::to_owned)
}

/// rustup's compilers carry libLLVM in their own lib folder; to a distribution's, set-up makes a
/// folder that holds it alone.
fn llvm_dir(toolchain: &str, sysroot: &Path) -> Option<PathBuf> {
    let dir = if toolchain == LINKED {
        own_llvm_dir()
    } else {
        sysroot.join("lib")
    };
    let holds_llvm = fs::read_dir(&dir).ok()?.flatten().any(|entry| {
        // A link whose library a system update took away does not count.
        entry.file_name().to_string_lossy().starts_with("libLLVM") && entry.path().exists()
    });
    holds_llvm.then_some(dir)
}
