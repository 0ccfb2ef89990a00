//! What edgeghost needs from a machine, why, and what brings it: one table.

use crate::nightly::CARGO_FUZZ;
use crate::toolchain::{BPF_LINKER, NIGHTLY};

/// What a command is about to do; each need stands for the rows of the table that serve it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Compile the daemon, eBPF half included.
    Build,
    /// Lay out network namespaces, lose packets, and compare with what other programs counted.
    Network,
    /// Run what talks to EC2 against a double of it.
    Cloud,
    /// Make and check what a host installs: packages and the service unit.
    Package,
    /// Hold metrics and alert rules to Prometheus' own rules.
    Metrics,
    /// Hand events to programs that ship and rotate logs.
    Logs,
    /// Check the sources' form.
    Lint,
    /// Boot other kernels.
    Machine,
    /// Build for the sanitizers: with the pinned nightly, and no other.
    Sanitize,
    /// Build and run the fuzzers.
    Fuzz,
}

/// One thing that has to be on the machine.
#[derive(Debug)]
pub(crate) struct Requirement {
    /// What an operator calls it.
    pub(crate) name: &'static str,
    /// Which work needs it.
    pub(crate) need: Need,
    /// What it is for.
    pub(crate) why: &'static str,
    /// How to tell whether it is there.
    pub(crate) probe: Probe,
    /// What brings it, the best way first.
    pub(crate) remedies: &'static [Remedy],
}

