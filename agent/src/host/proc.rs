//! Small files of `/proc`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// More than any file that is read here has on a host of any size; what goes beyond is cut off.
const MOST_BYTES: u64 = 1 << 20;

/// Where the kernel shows this process's own network namespace. Not `/proc/net`, which systemd
/// hides from a unit with `ProcSubset=pid`.
pub(super) const NET: &str = "/proc/self/net";

/// The text of a file.
pub(super) fn read(path: &Path) -> io::Result<String> {
    let mut text = String::with_capacity(8 * 1024);
    File::open(path)?
        .take(MOST_BYTES)
        .read_to_string(&mut text)?;
    Ok(text)
}
