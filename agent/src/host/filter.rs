//! TCP packets that the kernel dropped in this process's network namespace, by its own reasons.
//!
//! Counted are segments of established connections: a firewall that drops SYNs of whoever scans
//! the internet does what it is for, one that drops segments of established connections does what
//! a bad path does.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use edgeghost_common::drops::DropClass;
use edgeghost_common::{DropCount, DropKey};

use crate::kernel::DropReasons;
use crate::path::from_bytes;

/// The reason of packet filters (nftables, iptables), as [`DropReasons`] names it.
const NETFILTER: &str = "NETFILTER_DROP";
/// Addresses told apart at most, those with most drops.
const MOST_ADDRESSES: usize = 8;
/// Other reasons told at most, those with most drops.
const MOST_REASONS: usize = 16;

/// Segments of established connections that were dropped here since the last tick.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DropNews {
    /// By the packet filter, on their way in.
    pub filtered_in: u64,
    /// By the packet filter, on their way out.
    pub filtered_out: u64,
    /// The packet filter's by local address, the one with most first.
    pub by_address: Vec<Filtered>,
    /// For other reasons, by the kernel's name of the reason.
    pub others: BTreeMap<String, u64>,
}

/// What the packet filter dropped of one local address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filtered {
    /// The address.
    pub address: IpAddr,
    /// On their way in.
    pub filtered_in: u64,
    /// On their way out.
    pub filtered_out: u64,
}

impl Filtered {
    /// Both ways.
    pub const fn both(&self) -> u64 {
        self.filtered_in.saturating_add(self.filtered_out)
    }
}

impl DropNews {
    /// What the packet filter dropped of a local address; of all if addresses are not told apart.
    pub fn of(&self, address: IpAddr) -> Filtered {
        if self.by_address.is_empty() {
            return Filtered {
                address,
                filtered_in: self.filtered_in,
                filtered_out: self.filtered_out,
            };
        }
        let found = self
            .by_address
            .iter()
            .find(|known| known.address == address);
        found.copied().unwrap_or(Filtered {
            address,
            filtered_in: 0,
            filtered_out: 0,
        })
    }
}

/// Follows the programs' counts from tick to tick.
pub struct DropWatch {
    reasons: DropReasons,
    before: Option<HashMap<DropKey, u64>>,
}

impl DropWatch {
    /// From now on, on a kernel with these reasons.
    pub const fn new(reasons: DropReasons) -> Self {
        Self {
            reasons,
            before: None,
        }
    }

    /// News since the last call; nothing if the counts are not known now, or were not then.
    pub fn news(&mut self, counts: Option<&[(DropKey, DropCount)]>) -> Option<DropNews> {
        let now: Option<HashMap<DropKey, u64>> = counts.map(|counts| {
            let established = counts
                .iter()
                .filter(|(key, _)| key.class == DropClass::Established as u8);
            established
                .map(|(key, count)| (*key, count.segments))
                .collect()
        });
        let news = match (&now, &self.before) {
            (Some(now), Some(before)) => Some(self.since(now, before)),
            _ => None,
        };
        self.before = now;
        news
    }

    fn since(&self, now: &HashMap<DropKey, u64>, before: &HashMap<DropKey, u64>) -> DropNews {
        let mut news = DropNews::default();
        let mut by_address = BTreeMap::new();
        for (key, segments) in now {
            // A kind that went down had to make room, and began anew.
            let was = before.get(key).filter(|was| *was <= segments);
            let grown = segments - was.copied().unwrap_or(0);
            if grown == 0 {
                continue;
            }
            let name = self.reasons.name(key.reason);
            if name != NETFILTER {
                *news.others.entry(name).or_default() += grown;
                continue;
            }
            let address = from_bytes(key.local);
            let filtered = by_address.entry(address).or_insert(Filtered {
                address,
                filtered_in: 0,
                filtered_out: 0,
            });
            if key.outgoing == 1 {
                filtered.filtered_out += grown;
                news.filtered_out += grown;
            } else {
                filtered.filtered_in += grown;
                news.filtered_in += grown;
            }
        }
        news.by_address = by_address.into_values().collect();
        news.by_address
            .sort_by_key(|filtered| std::cmp::Reverse(filtered.both()));
        news.by_address.truncate(MOST_ADDRESSES);
        keep_most(&mut news.others);
        news
    }
}

