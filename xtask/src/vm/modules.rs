//! Which files of a kernel's modules the guest needs: by `modules.dep` and `modules.builtin`, the
//! tables of depmod(8).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

/// All that tests may ask of the kernel by way of `nft`, `tc`, `ip` and `ss`: its kernel loads
/// them itself when they are first used.
const FOLDERS: [&str; 4] = [
    "kernel/net/ipv4/",
    "kernel/net/ipv6/",
    "kernel/net/netfilter/",
    "kernel/net/sched/",
];

/// What the tests and the lab cannot do without, module or built in. They are loaded at the
/// start: a kernel without one of them is no kernel to test on, and says so at once.
pub(super) const REQUIRED: [&str; 9] = [
    "inet_diag",
    "nf_tables",
    "nft_ct",
    "nft_numgen",
    "sch_netem",
    "tcp_bbr",
    "tcp_diag",
    "tun",
    "veth",
];

/// The tables of one kernel.
#[derive(Debug)]
pub(super) struct Modules<'a> {
    /// Each module's file with all files it needs, as `modules.dep` has them: relative to the
    /// folder of the tables.
    files: BTreeMap<&'a str, Vec<&'a str>>,
    built_in: BTreeSet<String>,
}

impl<'a> Modules<'a> {
    /// Reads the tables.
    pub(super) fn parse(dependencies: &'a str, built_in: &str) -> Self {
        let files = dependencies
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(file, needs)| (file.trim(), needs.split_whitespace().collect()))
            .collect();
        Self {
            files,
            built_in: built_in.lines().map(name).collect(),
        }
    }

    /// The files to take along, none twice.
    pub(super) fn wanted(&self) -> Result<BTreeSet<&'a str>> {
        let mut wanted = BTreeSet::new();
        for (file, needs) in &self.files {
            let inside = FOLDERS.iter().any(|folder| file.starts_with(folder));
            if inside || REQUIRED.contains(&name(file).as_str()) {
                wanted.insert(*file);
                wanted.extend(needs);
            }
        }
        let there: BTreeSet<String> = wanted.iter().map(|file| name(file)).collect();
        let missing: Vec<_> = REQUIRED
            .into_iter()
            .filter(|required| !there.contains(*required) && !self.built_in.contains(*required))
            .collect();
        if !missing.is_empty() {
            bail!(
                "the kernel has no {}: the tests cannot be run on it",
                missing.join(", no ")
            );
        }
        Ok(wanted)
    }
}

/// A module's name: that of its file, with the dashes that the kernel takes for underscores.
fn name(file: &str) -> String {
    let file = file.rsplit('/').next().unwrap_or(file);
    let stem = file.split_once(".ko").map_or(file, |(stem, _)| stem);
    stem.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
kernel/net/netfilter/nf_tables.ko: kernel/net/netfilter/nfnetlink.ko kernel/lib/libcrc32c.ko
kernel/net/netfilter/nfnetlink.ko:
kernel/net/netfilter/nft_ct.ko: kernel/net/netfilter/nf_tables.ko kernel/net/netfilter/nfnetlink.ko kernel/lib/libcrc32c.ko
kernel/net/netfilter/nft_numgen.ko: kernel/net/netfilter/nf_tables.ko
kernel/lib/libcrc32c.ko: kernel/crypto/crc32c-intel.ko
kernel/net/ipv4/inet_diag.ko:
kernel/net/ipv4/tcp_diag.ko: kernel/net/ipv4/inet_diag.ko
kernel/net/sched/sch_netem.ko:
kernel/drivers/net/veth.ko.xz:
kernel/drivers/net/tun.ko:
kernel/drivers/usb/usb-storage.ko: kernel/drivers/usb/usbcore.ko
";
    const BUILT_IN: &str = "kernel/net/ipv4/tcp_bbr.ko\nkernel/fs/ext4/ext4.ko\n";

    #[test]
    fn a_module_brings_what_it_needs_and_no_other() {
        let wanted = Modules::parse(TABLE, BUILT_IN).wanted().unwrap();
        for file in ["kernel/lib/libcrc32c.ko", "kernel/drivers/net/veth.ko.xz"] {
            assert!(wanted.contains(file), "{wanted:?}");
        }
        assert!(
            !wanted.iter().any(|file| file.contains("usb")),
            "{wanted:?}"
        );
        assert_eq!(wanted.len(), 10, "{wanted:?}");
    }

    #[test]
    fn what_a_kernel_lacks_is_named() {
        let table = TABLE.replace("kernel/drivers/net/tun.ko:\n", "");
        let error = Modules::parse(&table, "").wanted().unwrap_err().to_string();
        assert_eq!(
            error,
            "the kernel has no tcp_bbr, no tun: the tests cannot be run on it"
        );
    }

    #[test]
    fn dashes_and_compression_are_no_part_of_a_name() {
        assert_eq!(name("kernel/crypto/crc32c-intel.ko.xz"), "crc32c_intel");
        assert_eq!(name("tun.ko"), "tun");
    }
}
