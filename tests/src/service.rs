//! The agent as a service runs it: a user of its own with two capabilities.

use std::os::unix::fs::chown;

use anyhow::{Context as _, Result};

use crate::temp::TempDir;
use crate::tool;

/// `nobody`.
pub const NOBODY: u32 = 65_534;

/// Words that start what follows as `nobody` with what the unit gives, and nothing else. By its full
/// path: a small shell would take a program of its own.
pub fn words() -> Result<Vec<String>> {
    let setpriv = tool::find("setpriv").context("no `setpriv`")?;
    let words = [
        "sh",
        "-c",
        // As `LimitMEMLOCK=infinity`, where this machine lets us.
        "ulimit -l unlimited 2>/dev/null || :; exec \"$@\"",
        "sh",
        setpriv.to_str().context("an odd folder of `setpriv`")?,
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--inh-caps=-all,+bpf,+perfmon",
        "--ambient-caps=-all,+bpf,+perfmon",
        "--bounding-set=-all,+bpf,+perfmon",
        "--",
    ];
    Ok(words.map(str::to_owned).to_vec())
}

/// A folder that `nobody` may write to.
pub fn folder() -> Result<TempDir> {
    let folder = TempDir::new()?;
    chown(folder.path(), Some(NOBODY), Some(NOBODY))?;
    Ok(folder)
}
