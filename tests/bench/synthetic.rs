//! A table like the internet's: as many prefixes, of the same lengths, nested and beside each
//! other in the same way. Where they lie is chance.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::random::Random;

/// What the global tables of 2026 hold, roughly.
const PREFIXES_V4: usize = 1_000_000;
const PREFIXES_V6: usize = 220_000;
const SYSTEMS: u64 = 78_000;

/// Lengths with their share among a hundred.
const LENGTHS_V4: [(u8, u64); 10] = [
    (24, 60),
    (23, 10),
    (22, 11),
    (21, 5),
    (20, 5),
    (19, 3),
    (18, 2),
    (17, 1),
    (16, 2),
    (14, 1),
];
const LENGTHS_V6: [(u8, u64); 8] = [
    (48, 47),
    (32, 14),
    (44, 11),
    (40, 10),
    (47, 6),
    (36, 6),
    (34, 3),
    (29, 3),
];

/// Share among a hundred of prefixes within another; of these, of those of a customer.
const NESTED: u64 = 55;
const CUSTOMERS: u64 = 25;
/// Most prefixes announced side by side.
const SIDE_BY_SIDE: u64 = 8;

/// A prefix by its leading 64 bits; IPv4 addresses are the upper half of them.
#[derive(Debug, Clone, Copy)]
struct Piece {
    first: u64,
    length: u8,
    origin: u32,
}

/// The table.
pub(crate) fn table() -> Vec<(IpNet, u32)> {
    let mut random = Random::new();
    let mut table = Vec::with_capacity(PREFIXES_V4 + PREFIXES_V6);
    for piece in family(&mut random, PREFIXES_V4, &LENGTHS_V4, unicast_v4) {
        let [a, b, c, d, ..] = piece.first.to_be_bytes();
        if let Ok(net) = Ipv4Net::new(Ipv4Addr::new(a, b, c, d), piece.length) {
            table.push((net.into(), piece.origin));
        }
    }
    for piece in family(&mut random, PREFIXES_V6, &LENGTHS_V6, unicast_v6) {
        let address = Ipv6Addr::from_bits(u128::from(piece.first) << 64);
        if let Ok(net) = Ipv6Net::new(address, piece.length) {
            table.push((net.into(), piece.origin));
        }
    }
    table
}

fn family(
    random: &mut Random,
    count: usize,
    lengths: &[(u8, u64)],
    unicast: fn(&mut Random) -> u64,
) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::with_capacity(count);
    let mut seen = HashSet::new();
    while pieces.len() < count {
        let length = draw(random, lengths);
        let around = if random.chance(NESTED) {
            random.pick(&pieces).filter(|around| around.length < length)
        } else {
            None
        };
        let (first, origin) = match around {
            Some(around) => {
                let origin = if random.chance(CUSTOMERS) {
                    system(random)
                } else {
                    around.origin
                };
                (around.first | random.next() >> around.length, origin)
            }
            None => (unicast(random), system(random)),
        };
        let step = 1 << (64 - length);
        let mut first = first & !(step - 1);
        for _ in 0..=random.below(SIDE_BY_SIDE) {
            let inside =
                around.is_none_or(|around| (around.first ^ first) >> (64 - around.length) == 0);
            if inside && pieces.len() < count && seen.insert((first, length)) {
                pieces.push(Piece {
                    first,
                    length,
                    origin,
                });
            }
            first = first.wrapping_add(step);
        }
    }
    pieces
}

fn draw(random: &mut Random, lengths: &[(u8, u64)]) -> u8 {
    let mut left = random.below(100);
    for (length, share) in lengths {
        if left < *share {
            return *length;
        }
        left -= share;
    }
    48
}

fn system(random: &mut Random) -> u32 {
    // Spread over more numbers than are in use; none is 23456, which stands for nobody.
    u32::try_from(3 + random.below(SYSTEMS) * 5).unwrap_or(3)
}

fn unicast_v4(random: &mut Random) -> u64 {
    (1 + random.below(223)) << 56 | random.next() >> 8
}

/// Where registries hand out addresses.
fn unicast_v6(random: &mut Random) -> u64 {
    let tops = [0x2001, 0x2400, 0x2600, 0x2800, 0x2a00, 0x2c00];
    let top = random.pick(&tops).unwrap_or(0x2001);
    let top = if top == 0x2001 {
        top
    } else {
        top + random.below(16)
    };
    top << 48 | random.next() >> 16
}
