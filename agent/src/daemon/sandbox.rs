//! What this run reads and writes, for the sandbox.

use std::path::Path;

use super::RunOptions;
use crate::event::SandboxInfo;
use crate::privilege::{self, Folders};
use crate::sink::Target;

impl RunOptions {
    /// Takes from this process what the run does not need.
    pub(super) fn confine(&self) -> SandboxInfo {
        let mut folders = Folders::of(&self.config);
        if let Some(file) = self.sources.file() {
            folders.reads(file);
        }
        for sink in &self.sinks {
            match &sink.target {
                Target::Stdout => {}
                Target::File { path, .. } | Target::Datagram(path) | Target::Stream(path) => {
                    folders.writes(path);
                }
            }
        }
        folders.writes(&self.config.spool.folder);
        // The socket of a run that was killed is taken away first.
        let socket = self.config.status.socket();
        folders
            .writable
            .extend(socket.and_then(Path::parent).map(Path::to_owned));
        if let Some(file) = &self.record {
            folders.writes(file);
        }
        privilege::confine(&self.config.sandbox, &folders)
    }
}
