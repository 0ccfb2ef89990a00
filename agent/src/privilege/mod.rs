//! What the agent takes from itself once its programs run in the kernel: capabilities, system
//! calls, files. Whoever took it over then could do little more than it does.
//!
//! All of this holds for a thread and for those that it starts, so it is done before there are
//! others.

mod capabilities;
mod files;
mod seccomp;
mod syscalls;

pub use files::Folders;

use rustix::thread::CapabilitySet;

use crate::config::{Sandbox, UseLandlock, UseSeccomp};
use crate::event::{Fence, FenceState, SandboxInfo};

/// Takes all that is not needed any more; what this kernel does not have is told, and done
/// without. It cannot be taken back. `reads` tells whether the programs' maps can be read; it is
/// tried without any capability.
pub fn confine(
    settings: &Sandbox,
    folders: &Folders,
    reads: impl FnOnce() -> bool + Send,
) -> SandboxInfo {
    warn_of_threads();
    if let Err(error) = capabilities::drop_unneeded(reads) {
        log::warn!("capabilities that are needed no more are kept: {error}");
    }
    let no_new_privileges = forbid_new_privileges();
    let kept = capabilities::effective();
    let landlock = fence_files(settings, folders, kept);
    let seccomp = fence_calls(settings.seccomp);
    let info = SandboxInfo {
        uid: rustix::process::geteuid().as_raw(),
        capabilities: capabilities::names(kept),
        no_new_privileges,
        seccomp,
        landlock,
    };
    log::info!("from now on: {}", in_words(&info));
    info
}

/// What is in force, in one line.
pub fn in_words(info: &SandboxInfo) -> String {
    let kept = if info.capabilities.is_empty() {
        "no capability".to_owned()
    } else {
        info.capabilities.join(" and ")
    };
    let no_new = if info.no_new_privileges {
        "no new privileges"
    } else {
        "new privileges possible"
    };
    format!(
        "uid {}, {kept}, {no_new}, seccomp {}, Landlock {}",
        info.uid,
        fence_in_words(&info.seccomp),
        fence_in_words(&info.landlock)
    )
}

fn fence_in_words(fence: &Fence) -> String {
    let state = match fence.state {
        FenceState::On => "on",
        FenceState::Strict => "strict",
        FenceState::Partial => "partly on",
        FenceState::Off => "off",
        FenceState::Failed => "not in force",
    };
    let abi = fence.abi.map(|abi| format!(" (ABI {abi})"));
    let reason = fence.reason.as_ref().map(|reason| format!(" ({reason})"));
    format!(
        "{state}{}{}",
        abi.unwrap_or_default(),
        reason.unwrap_or_default()
    )
}

/// A thread that already runs would keep its capabilities and its files.
fn warn_of_threads() {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 {
        log::warn!(
            "{} thread(s) were started before the sandbox and keep what they may",
            threads - 1
        );
    }
}

fn forbid_new_privileges() -> bool {
    if let Err(error) = rustix::thread::set_no_new_privs(true) {
        log::warn!("new privileges cannot be forbidden: {error}");
    }
    rustix::thread::no_new_privs().unwrap_or(false)
}

fn fence_files(settings: &Sandbox, folders: &Folders, kept: CapabilitySet) -> Fence {
    match settings.landlock {
        UseLandlock::Off => without("sandbox.landlock is off"),
        UseLandlock::Auto if kept.contains(CapabilitySet::SYS_PTRACE) => without(
            "it would hide the processes that CAP_SYS_PTRACE is for; sandbox.landlock = \"on\" \
             does without them",
        ),
        UseLandlock::Auto | UseLandlock::On => {
            let mut folders = folders.clone();
            folders.readable.extend_from_slice(&settings.readable);
            folders.writable.extend_from_slice(&settings.writable);
            files::fence(&folders)
        }
    }
}

fn fence_calls(wanted: UseSeccomp) -> Fence {
    let (state, result) = match wanted {
        UseSeccomp::Off => return without("sandbox.seccomp is off"),
        UseSeccomp::On => (FenceState::On, seccomp::refuse()),
        UseSeccomp::Strict => (FenceState::Strict, seccomp::kill()),
    };
    match result {
        Ok(()) => Fence {
            state,
            abi: None,
            reason: None,
        },
        Err(error) => failed(error.to_string()),
    }
}

fn without(reason: &str) -> Fence {
    Fence {
        state: FenceState::Off,
        abi: None,
        reason: Some(reason.to_owned()),
    }
}

fn failed(reason: String) -> Fence {
    Fence {
        state: FenceState::Failed,
        abi: None,
        reason: Some(reason),
    }
}
