//! The addresses that AWS publishes as its own: `ip-ranges.json` ("AWS IP address ranges", VPC user
//! guide).

mod file;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::time::SystemTime;

use ipnet::IpNet;

use super::spans::{Entry, Spans};
use super::unmap;
pub use file::AwsRangesError;
use file::Record;

/// Services that may be reached by way of a gateway endpoint: then a packet to their public
/// addresses never sees the internet gateway ("Gateway endpoints", AWS PrivateLink guide).
const GATEWAY_SERVICES: [&str; 2] = ["S3", "DYNAMODB"];

/// Longest IPv6 prefix that is told apart.
const LONGEST_V6: u8 = 64;

/// Services told apart: a bit each, the last for all that are too many.
const MAX_SERVICES: usize = 64;

/// AWS's published ranges; the longest prefix counts, with all services that it is listed for.
///
/// Prefixes are flattened into spans, as in [`super::AsTable`].
#[derive(Debug)]
pub struct AwsRanges {
    v4: Spans<u32>,
    v6: Spans<u64>,
    /// What a span's number, less one, stands for.
    sets: Box<[Set]>,
    services: Box<[String]>,
    regions: Box<[String]>,
    prefixes: (usize, usize),
    too_long: usize,
    modified: Option<SystemTime>,
}

/// What a prefix is listed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Set {
    region: u16,
    /// A bit for each service.
    services: u64,
}

/// What an address is listed as.
#[derive(Debug, Clone, Copy)]
pub struct AwsRange<'a> {
    /// As `us-east-1`, or `GLOBAL`.
    pub region: &'a str,
    services: u64,
    names: &'a [String],
}

impl AwsRange<'_> {
    /// The services that use the range, as `EC2`.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        let bits = self.services;
        let named = self.names.iter().enumerate();
        named.filter_map(move |(number, name)| (bits >> number & 1 == 1).then_some(name.as_str()))
    }
}

impl AwsRanges {
    /// Reads a file in the form of `ip-ranges.json`, compressed with gzip or not.
    pub fn read(path: &Path) -> Result<Self, AwsRangesError> {
        let mut builder = Builder::default();
        let modified = file::read(path, |record| builder.add(record))?;
        Ok(Self {
            modified,
            ..builder.table()
        })
    }

    /// What an address is listed as.
    pub fn find(&self, address: IpAddr) -> Option<AwsRange<'_>> {
        let set = self.set(address)?;
        Some(AwsRange {
            region: self.regions.get(usize::from(set.region))?,
            services: set.services,
            names: &self.services,
        })
    }

    /// Whether an address is listed.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.set(address).is_some()
    }

    /// Whether an address may be reached by way of a gateway endpoint from this region; from an
    /// unknown one, whether it may be from any.
    pub fn may_have_gateway(&self, address: IpAddr, region: Option<&str>) -> bool {
        let Some(range) = self.find(address) else {
            return false;
        };
        region.is_none_or(|region| range.region == region)
            && range
                .services()
                .any(|name| GATEWAY_SERVICES.contains(&name))
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        let names = self.services.iter().chain(&self.regions);
        size_of::<Self>()
            + self.v4.bytes()
            + self.v6.bytes()
            + size_of_val::<[Set]>(&self.sets)
            + names
                .map(|name| size_of::<String>() + name.len())
                .sum::<usize>()
    }

    /// When its file was last changed.
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    fn set(&self, address: IpAddr) -> Option<Set> {
        let number = match unmap(address) {
            IpAddr::V4(address) => self.v4.origin(address.to_bits()),
            IpAddr::V6(address) => self.v6.origin(high(address.to_bits())),
        }?;
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        self.sets.get(place).copied()
    }
}

impl fmt::Display for AwsRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (v4, v6) = self.prefixes;
        write!(
            f,
            "{v4} IPv4 and {v6} IPv6 prefixes of {} services in {:.1} MiB",
            self.services.len(),
            self.bytes() as f64 / f64::from(1 << 20)
        )?;
        if self.too_long > 0 {
            write!(f, ", {} longer than /{LONGEST_V6} left out", self.too_long)?;
        }
        let age = self.modified.and_then(|at| at.elapsed().ok());
        match age {
            Some(age) => write!(f, ", {} days old", age.as_secs() / 86_400),
            None => Ok(()),
        }
    }
}

impl FromIterator<IpNet> for AwsRanges {
    /// Ranges of EC2's in no region, for tests.
    fn from_iter<I: IntoIterator<Item = IpNet>>(prefixes: I) -> Self {
        let mut builder = Builder::default();
        for prefix in prefixes {
            builder.add(Record {
                prefix,
                region: "GLOBAL",
                service: "EC2",
            });
        }
        builder.table()
    }
}

/// Ranges while they are read.
#[derive(Default)]
struct Builder {
    listed: HashMap<IpNet, Set>,
    services: Vec<String>,
    regions: Vec<String>,
    too_long: usize,
}

impl Builder {
    fn add(&mut self, record: Record<'_>) {
        let prefix = record.prefix.trunc();
        if matches!(prefix, IpNet::V6(_)) && prefix.prefix_len() > LONGEST_V6 {
            self.too_long += 1;
            return;
        }
        let service = number(&mut self.services, record.service, MAX_SERVICES);
        let region = number(&mut self.regions, record.region, usize::from(u16::MAX));
        let region = u16::try_from(region).unwrap_or(u16::MAX);
        let set = self.listed.entry(prefix).or_insert(Set {
            region,
            services: 0,
        });
        set.services |= 1 << service;
    }

    fn table(self) -> AwsRanges {
        let mut sets: Vec<Set> = Vec::new();
        let mut known: HashMap<Set, u32> = HashMap::new();
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (prefix, set) in self.listed {
            let number = *known.entry(set).or_insert_with(|| {
                sets.push(set);
                u32::try_from(sets.len()).unwrap_or(u32::MAX)
            });
            match prefix {
                IpNet::V4(net) => v4.push(Entry::new(
                    net.network().to_bits(),
                    net.prefix_len(),
                    v4.len(),
                    number,
                )),
                IpNet::V6(net) => v6.push(Entry::new(
                    high(net.network().to_bits()),
                    net.prefix_len(),
                    v6.len(),
                    number,
                )),
            }
        }
        AwsRanges {
            prefixes: (v4.len(), v6.len()),
            v4: Spans::flatten(v4),
            v6: Spans::flatten(v6),
            sets: sets.into(),
            services: self.services.into(),
            regions: self.regions.into(),
            too_long: self.too_long,
            modified: None,
        }
    }
}

/// The number of a name, the last one for all that are too many.
fn number(names: &mut Vec<String>, name: &str, most: usize) -> usize {
    if let Some(known) = names.iter().position(|known| known == name) {
        return known;
    }
    if names.len() < most {
        names.push(name.to_owned());
    }
    names.len() - 1
}

/// The half of an IPv6 address that prefixes up to [`LONGEST_V6`] are about.
fn high(bits: u128) -> u64 {
    (bits >> 64) as u64
}
