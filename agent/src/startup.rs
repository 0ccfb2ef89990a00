//! Everything that must be true before the agent runs, and the sentences for when it is not.

use std::fs;
use std::path::PathBuf;

use edgeghost_common::{Offsets, Settings};
use thiserror::Error;

use crate::bpf::{Kernel, LoadError, Options, Records};
use crate::config::{Config, KernelState};
use crate::event::KernelInfo;
use crate::kernel::drops::TRACEPOINT;
use crate::kernel::{
    Btf, BtfError, DropReasons, NoReasons, ResolveError, capabilities, has_tracepoint, jiffies,
    resolve,
};
use crate::pipeline::nanos;

/// Where the kernel tells its types.
pub const BTF_PATH: &str = "/sys/kernel/btf/vmlinux";

/// Why the agent cannot run here: missing privilege or kernel support (exit code 3).
#[derive(Debug, Error)]
pub enum Unfit {
    /// Capabilities are missing.
    #[error(
        "missing privilege: {}; start it as the service (`systemctl start edgeghost`) or as root \
         (`sudo edgeghost run`), or give the program what it lacks: \
         `sudo setcap cap_bpf,cap_perfmon=ep {}`",
        .missing.join(" and "), .program.display()
    )]
    Privilege {
        /// Their names.
        missing: Vec<&'static str>,
        /// This program's file.
        program: PathBuf,
    },
    /// The process cannot even be asked.
    #[error("cannot tell this process's privileges: {0}")]
    Status(std::io::Error),
    /// The kernel does not tell its types.
    #[error(
        "this kernel has no type information at {path} ({source}); edgeghost needs a kernel 5.10 \
         or later built with CONFIG_DEBUG_INFO_BTF, such as those of Amazon Linux 2023"
    )]
    NoBtf {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The type information is damaged.
    #[error("the kernel's type information at {BTF_PATH} is unusable: {0}")]
    Btf(#[from] BtfError),
    /// A field that the programs read is not there.
    #[error("this kernel is not supported: {0}")]
    Fields(#[from] ResolveError),
    /// The kernel refused the programs.
    #[error("the eBPF programs cannot run on this kernel: {0}")]
    Load(#[from] LoadError),
}

/// What was learned of this kernel.
pub struct Knowledge {
    /// Its type information, as it came.
    pub raw_btf: Vec<u8>,
    /// The same, parsed.
    pub btf: Btf,
    /// Where its fields are.
    pub offsets: Offsets,
    /// What it calls the reasons for which it drops packets, if it tells them.
    pub drop_reasons: Result<DropReasons, NoReasons>,
}

impl Knowledge {
    /// What this kernel has not that the program of a tracepoint needs.
    pub fn lacks(&self, tracepoint: &str) -> Option<String> {
        if tracepoint == TRACEPOINT {
            return self.drop_reasons.as_ref().err().map(ToString::to_string);
        }
        let lacks = !has_tracepoint(&self.btf, tracepoint);
        lacks.then(|| "this kernel does not have the tracepoint".to_owned())
    }
}

/// Checks the privileges.
pub fn check_privileges() -> Result<(), Unfit> {
    let missing = capabilities::missing().map_err(Unfit::Status)?;
    if missing.is_empty() {
        Ok(())
    } else {
        let program = std::env::current_exe().unwrap_or_else(|_| "edgeghost".into());
        Err(Unfit::Privilege { missing, program })
    }
}

/// Learns where this kernel keeps what the programs read.
pub fn study_kernel() -> Result<Knowledge, Unfit> {
    let raw_btf = fs::read(BTF_PATH).map_err(|source| Unfit::NoBtf {
        path: BTF_PATH.into(),
        source,
    })?;
    let btf = Btf::parse(raw_btf.clone())?;
    let mut offsets = resolve(&btf)?;
    offsets.jiffy_us = jiffies::microseconds();
    Ok(Knowledge {
        drop_reasons: DropReasons::of(&btf, &offsets),
        raw_btf,
        btf,
        offsets,
    })
}

/// Loads and attaches the programs.
pub fn load(config: &Config, knowledge: &Knowledge) -> Result<(Kernel, Records), Unfit> {
    let mut offsets = knowledge.offsets;
    if config.flows.kernel_state == KernelState::Hash {
        offsets.state_in_socket = 0;
    }
    let options = Options {
        // A hash that nothing is kept in need not take memory.
        max_flows: if offsets.state_in_socket == 1 {
            1
        } else {
            config.flows.kernel_max
        },
        settings: settings(config),
    };
    Ok(Kernel::load(
        &knowledge.raw_btf,
        &offsets,
        |name| knowledge.lacks(name),
        options,
    )?)
}

/// The configuration in the terms of the programs.
pub fn settings(config: &Config) -> Settings {
    Settings::new(
        nanos(config.report.interval_seconds),
        config.report.detail_records_per_second,
        config.report.detail_burst,
    )
}

/// What `agent_start` tells of the kernel.
pub fn kernel_info(offsets: &Offsets) -> KernelInfo {
    let uname = rustix::system::uname();
    let missing_fields = Offsets::FIELDS
        .iter()
        .zip(offsets.members())
        .filter(|(_, offset)| *offset == edgeghost_common::offsets::ABSENT)
        .map(|(field, _)| format!("{}.{}", field.root, field.path))
        .collect();
    KernelInfo {
        release: uname.release().to_string_lossy().into_owned(),
        machine: uname.machine().to_string_lossy().into_owned(),
        missing_fields,
    }
}
