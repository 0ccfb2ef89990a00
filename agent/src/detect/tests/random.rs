//! A seeded source of chance, so that every run sees the same.

/// `SplitMix64`.
#[derive(Debug, Clone)]
pub(in crate::detect) struct Random(u64);

impl Random {
    pub(in crate::detect) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(in crate::detect) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, but not, 1.
    pub(in crate::detect) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(in crate::detect) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// From `least` up to, but not, `end`.
    pub(in crate::detect) fn between(&mut self, least: f64, end: f64) -> f64 {
        least + self.unit() * (end - least)
    }

    /// Below `end`.
    pub(in crate::detect) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A count as nobody expects it: none, a few, many, as many as there can be.
    pub(in crate::detect) fn count(&mut self) -> u64 {
        match self.below(8) {
            0..=2 => 0,
            3 | 4 => self.below(10),
            5 => self.below(100_000),
            6 => u64::from(u32::MAX) - self.below(2),
            _ => u64::MAX - self.below(2),
        }
    }

    /// Such a count of no more than 32 bits.
    pub(in crate::detect) fn count_u32(&mut self) -> u32 {
        u32::try_from(self.count()).unwrap_or(u32::MAX)
    }

    /// In another order.
    pub(in crate::detect) fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            let other = self.below(end as u64 + 1);
            items.swap(end, usize::try_from(other).unwrap_or_default());
        }
    }
}
