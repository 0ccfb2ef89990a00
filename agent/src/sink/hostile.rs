//! The readers of this room, for files that a crash or somebody else has left.

use std::path::Path;

use super::settings::Target;
use super::spool::{Spool, name};

/// A spool of at most so many bytes.
const MOST: usize = 64 * 1024;

/// The spool of an earlier run in an empty `folder`. Whether anything of it is delivered.
pub(crate) fn spool(folder: &Path, bytes: &[u8]) -> bool {
    let target = Target::Datagram("/nowhere".into());
    let path = Spool::path(folder, &target);
    if std::fs::write(&path, bytes).is_err() {
        return false;
    }
    let mut spool = Spool::open(folder, &target, MOST);
    let kept: usize = (0..spool.len())
        .filter_map(|at| spool.get(at))
        .map(<[u8]>::len)
        .sum();
    assert!(kept <= MOST, "{kept} bytes are kept");
    for at in 0..spool.len() {
        let line = spool.get(at).unwrap_or_default();
        assert!(name(line) != "unknown", "{line:?} is no event");
    }
    let found = spool.len();
    let delivered = spool.delivered(found / 2).is_ok();
    let more = br#"{"event":{"name":"incident"},"incident":{"state":"opened"}}
"#;
    let kept = spool.keep(&[more]).is_ok();
    let again = Spool::open(folder, &target, MOST);
    let whole = again.get(again.len().saturating_sub(1)) == Some(more);
    assert!(
        delivered && kept && whole,
        "what is kept is not found again"
    );
    found > 0
}
