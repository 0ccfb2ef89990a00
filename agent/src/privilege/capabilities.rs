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

/// Gives away what loading the programs needed and nothing after it does; `reads` tells whether the
/// programs' maps can be read.
pub(super) fn drop_unneeded(reads: impl FnOnce() -> bool + Send) -> io::Result<()> {
    let sets = capabilities(None)?;
    let is_root = rustix::process::geteuid().is_root();
    let kept = kept(sets.permitted, is_root, !reads_without(reads));
    if sets.effective.contains(CapabilitySet::SETPCAP) {
        for capability in CapabilitySet::all().difference(kept).iter() {
            // The kernel may be older than the list.
            let _ = remove_capability_from_bounding_set(capability);
        }
    }
    clear_ambient_capability_set()?;
    set_capabilities(None, only(kept))?;
    Ok(())
}

/// Whether maps can be read without any capability: tried on a thread that has none. Linux 5.19
/// allows it to whoever holds the map; before, every bpf(2) needed `CAP_BPF` where unprivileged use
/// is off. The version alone does not tell, for distributions take over changes.
fn reads_without(reads: impl FnOnce() -> bool + Send) -> bool {
    std::thread::scope(|scope| {
        let tried = scope.spawn(|| {
            let bare = set_capabilities(None, only(CapabilitySet::empty()));
            bare.is_ok() && reads()
        });
        tried.join().unwrap_or(false)
    })
}

const fn only(set: CapabilitySet) -> CapabilitySets {
    CapabilitySets {
        effective: set,
        permitted: set,
        inheritable: CapabilitySet::empty(),
    }
}

/// What is kept of `held`:
///
/// - `CAP_BPF` where maps cannot be read without; where only `CAP_SYS_ADMIN` was given, that stands
///   for it. `CAP_PERFMON` is for loading alone.
/// - `CAP_SYS_PTRACE`, `CAP_DAC_READ_SEARCH`: given so that snapshots name the processes of other
///   users.
/// - `CAP_DAC_OVERRIDE`, to root alone: without it root could not begin the next file of a
///   recording in a user's folder.
fn kept(held: CapabilitySet, is_root: bool, needs_bpf: bool) -> CapabilitySet {
    let mut kept = held & (CapabilitySet::SYS_PTRACE | CapabilitySet::DAC_READ_SEARCH);
    if needs_bpf && held.contains(CapabilitySet::BPF) {
        kept |= CapabilitySet::BPF;
    } else if needs_bpf {
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
        assert_eq!(names(kept(service, false, true)), ["CAP_BPF"]);
        assert_eq!(names(kept(service, false, false)), [""; 0]);
        let named = service | CapabilitySet::SYS_PTRACE | CapabilitySet::DAC_READ_SEARCH;
        assert_eq!(
            names(kept(named, false, true)),
            ["CAP_DAC_READ_SEARCH", "CAP_SYS_PTRACE", "CAP_BPF"]
        );
        assert_eq!(names(kept(CapabilitySet::empty(), false, true)), [""; 0]);
    }

    #[test]
    fn sys_admin_is_kept_only_in_place_of_bpf() {
        let old = CapabilitySet::SYS_ADMIN | CapabilitySet::NET_ADMIN;
        assert_eq!(names(kept(old, false, true)), ["CAP_SYS_ADMIN"]);
        assert_eq!(names(kept(old, false, false)), [""; 0]);
        let root = kept(CapabilitySet::all(), true, true);
        assert!(!root.contains(CapabilitySet::SYS_ADMIN) && !root.contains(CapabilitySet::PERFMON));
        assert!(root.contains(CapabilitySet::DAC_OVERRIDE | CapabilitySet::BPF));
        assert!(!kept(CapabilitySet::all(), false, true).contains(CapabilitySet::DAC_OVERRIDE));
    }

    /// The thread that tries gives its capabilities away; this one keeps them.
    #[test]
    fn what_is_tried_without_is_tried_without() {
        let before = effective();
        assert!(reads_without(|| effective().is_empty()));
        assert!(!reads_without(|| false));
        assert_eq!(effective(), before);
    }
}
