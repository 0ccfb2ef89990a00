//! The readers of this room, for what no daemon answers.

use super::table::{View, table};

/// What `edgeghost status` shows of an answer. Whether it is one.
pub(crate) fn status(bytes: &[u8]) -> bool {
    let Ok(view) = serde_json::from_slice::<View>(bytes) else {
        return false;
    };
    let _ = (view.age_s(), view.has_incident());
    let shown = table(&view);
    let obeyed = |c: char| c.is_control() && c != '\n';
    assert!(!shown.contains(obeyed), "a terminal would obey {shown:?}");
    true
}
