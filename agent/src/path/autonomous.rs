//! Whose an address is: a table of prefixes and the autonomous systems that announce them.
//!
//! A provider's customers come from many /16. With this table they count as one network, as they
//! fail together; see [`super::Network`].

mod pfx2as;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use ipnet::IpNet;

use super::spans::{Entry, NOBODY, Spans};
use super::unmap;
pub use pfx2as::AsTableError;

/// Addresses change hands: a table older than this is worth a word.
const OLD: Duration = Duration::from_hours(90 * 24);

/// Longest IPv6 prefix that is told apart. What is announced beyond it is a handful of hosts, and
/// the peers of one /48 are judged together anyway.
const LONGEST_V6: u8 = 64;

/// `AS_TRANS` (RFC 6793) stands in for numbers that an old router cannot tell: it is nobody, and
/// those behind it have nothing in common.
const AS_TRANS: u32 = 23_456;

/// Prefixes and the autonomous systems that announce them; the longest prefix counts.
///
/// Nested prefixes are flattened into spans when the table is read, so that a look-up is a search
/// in one sorted array. A span takes 8 bytes for IPv4 and 16 for IPv6, and the two indexes half a
/// megabyte. Neighbours with the same origin are one span: prefixes rarely come to more spans than
/// they are, and never to more than twice as many.
#[derive(Debug)]
pub struct AsTable {
    v4: Spans<u32>,
    v6: Spans<u64>,
    entries: Entries,
    modified: Option<SystemTime>,
}

/// What came in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Entries {
    v4: usize,
    v6: usize,
    too_long: usize,
}

impl AsTable {
    /// Reads files in the format of CAIDA's `RouteViews` `pfx2as`, compressed with gzip or not.
    /// Where two lines name the same prefix, the later one counts, so that a file of one's own
    /// behind CAIDA's mends it.
    pub fn read(files: &[PathBuf]) -> Result<Self, AsTableError> {
        let mut builder = Builder::default();
        let mut modified: Option<SystemTime> = None;
        for file in files {
            let of_file = pfx2as::read(file, |prefix, origin| builder.add(prefix, origin))?;
            modified = match (modified, of_file) {
                (Some(oldest), Some(of_file)) => Some(oldest.min(of_file)),
                (known, of_file) => known.or(of_file),
            };
        }
        Ok(Self {
            modified,
            ..builder.table()
        })
    }

    /// The autonomous system that announces an address.
    pub fn origin(&self, address: IpAddr) -> Option<u32> {
        match unmap(address) {
            IpAddr::V4(address) => self.v4.origin(address.to_bits()),
            IpAddr::V6(address) => self.v6.origin(high(address.to_bits())),
        }
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.v4.bytes() + self.v6.bytes()
    }

    /// Spans that the prefixes came to: pieces of the address space with one origin each.
    pub fn spans(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    /// When the oldest of its files was last changed.
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    /// Age of the oldest of its files, days.
    pub fn days(&self) -> Option<u64> {
        let age = self.modified?.elapsed().ok()?;
        Some(age.as_secs() / 86_400)
    }

    /// Whether it should be fetched anew.
    pub fn is_old(&self) -> bool {
        self.days()
            .is_some_and(|days| days > OLD.as_secs() / 86_400)
    }
}

impl FromIterator<(IpNet, u32)> for AsTable {
    fn from_iter<I: IntoIterator<Item = (IpNet, u32)>>(prefixes: I) -> Self {
        let mut builder = Builder::default();
        for (prefix, origin) in prefixes {
            builder.add(prefix, origin);
        }
        builder.table()
    }
}

impl fmt::Display for AsTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entries { v4, v6, too_long } = self.entries;
        write!(
            f,
            "{v4} IPv4 and {v6} IPv6 prefixes in {:.1} MiB",
            self.bytes() as f64 / f64::from(1 << 20)
        )?;
        if too_long > 0 {
            write!(f, ", {too_long} longer than /{LONGEST_V6} left out")?;
        }
        match self.days() {
            Some(days) => write!(f, ", {days} days old"),
            None => Ok(()),
        }
    }
}

/// A table while it is read.
#[derive(Default)]
struct Builder {
    v4: Vec<Entry<u32>>,
    v6: Vec<Entry<u64>>,
    too_long: usize,
}

impl Builder {
    fn add(&mut self, prefix: IpNet, origin: u32) {
        let origin = if origin == AS_TRANS { NOBODY } else { origin };
        match prefix.trunc() {
            IpNet::V4(prefix) => self.v4.push(Entry::new(
                prefix.network().to_bits(),
                prefix.prefix_len(),
                self.v4.len(),
                origin,
            )),
            IpNet::V6(prefix) if prefix.prefix_len() > LONGEST_V6 => self.too_long += 1,
            IpNet::V6(prefix) => self.v6.push(Entry::new(
                high(prefix.network().to_bits()),
                prefix.prefix_len(),
                self.v6.len(),
                origin,
            )),
        }
    }

    fn table(self) -> AsTable {
        AsTable {
            entries: Entries {
                v4: self.v4.len(),
                v6: self.v6.len(),
                too_long: self.too_long,
            },
            v4: Spans::flatten(self.v4),
            v6: Spans::flatten(self.v6),
            modified: None,
        }
    }
}

/// The half of an IPv6 address that prefixes up to [`LONGEST_V6`] are about.
fn high(bits: u128) -> u64 {
    (bits >> 64) as u64
}
