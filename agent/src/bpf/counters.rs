//! Reading the programs' counters.

use aya::maps::{Map, MapData, MapError, PerCpuArray, PerCpuHashMap};
use edgeghost_common::{Counter, NetnsTotals};

/// The maps that the programs count in.
pub(super) struct Counters {
    counters: PerCpuArray<MapData, u64>,
    netns: PerCpuHashMap<MapData, u32, NetnsTotals>,
}

/// All counters at one moment, by CPU.
#[derive(Debug, Clone, Default)]
pub struct CounterReading {
    by_cpu: Vec<Vec<u64>>,
}

/// What was lost for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The reason, as [`Counter::ALL`] names it.
    pub reason: &'static str,
    /// Since the programs were loaded.
    pub total: u64,
    /// Part of each CPU.
    pub by_cpu: Vec<u64>,
}

/// Totals by namespace, the one with most retransmissions first.
pub type Totals = Vec<(u32, NetnsTotals)>;

impl Counters {
    pub(super) fn new(counters: Map, netns: Map) -> Result<Self, MapError> {
        Ok(Self {
            counters: counters.try_into()?,
            netns: netns.try_into()?,
        })
    }

    pub(super) fn read(&self) -> Result<CounterReading, MapError> {
        let by_cpu = (0..Counter::COUNT)
            .map(|index| Ok(self.counters.get(&index, 0)?.to_vec()))
            .collect::<Result<_, MapError>>()?;
        Ok(CounterReading { by_cpu })
    }

    pub(super) fn totals(&self) -> Result<Totals, MapError> {
        let mut totals = Vec::new();
        for entry in &self.netns {
            let (netns, shares) = entry?;
            let mut sum = NetnsTotals::default();
            for share in shares.iter() {
                sum.add(share);
            }
            totals.push((netns, sum));
        }
        totals.sort_by_key(|(netns, sum)| (std::cmp::Reverse(sum.segments + sum.syn_acks), *netns));
        Ok(totals)
    }
}

impl CounterReading {
    /// Sum of one counter over all CPUs.
    pub fn total(&self, counter: Counter) -> u64 {
        self.of(counter).iter().sum()
    }

    /// Everything lost so far, by reason, without the reasons that never happened.
    pub fn losses(&self) -> Vec<Loss> {
        Counter::ALL
            .iter()
            .filter(|(counter, _)| counter.is_loss() && self.total(*counter) > 0)
            .map(|(counter, reason)| Loss {
                reason,
                total: self.total(*counter),
                by_cpu: self.of(*counter).to_vec(),
            })
            .collect()
    }

    fn of(&self, counter: Counter) -> &[u64] {
        self.by_cpu.get(counter as usize).map_or(&[], Vec::as_slice)
    }
}