/// Leaves only the reasons with most drops.
fn keep_most(reasons: &mut BTreeMap<String, u64>) {
    while reasons.len() > MOST_REASONS {
        let least = reasons.iter().min_by_key(|(_, count)| **count);
        let Some(name) = least.map(|(name, _)| name.clone()) else {
            return;
        };
        reasons.remove(&name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(reason: u32, last: u8, outgoing: bool, class: DropClass) -> DropKey {
        let mut local = [0; 16];
        local[10..].copy_from_slice(&[0xff, 0xff, 10, 1, 0, last]);
        DropKey {
            netns: 1,
            reason,
            local,
            class: class as u8,
            outgoing: u8::from(outgoing),
            padding: [0; 2],
        }
    }

    fn counts(kinds: &[(DropKey, u64)]) -> Vec<(DropKey, DropCount)> {
        let count = |segments| DropCount {
            packets: segments / 2,
            segments,
        };
        kinds.iter().map(|(key, n)| (*key, count(*n))).collect()
    }

    fn watch() -> DropWatch {
        DropWatch::new(DropReasons::from([(12, NETFILTER), (64, "QDISC_DROP")]))
    }

    const EST: DropClass = DropClass::Established;

    #[test]
    fn growth_is_told_by_direction_address_and_reason() {
        let mut watch = watch();
        let before = [
            (key(12, 207, false, EST), 5),
            (key(12, 0, false, DropClass::Handshake), 900),
        ];
        assert_eq!(watch.news(Some(&counts(&before))), None, "a baseline");
        let now = [
            (key(12, 207, false, EST), 12),
            (key(12, 207, true, EST), 2),
            (key(12, 9, false, EST), 1),
            (key(64, 207, true, EST), 4),
            (key(12, 0, false, DropClass::Handshake), 1_900),
        ];
        let news = watch.news(Some(&counts(&now))).unwrap();
        assert_eq!((news.filtered_in, news.filtered_out), (8, 2));
        assert_eq!(news.others, [("QDISC_DROP".to_owned(), 4)].into());
        let own = news.of([10, 1, 0, 207].into());
        assert_eq!((own.filtered_in, own.filtered_out), (7, 2));
        assert_eq!(news.of([10, 1, 0, 1].into()).both(), 0, "another's");
        assert_eq!(watch.news(Some(&counts(&now))), Some(DropNews::default()));
    }

    #[test]
    fn a_kind_that_made_room_begins_anew_and_what_is_not_known_is_absent() {
        let mut watch = watch();
        let of = |n| counts(&[(key(12, 207, false, EST), n)]);
        watch.news(Some(&of(50)));
        assert_eq!(watch.news(Some(&of(3))).unwrap().filtered_in, 3);
        assert_eq!(watch.news(None), None);
        assert_eq!(watch.news(Some(&of(90))), None, "a new baseline");
        assert_eq!(watch.news(Some(&of(91))).unwrap().filtered_in, 1);
    }

    #[test]
    fn what_is_told_is_bounded() {
        let mut watch = DropWatch::new(DropReasons::from([(12, NETFILTER)]));
        watch.news(Some(&[]));
        let many: Vec<_> = (0..200_u8)
            .flat_map(|n| {
                let other = key(1_000 + u32::from(n), n, false, EST);
                [
                    (key(12, n, false, EST), u64::from(n)),
                    (other, u64::from(n)),
                ]
            })
            .collect();
        let news = watch.news(Some(&counts(&many))).unwrap();
        assert_eq!(news.by_address.len(), MOST_ADDRESSES);
        assert_eq!(news.by_address[0].filtered_in, 199);
        assert_eq!(news.filtered_in, 199 * 200 / 2, "all of them");
        assert_eq!(news.others.len(), MOST_REASONS);
        assert!(news.others.contains_key("REASON_1199"), "{:?}", news.others);
    }
}
