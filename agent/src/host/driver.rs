//! What a network driver counts by names of its own: errors, resets, and on EC2 the network
//! allowances of the instance.
//!
//! Drivers name their counters as they like, and rename them: everything goes by name, what is
//! not known is passed over, and a counter that is not there is not zero. Names: `ena_ethtool.c`
//! and *Monitor network performance for ENA settings on your EC2 instance* (Amazon EC2 User
//! Guide).

mod ethtool;

pub(super) use ethtool::{Ethtool, Unread};

use std::collections::BTreeMap;

/// Name of the driver of EC2's network interfaces.
pub(super) const ENA: &str = "ena";

/// End of the name of a counter of packets that were queued or dropped for exceeding one of the
/// instance's allowances.
const ALLOWANCE: &str = "_allowance_exceeded";
/// How many connections security groups can still track: no counter but a level.
const CONNTRACK_LEFT: &str = "conntrack_allowance_available";

/// Words that tell of something that should not happen.
const WORDS: [&str; 27] = [
    "abort",
    "aborted",
    "bad",
    "crc",
    "discard",
    "discards",
    "drop",
    "dropped",
    "drops",
    "err",
    "error",
    "errors",
    "errs",
    "exceeded",
    "expired",
    "fail",
    "failed",
    "fails",
    "failures",
    "invalid",
    "malformed",
    "missed",
    "missing",
    "overrun",
    "overruns",
    "timeout",
    "timeouts",
];
/// Counters of something that should not happen, by the rest of their name.
const NAMES: [&str; 8] = [
    "lost_interrupt",
    "suspected_poll_starvation",
    "out_of_space",
    "no_completion",
    "no_buf",
    "no_dma",
    "os_netdev_wd",
    "admin_to",
];

/// One interface's driver and its counters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Driver {
    /// As `ena`.
    pub(super) name: String,
    /// As `2.13.0g`.
    pub(super) version: String,
    /// Everything it counts, those of a kind summed over its queues.
    pub(super) counters: BTreeMap<String, u64>,
}

impl Driver {
    /// From the names of the counters and their values, in the same order.
    pub(super) fn of(
        (name, version): (String, String),
        counters: impl IntoIterator<Item = (String, u64)>,
    ) -> Self {
        let mut sums = BTreeMap::<String, u64>::new();
        for (name, value) in counters {
            let sum = sums.entry(plain(&name)).or_default();
            *sum = sum.saturating_add(value);
        }
        Self {
            name,
            version,
            counters: sums,
        }
    }

    /// How many connections security groups can still track, if the device tells.
    pub(super) fn conntrack_left(&self) -> Option<u64> {
        self.counters.get(CONNTRACK_LEFT).copied()
    }

    /// Packets beyond each allowance; nothing of what the device does not tell.
    pub(super) fn allowances(&self) -> impl Iterator<Item = (&str, u64)> {
        self.of_kind(Kind::Allowance)
    }

    /// Counters of what should not happen; allowances and resets are not among them.
    pub(super) fn errors(&self) -> impl Iterator<Item = (&str, u64)> {
        self.of_kind(Kind::Error)
    }

    /// How often the device was reset, if the driver tells. An older one tells why alone.
    pub(super) fn resets(&self) -> Option<u64> {
        let of = |name: &str| self.counters.get(name).copied();
        of("total_resets").or_else(|| {
            let reasons = ["tx_timeout", "wd_expired"].map(of);
            reasons.into_iter().flatten().reduce(u64::saturating_add)
        })
    }

    /// Something that only grows has fallen: the driver began anew.
    pub(super) fn began_anew(&self, before: &Self) -> bool {
        let grows = [Kind::Allowance, Kind::Error, Kind::Reset];
        self.counters.iter().any(|(name, now)| {
            let was = before.counters.get(name);
            grows.contains(&kind(name)) && was.is_some_and(|was| now < was)
        })
    }

    fn of_kind(&self, wanted: Kind) -> impl Iterator<Item = (&str, u64)> {
        let all = self.counters.iter();
        all.filter(move |(name, _)| kind(name) == wanted)
            .map(|(name, value)| (name.as_str(), *value))
    }
}

/// What a counter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Allowance,
    Reset,
    Error,
    Other,
}

fn kind(name: &str) -> Kind {
    if name.ends_with(ALLOWANCE) {
        Kind::Allowance
    } else if matches!(name, "total_resets" | "device_request_reset") {
        Kind::Reset
    } else if NAMES.iter().any(|known| name.ends_with(known))
        || name.split('_').any(|word| WORDS.contains(&word))
    {
        Kind::Error
    } else {
        Kind::Other
    }
}

/// A counter's name without the number of its queue, and spelled in one way: `queue_3_rx_csum_bad`
/// and `queue_0_rx_bad_csum` are `rx_bad_csum`, `rx_queue_1_drops` and `rx1_drops` are `rx_drops`.
fn plain(name: &str) -> String {
    let name = name.to_ascii_lowercase().replace(['-', ' ', '.'], "_");
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = name.split('_').filter(|part| !part.is_empty()).collect();
    let of_queue = |(at, part): (usize, &&str)| {
        let numbered = parts.get(at + 1).is_some_and(|next| is_number(next));
        is_number(part) || (numbered && matches!(*part, "queue" | "q"))
    };
    let kept = parts.iter().enumerate().filter(|part| !of_queue(*part));
    let mut words: Vec<&str> = kept
        .map(
            |(_, part)| match part.trim_end_matches(|c: char| c.is_ascii_digit()) {
                direction @ ("rx" | "tx") => direction,
                _ => part,
            },
        )
        .collect();
    // ENA called it `bad_csum` up to 2.1, and `csum_bad` since.
    if let Some(at) = words.windows(2).position(|pair| pair == ["csum", "bad"]) {
        words.swap(at, at + 1);
    }
    words.join("_")
}

#[cfg(test)]
mod tests;
