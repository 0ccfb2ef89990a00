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
        for sink in &self.sinks {
            if let Some(path) = sink.target.path() {
                folders.writes(path);
            }
        }
        if let Some(spool) = self.config.spool.settings() {
            folders.keeps(&spool.folder);
        }
        if let Some(socket) = self.config.status.socket() {
            folders.writes(socket);
        }
        if let Some(file) = &self.record {
            folders.writes(file);
        }
        privilege::confine(&self.config.sandbox, &folders, || kernel.can_be_read())
    }
}
