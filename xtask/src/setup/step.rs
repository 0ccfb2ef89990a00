//! The commands that bring what is missing.

use std::fmt;

use super::packages::{self, Manager};
use super::requirement::Remedy;
use crate::nightly::{CARGO_FUZZ, own_fuzzer_root};
use crate::toolchain::{BPF_LINKER, LINKED, NIGHTLY, own_linker_root, own_llvm_dir};
use crate::{exec, promtool, python};

/// One command, as it is run and as it is shown for somebody to run it by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// What it does, for the person who waits.
    pub(crate) what: String,
    /// Program and arguments.
    pub(crate) words: Vec<String>,
    /// Whether it needs root rights.
    pub(crate) root: bool,
    /// Whether the steps after it make sense without it.
    pub(crate) may_fail: bool,
}

impl Step {
    /// A command that must succeed and needs nobody's rights but the user's.
    pub(crate) fn new(what: impl Into<String>, words: &[&str]) -> Self {
        Self {
            what: what.into(),
            words: words.iter().map(|&word| word.to_owned()).collect(),
            root: false,
            may_fail: false,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self
            .words
            .iter()
            .map(|word| exec::quote(word.as_ref()))
            .collect();
        f.write_str(&words.join(" "))
    }
}

/// The steps of a remedy on a machine with this package manager; none where it cannot work.
pub(crate) fn steps(remedy: Remedy, manager: Option<Manager>) -> Vec<Step> {
    match remedy {
        Remedy::PinnedNightly => vec![Step::new(
            format!("downloading the Rust compiler {NIGHTLY} with its library sources"),
            &[
                "rustup",
                "toolchain",
                "install",
                NIGHTLY,
                "--profile",
                "minimal",
                "--component",
                "rust-src",
                "--no-self-update",
            ],
        )],
        Remedy::DistributionCompiler if manager == Some(Manager::Apt) => distribution_compiler(),
        Remedy::UnpackPromtool if manager == Some(Manager::Apt) => unpacked_promtool(),
        Remedy::DistributionCompiler | Remedy::UnpackPromtool | Remedy::Yourself(_) => Vec::new(),
        Remedy::BuildLinker => vec![Step::new(
            format!("building bpf-linker {BPF_LINKER} (about a minute on two cores)"),
            &[
                "cargo",
                "install",
                "bpf-linker",
                "--version",
                BPF_LINKER,
                "--locked",
                "--root",
                &own_linker_root().to_string_lossy(),
            ],
        )],
        Remedy::BuildFuzzer => vec![Step::new(
            format!("building cargo-fuzz {CARGO_FUZZ} (about a minute on two cores)"),
            &[
                "cargo",
                "install",
                "cargo-fuzz",
                "--version",
                CARGO_FUZZ,
                "--locked",
                "--root",
                &own_fuzzer_root().to_string_lossy(),
            ],
        )],
        Remedy::Package { apt, dnf } => manager
            .map(|manager| manager.install(&[if manager == Manager::Apt { apt } else { dnf }]))
            .unwrap_or_default(),
        Remedy::RustupComponent(component) => vec![Step::new(
            format!("adding {component} to your Rust toolchain"),
            &["rustup", "component", "add", component],
        )],
        Remedy::PythonPrograms => python_programs("python3"),
        Remedy::PythonProgramsWithPython => with_python(manager),
    }
}

/// A virtual environment, and in it what the tests need. A note in it says which
/// versions it holds, once it holds them: half of one is made anew.
fn python_programs(interpreter: &str) -> Vec<Step> {
    let (folder, list) = (python::folder(), python::requirements());
    let (folder, list) = (folder.to_string_lossy(), list.to_string_lossy());
    let pip = format!("{folder}/bin/python");
    vec![
        Step::new(
            "making a folder for Python programs",
            &[interpreter, "-m", "venv", "--clear", &folder],
        ),
        Step::new(
            "installing the AWS CLI, moto and shellcheck into it (about half a minute)",
            &[
                &pip,
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--quiet",
                "--requirement",
                &list,
            ],
        ),
        Step::new(
            "noting which versions it holds",
            &["cp", &list, &python::note().to_string_lossy()],
        ),
    ]
}

/// Debian ships Python without what makes environments; Amazon Linux 2023's own is too old for
/// moto (3.9), and a newer one lies beside it.
fn with_python(manager: Option<Manager>) -> Vec<Step> {
    let (packages, interpreter): (&[&str], _) = match manager {
        Some(Manager::Apt) => (&["python3-venv"], "python3"),
        Some(Manager::Dnf) => (&["python3.11"], "python3.11"),
        None => return Vec::new(),
    };
    let mut steps = manager.map(|m| m.install(packages)).unwrap_or_default();
    steps.extend(python_programs(interpreter));
    steps
}

/// The package is that of the whole server; nothing of it is installed or started.
fn unpacked_promtool() -> Vec<Step> {
    let folder = promtool::folder();
    let folder = exec::quote(folder.as_os_str());
    let script = format!(
        "mkdir -p {folder} && cd {folder} && apt-get download prometheus && \
         dpkg-deb --extract prometheus_*.deb . && rm prometheus_*.deb usr/bin/prometheus"
    );
    vec![
        Step {
            may_fail: true,
            ..packages::read_lists()
        },
        Step::new(
            "downloading promtool and unpacking it (20 MB, a few seconds)",
            &["sh", "-c", &script],
        ),
    ]
}

/// Debian 12 ships, for its browsers, a compiler as new as the pinned nightly, with sources.
fn distribution_compiler() -> Vec<Step> {
    let mut steps = Manager::Apt.install(packages::COMPILER);
    steps.push(Step::new(
        format!("linking Debian's compiler into rustup as {LINKED}"),
        &["rustup", "toolchain", "link", LINKED, "/usr"],
    ));
    let dir = own_llvm_dir();
    let dir = exec::quote(dir.as_os_str());
    let library = r#"$(ldd /usr/bin/rustc | grep -o "/[^ ]*/libLLVM[^ ]*")"#;
    let script = format!(r#"mkdir -p {dir} && rm -f {dir}/libLLVM* && ln -s "{library}" {dir}/"#);
    steps.push(Step::new(
        "giving that compiler's LLVM a folder of its own, where bpf-linker takes no other",
        &["sh", "-c", &script],
    ));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linker_goes_to_a_folder_of_its_own() {
        let steps = steps(Remedy::BuildLinker, None);
        let line = steps[0].to_string();
        assert!(line.starts_with("cargo install bpf-linker --version 0.10.4 --locked --root /"));
        assert!(line.ends_with("edgeghost/bpf-linker-0.10.4"), "{line}");
    }

    #[test]
    fn python_programs_are_noted_last_and_python_comes_first() {
        let shown: Vec<_> = steps(Remedy::PythonProgramsWithPython, Some(Manager::Dnf))
            .iter()
            .map(Step::to_string)
            .collect();
        assert!(shown[0].ends_with(" python3.11"), "{shown:?}");
        assert!(
            shown[1].starts_with("python3.11 -m venv --clear "),
            "{shown:?}"
        );
        assert!(shown[2].ends_with("tests/requirements.txt"), "{shown:?}");
        assert!(shown[3].starts_with("cp "), "{shown:?}");
        assert!(steps(Remedy::PythonProgramsWithPython, None).is_empty());
    }

    #[test]
    fn promtool_is_unpacked_and_no_server_is_installed() {
        let shown: Vec<_> = steps(Remedy::UnpackPromtool, Some(Manager::Apt))
            .iter()
            .map(Step::to_string)
            .collect();
        assert!(
            shown[1].contains("apt-get download prometheus"),
            "{shown:?}"
        );
        assert!(!shown.iter().any(|line| line.contains(" install ")));
        assert!(steps(Remedy::UnpackPromtool, Some(Manager::Dnf)).is_empty());
    }

    #[test]
    fn the_distributions_compiler_is_for_debian_only() {
        assert!(steps(Remedy::DistributionCompiler, Some(Manager::Dnf)).is_empty());
        assert!(steps(Remedy::DistributionCompiler, None).is_empty());
        let shown: Vec<_> = steps(Remedy::DistributionCompiler, Some(Manager::Apt))
            .iter()
            .map(Step::to_string)
            .collect();
        assert!(shown[0].ends_with("apt-get update"));
        assert!(
            shown[1].ends_with("rustc-web cargo-web rust-web-src"),
            "{}",
            shown[1]
        );
        assert_eq!(shown[2], "rustup toolchain link edgeghost-ebpf /usr");
    }
}
