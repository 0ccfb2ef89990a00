//! Folders that go away with the test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A folder of its own, removed with all that is in it.
#[derive(Debug)]
pub struct TempDir {
    path: PathBuf,
}

impl TempDir {
    /// Makes one that every user may enter: the agent also runs as nobody.
    pub fn new() -> Result<Self> {
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("edgeghost-tests-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let context = || format!("cannot make {}", path.display());
        // Not `create_dir_all`: a folder that somebody else has put there is not ours.
        std::fs::DirBuilder::new()
            .mode(0o755)
            .create(&path)
            .with_context(context)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
            .with_context(context)?;
        Ok(Self { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file into it.
    pub fn write(&self, name: &str, content: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::write(&path, content)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            crate::tool::complain(&format!("cannot remove {}: {error}", self.path.display()));
        }
    }
}
