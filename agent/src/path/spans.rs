//! Longest-prefix match as a search in a sorted array.

/// The origin of what nobody announces (AS 0, RFC 7607).
pub(super) const NOBODY: u32 = 0;

/// The index has an entry for each value of so many leading bits.
const INDEX_BITS: u32 = 16;

/// Bits of an entry's rank in which its number stands: more than there will be prefixes.
const NUMBER_BITS: u32 = 25;

/// A prefix and who announces it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<K> {
    first: K,
    /// Length, then number: the order of prefixes that begin at the same address.
    rank: u32,
    origin: u32,
}

impl<K: Key> Entry<K> {
    /// `number` counts up from entry to entry: of equal prefixes the last counts.
    pub(super) fn new(first: K, length: u8, number: usize, origin: u32) -> Self {
        let last = (1 << NUMBER_BITS) - 1;
        let number = u32::try_from(number).map_or(last, |number| number.min(last));
        Self {
            first,
            rank: u32::from(length) << NUMBER_BITS | number,
            origin,
        }
    }

    fn last(&self) -> K {
        self.first.last(self.rank >> NUMBER_BITS)
    }
}

/// The leading bits of an address.
pub(super) trait Key: Copy + Ord {
    const LEAST: Self;
    /// The last address of the prefix of this length that begins here.
    fn last(self, length: u32) -> Self;
    /// The next address.
    fn next(self) -> Option<Self>;
    /// Its place in the index.
    fn place(self) -> usize;
}

macro_rules! key {
    ($integer:ty) => {
        impl Key for $integer {
            const LEAST: Self = 0;

            fn last(self, length: u32) -> Self {
                self | Self::MAX.checked_shr(length).unwrap_or(0)
            }

            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }

            fn place(self) -> usize {
                (self >> (Self::BITS - INDEX_BITS)) as usize
            }
        }
    };
}

key!(u32);
key!(u64);

/// A piece of the address space with one origin. It goes to where the next begins.
#[derive(Debug, Clone, Copy)]
struct Span<K> {
    start: K,
    origin: u32,
}

/// The address space cut into spans, from the first address on.
#[derive(Debug)]
pub(super) struct Spans<K> {
    spans: Box<[Span<K>]>,
    /// For each value of the leading bits the number of spans that begin before it, and the
    /// number of all at the end.
    index: Box<[u32]>,
}

impl<K: Key> Spans<K> {
    /// Flattens prefixes: a span belongs to the longest one around it. O(n log n).
    pub(super) fn flatten(mut entries: Vec<Entry<K>>) -> Self {
        // Those around others come before them. In place, and the spans are counted before they
        // are made: what a daemon allocates at its start and frees, it may never give back.
        entries.sort_unstable_by_key(|entry| (entry.first, entry.rank));
        let mut count = 0;
        cut(&entries, |_| count += 1);
        let mut spans = Vec::with_capacity(count);
        cut(&entries, |span| spans.push(span));
        let mut index = Vec::with_capacity((1 << INDEX_BITS) + 1);
        for (number, span) in (0_u32..).zip(&spans) {
            while index.len() <= span.start.place() {
                index.push(number);
            }
        }
        let all = u32::try_from(spans.len()).unwrap_or(u32::MAX);
        index.resize((1 << INDEX_BITS) + 1, all);
        Self {
            spans: spans.into(),
            index: index.into(),
        }
    }

    /// Who announces this address.
    pub(super) fn origin(&self, key: K) -> Option<u32> {
        let place = key.place();
        let from = usize::try_from(*self.index.get(place)?).ok()?;
        let to = usize::try_from(*self.index.get(place + 1)?).ok()?;
        let within = self.spans.get(from..to)?;
        // If none within begins at or before the address, the last before them goes on to here.
        let begun = from + within.partition_point(|span| span.start <= key);
        let span = self.spans.get(begun.checked_sub(1)?)?;
        (span.origin != NOBODY).then_some(span.origin)
    }

    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.spans) + size_of_val(&*self.index)
    }

    /// Whether every span begins behind the one before it, and is another's.
    #[cfg(test)]
    pub(super) fn is_in_order(&self) -> bool {
        let mut pairs = self.spans.windows(2);
        pairs.all(|pair| pair[0].start < pair[1].start && pair[0].origin != pair[1].origin)
    }
}

/// Cuts the address space where the origin changes; `entries` are sorted.
fn cut<K: Key>(entries: &[Entry<K>], take: impl FnMut(Span<K>)) {
    let mut cuts = Cuts {
        last: Span {
            start: K::LEAST,
            origin: NOBODY,
        },
        before: None,
        take,
    };
    // Prefixes that are open here, from the widest to the narrowest.
    let mut open: Vec<(K, u32)> = Vec::new();
    for entry in entries {
        close(&mut open, Some(entry.first), &mut cuts);
        cuts.cut(entry.first, entry.origin);
        open.push((entry.last(), entry.origin));
    }
    close(&mut open, None, &mut cuts);
    cuts.finish();
}

/// Closes what ends before `until`: there the prefix around it goes on, or nobody.
fn close<K: Key, F: FnMut(Span<K>)>(
    open: &mut Vec<(K, u32)>,
    until: Option<K>,
    cuts: &mut Cuts<K, F>,
) {
    while let Some(&(last, _)) = open.last() {
        if until.is_some_and(|until| last >= until) {
            return;
        }
        open.pop();
        if let Some(next) = last.next() {
            cuts.cut(next, open.last().map_or(NOBODY, |(_, origin)| *origin));
        }
    }
}

/// Spans in the making.
struct Cuts<K, F> {
    /// It may still turn out to have no length, or to go on what is before it.
    last: Span<K>,
    /// The origin before it.
    before: Option<u32>,
    take: F,
}

impl<K: Key, F: FnMut(Span<K>)> Cuts<K, F> {
    /// From `start` on, which is never before the last, it is `origin`.
    fn cut(&mut self, start: K, origin: u32) {
        if start > self.last.start {
            self.finish();
            self.last.start = start;
        }
        self.last.origin = origin;
    }

    fn finish(&mut self) {
        if self.before != Some(self.last.origin) {
            (self.take)(self.last);
            self.before = Some(self.last.origin);
        }
    }
}
