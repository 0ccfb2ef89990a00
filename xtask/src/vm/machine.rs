//! The virtual machine: QEMU without network, disk or screen, bounded in time.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::kernel::Kernel;
use crate::{exec, ui};

/// What runs the guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    /// The processor itself.
    Kvm,
    /// QEMU, translating them.
    Tcg,
    /// The same, with a clock that counts instructions: what else runs on this machine makes it
    /// take longer, and changes nothing in the guest.
    Counted,
}

/// A machine to be started.
#[derive(Debug)]
pub(super) struct Machine<'a> {
    pub(super) kernel: &'a Kernel,
    pub(super) initramfs: &'a Path,
    /// Where the kernel's own messages go.
    pub(super) console: PathBuf,
    pub(super) processors: u8,
    /// Whether its clock is to count instructions; that takes one processor.
    pub(super) counted: bool,
    /// After this it is switched off.
    pub(super) limit: Duration,
}

impl Engine {
    /// KVM where it is of use. A writable /dev/kvm is not enough: without the processor's
    /// extensions for it, some hosts offer a device that only their own kernels can run on.
    fn choose(counted: bool) -> Self {
        if counted {
            return Self::Counted;
        }
        let writable = fs::OpenOptions::new().write(true).open("/dev/kvm").is_ok();
        let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        if writable && can_virtualise(&processor) {
            Self::Kvm
        } else {
            Self::Tcg
        }
    }

    const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Kvm => &["-accel", "kvm", "-cpu", "host"],
            Self::Tcg => &["-accel", "tcg,thread=multi", "-cpu", "max"],
            // Two nanoseconds an instruction, and none spent on waiting.
            Self::Counted => &[
                "-accel",
                "tcg,thread=single",
                "-icount",
                "shift=1,sleep=off",
                "-rtc",
                "clock=vm",
                "-cpu",
                "max",
            ],
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Kvm => "KVM",
            Self::Tcg => "TCG (no usable KVM here: many times slower)",
            Self::Counted => "TCG and a clock that counts instructions",
        }
    }
}

/// Whether /proc/cpuinfo shows Intel's or AMD's extensions.
fn can_virtualise(processor: &str) -> bool {
    processor
        .lines()
        .filter(|line| line.starts_with("flags"))
        .flat_map(str::split_whitespace)
        .any(|flag| flag == "vmx" || flag == "svm")
}

impl Machine<'_> {
    /// Runs it to its end, shows what the command in it prints as it comes, and returns that.
    pub(super) fn run(&self) -> Result<String> {
        let engine = Engine::choose(self.counted);
        ui::step(format_args!(
            "booting {} with {}, for at most {} minutes",
            self.kernel.release,
            engine.name(),
            self.limit.as_secs() / 60
        ));
        let mut command = self.command(engine);
        let (ended, output) = exec::tee_within(&mut command, self.limit)?;
        match ended {
            None => ui::say(format_args!(
                "the guest was switched off: no end after {} minutes",
                self.limit.as_secs() / 60
            )),
            Some(status) if !status.success() => {
                ui::say(format_args!("QEMU failed: {status}"));
            }
            Some(_) => {}
        }
        Ok(output)
    }

    fn command(&self, engine: Engine) -> Command {
        let mut console = std::ffi::OsString::from("file:");
        console.push(&self.console);
        let mut command = Command::new("qemu-system-x86_64");
        command
            .args(["-M", "q35"])
            .args(engine.options())
            .args(["-smp", &self.processors.to_string(), "-m", "2048"])
            .args(["-nodefaults", "-no-user-config", "-nic", "none"])
            .args(["-display", "none", "-no-reboot"])
            .arg("-serial")
            .arg(console)
            .args(["-serial", "stdio"])
            .arg("-kernel")
            .arg(&self.kernel.image)
            .arg("-initrd")
            .arg(self.initramfs)
            // Whatever goes wrong in the kernel ends the guest, and with it QEMU.
            .args([
                "-append",
                "console=ttyS0 loglevel=5 panic=-1 oops=panic panic_on_warn=1",
            ])
            .stdin(std::process::Stdio::null());
        command
    }

    /// Shows the last that the kernel said.
    pub(super) fn show_console(&self) -> Result<()> {
        let text = fs::read(&self.console)
            .with_context(|| format!("cannot read {}", self.console.display()))?;
        let text = String::from_utf8_lossy(&text).replace('\r', "");
        let lines: Vec<_> = text.lines().collect();
        let last = lines
            .get(lines.len().saturating_sub(40)..)
            .unwrap_or_default();
        ui::say(format_args!(
            "the guest's kernel said last ({}):\n{}",
            self.console.display(),
            last.join("\n")
        ));
        io::stderr().flush().context("standard error is gone")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processors_extensions_are_found_as_whole_words() {
        assert!(can_virtualise("model name: x\nflags\t\t: fpu vmx sse\n"));
        assert!(can_virtualise("flags: svm"));
        assert!(!can_virtualise("flags: fpu svm_lock\nbugs: vmx\n"));
        assert!(!can_virtualise(""));
    }

    #[test]
    fn the_guest_has_no_way_out() {
        let kernel = Kernel {
            release: "6.1.0".to_owned(),
            image: "/k/vmlinuz-6.1.0".into(),
            modules: "/k/lib".into(),
        };
        let machine = Machine {
            kernel: &kernel,
            initramfs: Path::new("/k/initramfs"),
            console: "/k/console".into(),
            processors: 2,
            counted: false,
            limit: Duration::from_mins(1),
        };
        let line = exec::shell_line(&machine.command(Engine::Tcg));
        for part in [
            "-nic none",
            "-nodefaults",
            "-no-reboot",
            "-serial file:/k/console",
        ] {
            assert!(line.contains(part), "no {part} in {line}");
        }
    }
}
