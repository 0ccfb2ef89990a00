//! What this run reads and writes, for the sandbox.

use super::RunOptions;
use crate::bpf::Kernel;
use crate::event::SandboxInfo;
use crate::privilege::{self, Folders};

impl RunOptions {
    /// Takes from this process what the run does not need.
    pub(super) fn confine(&self, kernel: &Kernel) -> SandboxInfo {
        let mut folders = Folders::of(&self.config);
        if let Some(file) = self.sources.file() {
            folders.reads(file);
        }
        folders.sinks(&self.sinks);
        if let Some(file) = &self.record {
            folders.writes(file);
        }
        privilege::confine(&self.config.sandbox, &folders, || kernel.can_be_read())
    }
}
