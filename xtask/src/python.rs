//! The Python programs that tests run: the AWS CLI, moto's server, shellcheck. They live in a
//! virtual environment under the target folder, so that nobody's own are touched.

use std::fs;
use std::path::PathBuf;

use crate::cargo::{target_folder, tests_folder};

/// The list of what is installed, each with its version.
pub(crate) fn requirements() -> PathBuf {
    tests_folder().join("requirements.txt")
}

/// The virtual environment.
pub(crate) fn folder() -> PathBuf {
    target_folder().join("python")
}

/// Its programs.
pub(crate) fn programs() -> PathBuf {
    folder().join("bin")
}

/// The copy of the list that was installed, written last.
pub(crate) fn note() -> PathBuf {
    folder().join("requirements.txt")
}

/// Whether it is there, whole and of these versions. Its Python may have gone since, with an
/// update of the system.
pub(crate) fn is_complete() -> bool {
    let installed = fs::read(note()).ok();
    installed.is_some()
        && installed == fs::read(requirements()).ok()
        && ["python", "aws", "shellcheck"]
            .iter()
            .all(|name| programs().join(name).is_file())
}
