//! Capabilities: which are kept, and giving the others away.

use std::io;

use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities,
};

/// The effective ones of this thread; none if it cannot be asked.
pub(super) fn effective() -> CapabilitySet {
    capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.effective)
}

/// Names, as `CAP_BPF`.
pub(super) fn names(set: CapabilitySet) -> Vec<String> {
    set.iter_names()
        .map(|(name, _)| format!("CAP_{name}"))
        .collect()
}

/// Gives away what loading the programs needed and nothing after it does.
pub(super) fn drop_unneeded() -> io::Result<()> {
    let sets = capabilities(None)?;
    let is_root = rustix::process::geteuid().is_root();
    let kept = kept(sets.permitted, is_root);
    if sets.effective.contains(CapabilitySet::SETPCAP) {
        for capability in CapabilitySet::all().difference(kept).iter() {
            // The kernel may be older than the list.
            let _ = remove_capability_from_bounding_set(capability);
        }
    }
    clear_ambient_capability_set()?;
    set_capabilities(
        None,
        CapabilitySets {
            effective: kept,
            permitted: kept,
            inheritable: CapabilitySet::empty(),
        },
    )?;
    Ok(())
}

/// What is kept of `held`:
///
/// - `CAP_BPF`: up to Linux 5.18, every bpf(2) needs it where unprivileged use is off, reading a map
///   included; and a program that somebody detached is attached again. Where only `CAP_SYS_ADMIN`
///   was given, that stands for it. `CAP_PERFMON` is for loading alone.
/// - `CAP_SYS_PTRACE`, `CAP_DAC_READ_SEARCH`: given so that snapshots name the processes of other
///   users.
/// - `CAP_DAC_OVERRIDE`, to root alone: without it root could not begin the next file of a
///   recording in a user's folder.
fn kept(held: CapabilitySet, is_root: bool) -> CapabilitySet {
    let mut kept =
        held & (CapabilitySet::BPF | CapabilitySet::SYS_PTRACE | CapabilitySet::DAC_READ_SEARCH);
    if !held.contains(CapabilitySet::BPF) {
        kept |= held & CapabilitySet::SYS_ADMIN;
    }
    if is_root {
        kept |= held & CapabilitySet::DAC_OVERRIDE;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_of_use_later_is_kept() {
        let service = CapabilitySet::BPF | CapabilitySet::PERFMON;
        assert_eq!(names(kept(service, false)), ["CAP_BPF"]);
        let named = service | CapabilitySet::SYS_PTRACE | CapabilitySet::DAC_READ_SEARCH;
        assert_eq!(
            names(kept(named, false)),
            ["CAP_DAC_READ_SEARCH", "CAP_SYS_PTRACE", "CAP_BPF"]
        );
        assert_eq!(names(kept(CapabilitySet::empty(), false)), [""; 0]);
    }

    #[test]
    fn sys_admin_is_kept_only_in_place_of_bpf() {
        let old = CapabilitySet::SYS_ADMIN | CapabilitySet::NET_ADMIN;
        assert_eq!(names(kept(old, false)), ["CAP_SYS_ADMIN"]);
        let root = kept(CapabilitySet::all(), true);
        assert!(!root.contains(CapabilitySet::SYS_ADMIN) && !root.contains(CapabilitySet::PERFMON));
        assert!(root.contains(CapabilitySet::DAC_OVERRIDE | CapabilitySet::BPF));
        assert!(!kept(CapabilitySet::all(), false).contains(CapabilitySet::DAC_OVERRIDE));
    }
}
