//! What set-up sees of the machine and does to it. A trait, so that the tests can play every
//! machine: without a network, without apt, without sudo.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use super::packages::Manager;
use super::requirement::Probe;
use super::step::Step;
use crate::cargo::cargo;
use crate::{elevate, exec, nightly, promtool, python, toolchain, ui};

/// A machine to be set up.
pub(crate) trait Machine {
    /// Whether the machine has it.
    fn has(&self, probe: Probe) -> bool;
    /// Its package manager, if it is one that set-up can drive.
    fn manager(&self) -> Option<Manager>;
    /// Whether root's commands need `sudo` before them.
    fn needs_sudo(&self) -> bool;
    /// Carries out a step.
    fn perform(&mut self, step: &Step) -> Result<()>;
}

/// The machine this runs on.
#[derive(Debug)]
pub(crate) struct ThisMachine;

impl Machine for ThisMachine {
    fn has(&self, probe: Probe) -> bool {
        match probe {
            Probe::EbpfCompiler => toolchain::compiler().is_some(),
            Probe::BpfLinker => toolchain::linker().is_some(),
            Probe::Program(name) => exec::find_program(name).is_some(),
            Probe::CargoSubcommand(name) => answers(name),
            Probe::PythonPrograms => python::is_complete(),
            Probe::Nightly => nightly::is_there(),
            Probe::CargoFuzz => nightly::fuzzer().is_some(),
            Probe::Promtool => promtool::program().is_some(),
        }
    }

    fn manager(&self) -> Option<Manager> {
        Manager::find()
    }

    fn needs_sudo(&self) -> bool {
        !elevate::is_root().unwrap_or(false)
    }

    fn perform(&mut self, step: &Step) -> Result<()> {
        ui::step(&step.what);
        let elevate = step.root && self.needs_sudo();
        if elevate && exec::find_program("sudo").is_none() {
            bail!("only root can do this, and there is no sudo here: as root, leave sudo out");
        }
        let sudo = elevate.then_some("sudo");
        let mut words = sudo
            .into_iter()
            .chain(step.words.iter().map(String::as_str));
        let mut command = Command::new(words.next().unwrap_or("true"));
        // A backtrace of rustup's or apt's is nothing that anybody here can use.
        command.env_remove("RUST_BACKTRACE");
        // Our stdout may be somebody's input (`cargo xtask run | jq`): nothing of set-up goes there.
        command.args(words).stdout(std::io::stderr());
        exec::run(&mut command)
    }
}

fn answers(subcommand: &str) -> bool {
    let mut command = cargo([subcommand, "--version"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
