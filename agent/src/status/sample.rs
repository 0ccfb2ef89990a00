//! Windows made up for the tests.

use crate::event::{RetransmitCounts, WindowInfo};
use crate::path::PathClass;

/// A window in which so many segments arrived and so many were sent again.
pub(super) fn window(class: PathClass, delivered: u64, retransmitted: u64) -> WindowInfo {
    WindowInfo {
        class,
        netns: 1,
        window_seconds: 10.0,
        flows: 1,
        peers: 1,
        networks: 1,
        segments_sent: delivered + retransmitted,
        segments_delivered: delivered,
        segments_retransmitted: retransmitted,
        bytes_sent: 1_448 * (delivered + retransmitted),
        bytes_acked: 1_448 * delivered,
        bytes_retransmitted: 1_448 * retransmitted,
        retransmit_ratio: None,
        retransmits: RetransmitCounts::default(),
        collapsed_flows: 0,
        snd_cwnd: None,
        srtt_us: None,
    }
}
