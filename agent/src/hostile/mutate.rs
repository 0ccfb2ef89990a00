//! Makes bad input of good: in steps that keep most of its form, so that what comes out gets past
//! the first look.

/// A small generator of numbers (xorshift64*, Vigna 2016): the same seed, the same numbers.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// From a seed; any will do.
    pub(super) const fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self(seed ^ 0x9e37_79b9_7f4a_7c15 | 1)
    }

    /// The next number.
    pub(super) const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// One below `end`; 0 if there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        let number = (self.next() >> 16).checked_rem(end).unwrap_or(0);
        usize::try_from(number).unwrap_or(0)
    }

    /// One of `choices`.
    fn of<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> Option<&'a T> {
        choices.get(self.below(choices.len())).copied()
    }
}

/// What numbers in text are replaced by: the ends of the types, and what is no number.
const NUMBERS: [&[u8]; 22] = [
    b"0",
    b"1",
    b"-1",
    b"255",
    b"256",
    b"65535",
    b"65536",
    b"2147483647",
    b"2147483648",
    b"4294967295",
    b"4294967296",
    b"9223372036854775807",
    b"9223372036854775808",
    b"18446744073709551615",
    b"18446744073709551616",
    b"1e308",
    b"1e999",
    b"-0.0",
    b"1e-300",
    b"null",
    b"\"x\"",
    b"[]",
];

/// What stands between the parts of all the forms there are.
const MARKS: [&[u8]; 24] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"'",
    b",",
    b":",
    b"\n",
    b"\r\n\r\n",
    b"\0",
    b"=",
    b".",
    b"[[",
    b"]]",
    b"\t",
    b"/",
    b"\\u0000",
    b"\xff",
    b"\x1b[2J",
    b"$(id)",
    b"%",
    b"1.1.1.1/0",
    b"\"\"\"",
];

/// What numbers in binary are replaced by.
const WORDS: [u64; 12] = [
    0,
    1,
    4,
    0x7f,
    0xff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
];

/// Changes `input` in a few places, perhaps with parts of `other`; never longer than `most`.
pub fn mutate(input: &[u8], other: &[u8], seed: u64, most: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(4) {
        step(&mut bytes, other, &mut random);
        bytes.truncate(most);
    }
    bytes
}

fn step(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    match random.below(13) {
        0 => flip(bytes, random),
        1 => {
            let at = random.below(bytes.len());
            let with = [random.next().to_be_bytes()[0]];
            replace(bytes, at..(at + 1).min(bytes.len()), &with);
        }
        2..=4 => number(bytes, random),
        5 => word(bytes, random),
        6 => {
            let mark = random.of(&MARKS).unwrap_or_default();
            let at = random.below(bytes.len() + 1);
            replace(bytes, at..at, mark);
        }
        7 => {
            let mark = random.of(&MARKS).unwrap_or_default();
            let many = mark.repeat(1 << random.below(12));
            let at = random.below(bytes.len() + 1);
            replace(bytes, at..at, &many);
        }
        8 => {
            let gone = piece(bytes, random);
            replace(bytes, gone, &[]);
        }
        9 => {
            let taken = piece(bytes, random);
            let again = bytes.get(taken).unwrap_or_default().to_vec();
            let at = random.below(bytes.len() + 1);
            replace(bytes, at..at, &again.repeat(1 + random.below(3)));
        }
        10 => {
            let taken = piece(other, random);
            let at = random.below(bytes.len() + 1);
            replace(bytes, at..at, other.get(taken).unwrap_or_default());
        }
        11 => bytes.truncate(random.below(bytes.len() + 1)),
        _ => quoted(bytes, other, random),
    }
}

fn flip(bytes: &mut [u8], random: &mut Random) {
    let at = random.below(bytes.len());
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << random.below(8);
    }
}

/// A number in digits becomes another one.
fn number(bytes: &mut Vec<u8>, random: &mut Random) {
    let with = random.of(&NUMBERS).unwrap_or_default();
    let found = from_somewhere(bytes, random, u8::is_ascii_digit);
    let length = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    if let Some(from) = found {
        let end = from + length(from);
        replace(bytes, from..end, with);
    }
}

/// Two, four or eight bytes become a number that is the end of something.
fn word(bytes: &mut Vec<u8>, random: &mut Random) {
    let number = WORDS.get(random.below(WORDS.len())).copied();
    let number = number.unwrap_or(0).to_le_bytes();
    let length = 2 << random.below(3);
    let at = random.below(bytes.len()) & !1;
    let end = (at + length).min(bytes.len());
    let with = number.get(..end.saturating_sub(at)).unwrap_or_default();
    replace(bytes, at..end, with);
}

/// A text in quotes becomes another one.
fn quoted(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let text = |bytes: &[u8], random: &mut Random| {
        let from = from_somewhere(bytes, random, |byte| *byte == b'"')? + 1;
        let rest = bytes.get(from..)?;
        let length = rest.iter().position(|byte| *byte == b'"')?;
        Some(from..from + length)
    };
    let taken = text(other, random).and_then(|range| other.get(range));
    if let Some(place) = text(bytes, random) {
        replace(bytes, place, taken.unwrap_or_default());
    }
}

/// Some bytes, or some lines.
fn piece(bytes: &[u8], random: &mut Random) -> std::ops::Range<usize> {
    let from = random.below(bytes.len());
    if random.below(2) == 0 {
        let length = 1 << random.below(10);
        return from..(from + length).min(bytes.len());
    }
    let line_end = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'\n');
        length.map_or(bytes.len(), |length| from + length + 1)
    };
    let before = bytes.get(..from).unwrap_or_default();
    let from = before.iter().rposition(|byte| *byte == b'\n');
    let from = from.map_or(0, |at| at + 1);
    let mut end = line_end(from);
    for _ in 0..random.below(4) {
        end = line_end(end);
    }
    from..end
}

/// The first byte of this kind from somewhere on.
fn from_somewhere(bytes: &[u8], random: &mut Random, is: impl Fn(&u8) -> bool) -> Option<usize> {
    let from = random.below(bytes.len());
    let found = bytes.get(from..)?.iter().position(is);
    found.map(|at| from + at)
}

fn replace(bytes: &mut Vec<u8>, range: std::ops::Range<usize>, with: &[u8]) {
    if range.end <= bytes.len() && range.start <= range.end {
        bytes.splice(range, with.iter().copied());
    }
}
