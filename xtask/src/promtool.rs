//! promtool, which holds metrics and alert rules to Prometheus' own rules. Its Debian package would
//! bring a server that starts at once; so the package is only unpacked, under the target folder.

use std::path::PathBuf;

use crate::cargo::target_folder;
use crate::exec;

/// Where it is unpacked.
pub(crate) fn folder() -> PathBuf {
    target_folder().join("promtool")
}

/// The program: unpacked, or the machine's own.
pub(crate) fn program() -> Option<PathBuf> {
    let own = folder().join("usr/bin/promtool");
    if own.is_file() {
        return Some(own);
    }
    exec::find_program("promtool")
}
