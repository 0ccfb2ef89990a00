//! Chances that are the same in every run.

/// Xorshift, as good as benchmarks need.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// The same with other chances, by a number.
    pub(crate) fn seeded(seed: u8) -> Self {
        Self(Self::new().0.rotate_left(u32::from(seed)))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `list`; the first if there is but one.
    pub(crate) fn pick<T: Copy>(&mut self, list: &[T]) -> Option<T> {
        let bound = u64::try_from(list.len()).unwrap_or(u64::MAX).max(1);
        let index = usize::try_from(self.below(bound)).unwrap_or(0);
        list.get(index).copied()
    }
}
