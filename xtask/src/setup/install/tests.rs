//! Set-up on machines that we do not have.

use anyhow::{Result, bail};

use super::super::requirement::{Need, Probe, required_for};
use super::*;

/// A machine on which whatever contains a word of `works` succeeds and brings what it brings.
struct Pretend {
    has: Vec<Probe>,
    manager: Option<Manager>,
    works: Vec<(&'static str, Vec<Probe>)>,
    performed: Vec<String>,
}

impl Pretend {
    fn new(has: &[Probe], manager: Option<Manager>, works: &[(&'static str, &[Probe])]) -> Self {
        Self {
            has: [has, &[RUSTUP]].concat(),
            manager,
            works: works
                .iter()
                .map(|(word, brings)| (*word, brings.to_vec()))
                .collect(),
            performed: Vec::new(),
        }
    }
}

impl Machine for Pretend {
    fn has(&self, probe: Probe) -> bool {
        self.has.contains(&probe)
    }

    fn manager(&self) -> Option<Manager> {
        self.manager
    }

    fn needs_sudo(&self) -> bool {
        true
    }

    fn perform(&mut self, step: &Step) -> Result<()> {
        let line = step.to_string();
        self.performed.push(line.clone());
        let Some((_, brings)) = self.works.iter().find(|(word, _)| line.contains(word)) else {
            bail!("no network");
        };
        self.has.extend(brings);
        Ok(())
    }
}

const RUSTUP: Probe = Probe::Program("rustup");
const BUILD: [Probe; 2] = [Probe::EbpfCompiler, Probe::BpfLinker];
const NFT: Probe = Probe::Program("nft");

fn set_up(machine: &mut Pretend, needs: &[Need]) -> Result<()> {
    install(&required_for(needs), machine)
}

#[test]
fn nothing_is_touched_when_nothing_is_missing() {
    let mut machine = Pretend::new(&BUILD, None, &[]);
    set_up(&mut machine, &[Need::Build]).unwrap();
    assert_eq!(machine.performed, [""; 0]);
}

#[test]
fn with_a_network_rustup_brings_the_compiler_and_debians_is_left_alone() {
    let works: &[(_, &[_])] = &[
        ("rustup toolchain install", &[BUILD[0]]),
        ("cargo install", &[BUILD[1]]),
    ];
    let mut machine = Pretend::new(&[], Some(Manager::Apt), works);
    set_up(&mut machine, &[Need::Build]).unwrap();
    assert_eq!(machine.performed.len(), 2, "{:?}", machine.performed);
}

#[test]
fn without_rustups_servers_debians_compiler_is_linked() {
    let works: &[(_, &[_])] = &[
        ("apt-get", &[]),
        ("toolchain link", &[]),
        ("ldd", &[BUILD[0]]),
        ("cargo install", &[BUILD[1]]),
    ];
    let mut machine = Pretend::new(&[], Some(Manager::Apt), works);
    set_up(&mut machine, &[Need::Build]).unwrap();
    let commands = machine.performed.join("\n");
    let places: Vec<_> = [
        "rustup toolchain install",
        "apt-get update",
        "rust-web-src",
        "link",
    ]
    .iter()
    .map(|word| commands.find(word).unwrap())
    .collect();
    assert!(places.is_sorted(), "{commands}");
}

#[test]
fn all_packages_are_installed_in_one_call() {
    let programs = ["ip", "ss", "nstat", "nft", "iperf3"].map(Probe::Program);
    let mut machine = Pretend::new(&BUILD, Some(Manager::Dnf), &[("dnf install", &programs)]);
    set_up(&mut machine, &[Need::Build, Need::Network]).unwrap();
    assert_eq!(machine.performed.len(), 1);
    assert!(
        machine.performed[0].ends_with(" iproute nftables iperf3"),
        "{:?}",
        machine.performed
    );
}

#[test]
fn python_is_brought_only_where_it_cannot_do_without() {
    let works: &[(_, &[_])] = &[
        ("venv", &[]),
        ("pip", &[]),
        ("cp ", &[Probe::PythonPrograms]),
    ];
    let mut machine = Pretend::new(&[], Some(Manager::Apt), works);
    set_up(&mut machine, &[Need::Cloud]).unwrap();
    assert_eq!(machine.performed.len(), 3, "{:?}", machine.performed);
    let works: &[(_, &[_])] = &[
        ("apt-get", &[Probe::Program("python3")]),
        ("cp ", &[Probe::PythonPrograms]),
    ];
    let mut machine = Pretend::new(&[], Some(Manager::Apt), works);
    set_up(&mut machine, &[Need::Cloud]).unwrap_err();
    let installs = machine
        .performed
        .iter()
        .filter(|line| line.ends_with("--no-remove python3-venv"));
    assert_eq!(installs.count(), 1, "{:?}", machine.performed);
}

#[test]
fn stale_package_lists_do_not_stop_an_install_that_works() {
    let has = ["ip", "ss", "nstat", "iperf3"].map(Probe::Program);
    let mut machine = Pretend::new(&has, Some(Manager::Apt), &[("--yes", &[NFT])]);
    set_up(&mut machine, &[Need::Network]).unwrap();
    assert_eq!(machine.performed.len(), 2);
}

#[test]
fn an_error_names_the_thing_its_use_and_the_command() {
    let has = ["ip", "ss", "nstat", "iperf3"].map(Probe::Program);
    let mut machine = Pretend::new(&has, Some(Manager::Apt), &[]);
    let error = set_up(&mut machine, &[Need::Network])
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("missing: nft (tests and lab: drops packets"),
        "{error}"
    );
    assert!(error.contains("tried: no network"), "{error}");
    assert!(
        error.contains("    sudo env DEBIAN_FRONTEND=noninteractive apt-get install"),
        "{error}"
    );
    assert!(
        error.trim_end().ends_with("--no-remove nftables"),
        "{error}"
    );
}

#[test]
fn a_machine_without_a_package_manager_is_told_what_to_bring() {
    let has = ["ss", "nstat", "nft"].map(Probe::Program);
    let mut machine = Pretend::new(&has, None, &[]);
    let error = set_up(&mut machine, &[Need::Network])
        .unwrap_err()
        .to_string();
    assert!(error.contains("neither apt-get nor dnf"), "{error}");
    assert!(
        error.contains("by hand: put ip on the PATH\nby hand: put iperf3 on the PATH"),
        "{error}"
    );
}

#[test]
fn every_failure_is_reported_with_every_way_out() {
    let mut machine = Pretend::new(&[], Some(Manager::Apt), &[]);
    let error = set_up(&mut machine, &[Need::Build, Need::Lint])
        .unwrap_err()
        .to_string();
    for expected in [
        "missing: rustc with library sources",
        "    rustup toolchain install nightly-2026-05-19 ",
        "or:\n",
        "rustc-web cargo-web rust-web-src\n    rustup toolchain link edgeghost-ebpf /usr\n",
        "missing: bpf-linker 0.10.4",
        "    cargo install bpf-linker --version 0.10.4 --locked --root ",
        "    rustup component add clippy",
    ] {
        assert!(error.contains(expected), "no {expected:?} in\n{error}");
    }
}

#[test]
fn a_compiler_with_another_llvm_is_named_as_the_reason() {
    let works: &[(_, &[_])] = &[("apt-get", &[]), ("link", &[]), ("ldd", &[])];
    let mut machine = Pretend::new(&[BUILD[1]], Some(Manager::Apt), works);
    let error = set_up(&mut machine, &[Need::Build])
        .unwrap_err()
        .to_string();
    assert!(error.contains("carries another LLVM"), "{error}");
}

#[test]
fn nothing_is_installed_in_vain_where_rustup_is_missing() {
    let mut machine = Pretend::new(&[], Some(Manager::Apt), &[]);
    machine.has.clear();
    let error = set_up(&mut machine, &[Need::Build])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("by hand: install it as https://rustup.rs says"),
        "{error}"
    );
    assert_eq!(machine.performed, [""; 0]);
}