/// A question to the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    /// A compiler with library sources and its LLVM.
    EbpfCompiler,
    /// bpf-linker of the pinned version.
    BpfLinker,
    /// A program on the PATH or in a system folder.
    Program(&'static str),
    /// A subcommand of cargo that answers.
    CargoSubcommand(&'static str),
    /// The programs of `tests/requirements.txt`, of those very versions.
    PythonPrograms,
    /// promtool, unpacked or installed.
    Promtool,
    /// The pinned nightly itself.
    Nightly,
    /// cargo-fuzz of the pinned version.
    CargoFuzz,
}

/// A way to bring something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Nothing that set-up should do unasked; what to do instead.
    Yourself(&'static str),
    /// rustup downloads the pinned nightly.
    PinnedNightly,
    /// Debian's compiler, linked into rustup under a name of our own.
    DistributionCompiler,
    /// cargo builds the pinned bpf-linker.
    BuildLinker,
    /// The package manager installs a package; its name under apt and under dnf.
    Package {
        apt: &'static str,
        dnf: &'static str,
    },
    /// cargo builds the pinned cargo-fuzz.
    BuildFuzzer,
    /// rustup adds a component to the toolchain in use.
    RustupComponent(&'static str),
    /// pip installs `tests/requirements.txt` into a folder of its own.
    PythonPrograms,
    /// The same, after the package manager has brought a Python that can.
    PythonProgramsWithPython,
    /// apt downloads the package that promtool is in, and it is unpacked into a folder of its own.
    UnpackPromtool,
}

const IPROUTE: &[Remedy] = &[Remedy::Package {
    apt: "iproute2",
    dnf: "iproute",
}];

/// The table, in the order of installation: each row may rely on those above it.
pub(crate) const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        name: "rustup",
        need: Need::Build,
        why: "keeps the compiler of the eBPF half apart from yours",
        probe: Probe::Program("rustup"),
        remedies: &[Remedy::Yourself("install it as https://rustup.rs says")],
    },
    Requirement {
        name: "rustc with library sources",
        need: Need::Build,
        why: "compiles the eBPF half: no ready-made core library exists for that target",
        probe: Probe::EbpfCompiler,
        remedies: &[Remedy::PinnedNightly, Remedy::DistributionCompiler],
    },
    Requirement {
        name: "bpf-linker",
        need: Need::Build,
        why: "links the eBPF half; this version, as it has to read that compiler's bitcode",
        probe: Probe::BpfLinker,
        remedies: &[Remedy::BuildLinker],
    },
    Requirement {
        name: "ip",
        need: Need::Network,
        why: "tests and lab: lays out network namespaces",
        probe: Probe::Program("ip"),
        remedies: IPROUTE,
    },
    Requirement {
        name: "ss",
        need: Need::Network,
        why: "tests: the kernel's own numbers of each socket, to compare ours with",
        probe: Probe::Program("ss"),
        remedies: IPROUTE,
    },
    Requirement {
        name: "nstat",
        need: Need::Network,
        why: "tests: the kernel's own totals, to compare ours with",
        probe: Probe::Program("nstat"),
        remedies: IPROUTE,
    },
    Requirement {
        name: "nft",
        need: Need::Network,
        why: "tests and lab: drops packets and translates addresses",
        probe: Probe::Program("nft"),
        remedies: &[Remedy::Package {
            apt: "nftables",
            dnf: "nftables",
        }],
    },
    Requirement {
        name: "iperf3",
        need: Need::Network,
        why: "tests: drives real TCP through the lossy path",
        probe: Probe::Program("iperf3"),
        remedies: &[Remedy::Package {
            apt: "iperf3",
            dnf: "iperf3",
        }],
    },
    Requirement {
        name: "AWS CLI, moto, shellcheck",
        need: Need::Cloud,
        why: "tests: runs the printed runbook for real, against a double of EC2",
        probe: Probe::PythonPrograms,
        remedies: &[Remedy::PythonPrograms, Remedy::PythonProgramsWithPython],
    },
    Requirement {
        name: "systemd-analyze",
        need: Need::Package,
        why: "tests: checks the service unit; no systemd has to run",
        probe: Probe::Program("systemd-analyze"),
        remedies: &[Remedy::Package {
            apt: "systemd",
            dnf: "systemd",
        }],
    },
    Requirement {
        name: "rpmbuild",
        need: Need::Package,
        why: "packages and their tests: makes and installs .rpm",
        probe: Probe::Program("rpmbuild"),
        remedies: &[Remedy::Package {
            apt: "rpm",
            dnf: "rpm-build",
        }],
    },
    Requirement {
        name: "dpkg-deb",
        need: Need::Package,
        why: "packages and their tests: makes and installs .deb",
        probe: Probe::Program("dpkg-deb"),
        remedies: &[Remedy::Package {
            apt: "dpkg",
            dnf: "dpkg",
        }],
    },
    Requirement {
        name: "strip",
        need: Need::Package,
        why: "packages of a development build: takes out its line numbers, most of its size",
        probe: Probe::Program("strip"),
        remedies: &[Remedy::Package {
            apt: "binutils",
            dnf: "binutils",
        }],
    },
    Requirement {
        name: "promtool",
        need: Need::Metrics,
        why: "tests: checks metrics, alert rules and their tests",
        probe: Probe::Promtool,
        remedies: &[Remedy::UnpackPromtool],
    },
    Requirement {
        name: "rsyslogd",
        need: Need::Logs,
        why: "tests: picks events up as the configuration under packaging/ tells it",
        probe: Probe::Program("rsyslogd"),
        remedies: &[Remedy::Package {
            apt: "rsyslog",
            dnf: "rsyslog",
        }],
    },
    Requirement {
        name: "logrotate",
        need: Need::Logs,
        why: "tests: puts a file of events aside that is being written",
        probe: Probe::Program("logrotate"),
        remedies: &[Remedy::Package {
            apt: "logrotate",
            dnf: "logrotate",
        }],
    },
    Requirement {
        name: "rustfmt",
        need: Need::Lint,
        why: "lint only: checks the sources' layout",
        probe: Probe::CargoSubcommand("fmt"),
        remedies: &[Remedy::RustupComponent("rustfmt")],
    },
    Requirement {
        name: "clippy",
        need: Need::Lint,
        why: "lint only: checks the sources for mistakes",
        probe: Probe::CargoSubcommand("clippy"),
        remedies: &[Remedy::RustupComponent("clippy")],
    },
    Requirement {
        name: NIGHTLY,
        need: Need::Sanitize,
        why: "sanitize and fuzz only: finds wrong uses of memory while a program runs",
        probe: Probe::Nightly,
        remedies: &[Remedy::PinnedNightly],
    },
    Requirement {
        name: "cargo-fuzz",
        need: Need::Fuzz,
        why: "fuzz only: builds the fuzzers so that they see which code an input reaches",
        probe: Probe::CargoFuzz,
        remedies: &[Remedy::BuildFuzzer],
    },
    Requirement {
        name: "c++",
        need: Need::Fuzz,
        why: "fuzz only: compiles libFuzzer",
        probe: Probe::Program("c++"),
        remedies: &[Remedy::Package {
            apt: "g++",
            dnf: "gcc-c++",
        }],
    },
    Requirement {
        name: "qemu-system-x86_64",
        need: Need::Machine,
        why: "vm only: runs other kernels",
        probe: Probe::Program("qemu-system-x86_64"),
        remedies: &[Remedy::Package {
            apt: "qemu-system-x86",
            dnf: "qemu-system-x86-core",
        }],
    },
    Requirement {
        name: "busybox",
        need: Need::Machine,
        why: "vm only: the small programs of the guest, and the tables of its modules",
        probe: Probe::Program("busybox"),
        remedies: &[Remedy::Package {
            apt: "busybox-static",
            dnf: "busybox",
        }],
    },
    Requirement {
        name: "xz",
        need: Need::Machine,
        why: "vm only: unpacks the modules of a kernel",
        probe: Probe::Program("xz"),
        remedies: &[Remedy::Package {
            apt: "xz-utils",
            dnf: "xz",
        }],
    },
    Requirement {
        name: "dpkg-deb",
        need: Need::Machine,
        why: "vm only: unpacks kernel packages",
        probe: Probe::Program("dpkg-deb"),
        remedies: &[Remedy::Package {
            apt: "dpkg",
            dnf: "dpkg",
        }],
    },
    Requirement {
        name: "strip",
        need: Need::Machine,
        why: "vm only: takes the line numbers out of the programs, most of their size",
        probe: Probe::Program("strip"),
        remedies: &[Remedy::Package {
            apt: "binutils",
            dnf: "binutils",
        }],
    },
];

