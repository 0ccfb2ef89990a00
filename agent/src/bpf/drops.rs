//! Reading the counts of dropped packets.

use aya::maps::{Map, MapData, MapError, PerCpuHashMap};
use edgeghost_common::{DropCount, DropKey};

/// The map that dropped packets are counted in.
pub(super) struct Drops(PerCpuHashMap<MapData, DropKey, DropCount>);

/// Counts by kind, in no order.
pub type DropCounts = Vec<(DropKey, DropCount)>;

impl Drops {
    pub(super) fn new(map: Map) -> Result<Self, MapError> {
        Ok(Self(map.try_into()?))
    }

    /// The counts of one network namespace. The counts of others are passed over unread.
    pub(super) fn read(&self, netns: u32) -> Result<DropCounts, MapError> {
        let mut counts = Vec::new();
        for key in self.0.keys() {
            let key = key?;
            if key.netns != netns {
                continue;
            }
            match self.0.get(&key, 0) {
                Ok(shares) => {
                    let mut sum = DropCount::default();
                    for share in shares.iter() {
                        sum.add(share);
                    }
                    counts.push((key, sum));
                }
                // It made room for another kind in between.
                Err(MapError::KeyNotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(counts)
    }
}
