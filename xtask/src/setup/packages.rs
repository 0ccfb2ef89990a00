//! Package managers: which one this machine has, and its commands.

use super::step::Step;
use crate::exec;

/// Debian's compiler, its cargo, and the library sources.
pub(crate) const COMPILER: &[&str] = &["rustc-web", "cargo-web", "rust-web-src"];

/// The package managers that set-up can drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manager {
    /// Debian, Ubuntu.
    Apt,
    /// Fedora, Amazon Linux 2023.
    Dnf,
}

impl Manager {
    /// The one on this machine.
    pub(crate) fn find() -> Option<Self> {
        [(Self::Apt, "apt-get"), (Self::Dnf, "dnf")]
            .into_iter()
            .find_map(|(manager, program)| exec::find_program(program).map(|_| manager))
    }

    /// The steps that install `packages` without asking, and without taking anything else away.
    pub(crate) fn install(self, packages: &[&str]) -> Vec<Step> {
        let what = format!("installing {}", packages.join(", "));
        match self {
            Self::Apt => vec![
                // A mirror that is down for a moment need not matter: the lists may be fresh.
                Step {
                    may_fail: true,
                    ..read_lists()
                },
                as_root(what, APT_INSTALL, packages),
            ],
            Self::Dnf => vec![as_root(what, DNF_INSTALL, packages)],
        }
    }
}

/// The step by which apt reads what there is to install.
pub(crate) fn read_lists() -> Step {
    as_root("reading the package lists", APT, &["update"])
}

/// `env` carries the setting through sudo, which keeps no variables by itself.
const APT: &[&str] = &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];

/// `--no-remove`: a package that conflicts with one of the user's is an error, not a swap.
const APT_INSTALL: &[&str] = &[
    "env",
    "DEBIAN_FRONTEND=noninteractive",
    "apt-get",
    "install",
    "--yes",
    "--no-install-recommends",
    "--no-remove",
];

const DNF_INSTALL: &[&str] = &[
    "dnf",
    "install",
    "--assumeyes",
    "--setopt=install_weak_deps=False",
];

fn as_root(what: impl Into<String>, command: &[&str], rest: &[&str]) -> Step {
    Step {
        root: true,
        ..Step::new(what, &[command, rest].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apt_reads_its_lists_first_and_never_removes() {
        let steps = Manager::Apt.install(&["iproute2", "iperf3"]);
        assert!(steps[0].may_fail && !steps[1].may_fail);
        assert!(steps.iter().all(|step| step.root));
        assert_eq!(
            steps[1].to_string(),
            "env DEBIAN_FRONTEND=noninteractive apt-get install --yes \
             --no-install-recommends --no-remove iproute2 iperf3"
        );
    }

    #[test]
    fn dnf_installs_in_one_step() {
        let steps = Manager::Dnf.install(&["nftables"]);
        assert_eq!(steps.len(), 1);
        assert!(steps[0].root && steps[0].to_string().ends_with(" nftables"));
    }
}