impl Requirement {
    /// What to do where set-up must not do it.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        self.remedies.iter().find_map(|remedy| match *remedy {
            Remedy::Yourself(advice) => Some(advice),
            _ => None,
        })
    }

    /// The package names under apt and dnf, if it comes as a package.
    pub(crate) fn package(&self) -> Option<(&'static str, &'static str)> {
        self.remedies.iter().find_map(|remedy| match *remedy {
            Remedy::Package { apt, dnf } => Some((apt, dnf)),
            _ => None,
        })
    }

    /// The name with the version that is pinned, if one is.
    pub(crate) fn full_name(&self) -> String {
        match self.probe {
            Probe::BpfLinker => format!("{} {BPF_LINKER}", self.name),
            Probe::CargoFuzz => format!("{} {CARGO_FUZZ}", self.name),
            Probe::EbpfCompiler
            | Probe::Nightly
            | Probe::Program(_)
            | Probe::CargoSubcommand(_)
            | Probe::PythonPrograms
            | Probe::Promtool => self.name.to_owned(),
        }
    }
}

/// The rows that serve any of `needs`, in the table's order.
pub(crate) fn required_for(needs: &[Need]) -> Vec<&'static Requirement> {
    REQUIREMENTS
        .iter()
        .filter(|requirement| needs.contains(&requirement.need))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(needs: &[Need]) -> Vec<&'static str> {
        required_for(needs)
            .iter()
            .map(|requirement| requirement.name)
            .collect()
    }

    #[test]
    fn building_needs_no_network_tools() {
        assert_eq!(
            names(&[Need::Build]),
            ["rustup", "rustc with library sources", "bpf-linker"]
        );
    }

    #[test]
    fn testing_needs_both_but_no_linters() {
        let names = names(&[Need::Build, Need::Network, Need::Cloud]);
        assert!(
            [
                "bpf-linker",
                "ip",
                "nft",
                "iperf3",
                "AWS CLI, moto, shellcheck"
            ]
            .iter()
            .all(|n| names.contains(n))
        );
        for other in ["clippy", "rustfmt", "qemu-system-x86_64"] {
            assert!(!names.contains(&other), "{other}");
        }
    }

    #[test]
    fn every_row_says_why_and_has_a_remedy() {
        for Requirement {
            name,
            need: _,
            why,
            probe: _,
            remedies,
        } in REQUIREMENTS
        {
            assert!(!why.is_empty() && !remedies.is_empty(), "{name}");
        }
    }
}
