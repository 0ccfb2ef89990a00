//! The addresses of this process's network namespace.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::proc::{NET, read};
use crate::flow::Local;

/// The addresses are looked at this often.
const LOOK_EVERY_NS: u64 = 10_000_000_000;

/// Follows the addresses of this process's network namespace.
#[derive(Default)]
pub struct AddressWatch {
    looked_ns: Option<u64>,
    known: BTreeSet<Local>,
}

impl AddressWatch {
    /// The addresses as they were when they were last looked at.
    pub const fn addresses(&self) -> &BTreeSet<Local> {
        &self.known
    }

    /// Looks at them if it is time to, or `now` without regard to it. Whether it did.
    pub fn look(&mut self, now_ns: u64, now: bool) -> bool {
        let fresh = self
            .looked_ns
            .is_some_and(|at| now_ns.saturating_sub(at) < LOOK_EVERY_NS);
        if fresh && !now {
            return false;
        }
        self.looked_ns = Some(now_ns);
        self.known = look(Path::new(NET), own_netns());
        true
    }
}

/// Inode number of this process's network namespace; 0 if it cannot be told.
pub fn own_netns() -> u32 {
    std::fs::metadata("/proc/self/ns/net")
        .ok()
        .and_then(|file| u32::try_from(file.ino()).ok())
        .unwrap_or(0)
}

fn look(folder: &Path, netns: u32) -> BTreeSet<Local> {
    let text = |name| read(&folder.join(name)).unwrap_or_default();
    let v4 = of_fib_trie(&text("fib_trie")).into_iter().map(IpAddr::V4);
    let v6 = of_if_inet6(&text("if_inet6")).into_iter().map(IpAddr::V6);
    v4.chain(v6)
        .map(|address| Local { address, netns })
        .collect()
}

/// IPv4 addresses out of `/proc/net/fib_trie`: a leaf `|-- 10.1.0.207` is one if a line
/// `/32 host LOCAL` follows (`fib_trie_seq_show`, `net/ipv4/fib_trie.c`).
pub(super) fn of_fib_trie(text: &str) -> BTreeSet<Ipv4Addr> {
    let mut leaf = None;
    let mut addresses = BTreeSet::new();
    for line in text.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            leaf = address.parse::<Ipv4Addr>().ok();
        } else if line.starts_with("/32 host LOCAL") {
            addresses.extend(leaf.filter(|address| !address.is_loopback()));
        }
    }
    addresses
}

/// IPv6 addresses out of `/proc/net/if_inet6`: 32 hex digits begin a line (`if6_seq_show`,
/// `net/ipv6/addrconf.c`). Those of one link lead nowhere else, and are left out.
pub(super) fn of_if_inet6(text: &str) -> BTreeSet<Ipv6Addr> {
    text.lines()
        .filter_map(|line| line.split_ascii_whitespace().next())
        .filter(|digits| digits.len() == 32)
        .filter_map(|digits| u128::from_str_radix(digits, 16).ok())
        .map(Ipv6Addr::from)
        .filter(|address| !address.is_loopback() && !address.is_unicast_link_local())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIB_TRIE: &str = "\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.1.0.0/24 2 0 2
        +-- 10.1.0.192/27 2 0 2
           |-- 10.1.0.192
              /27 link UNICAST
           |-- 10.1.0.207
              /32 host LOCAL
        |-- 10.1.0.255
           /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.1
           /32 host LOCAL
Local:
  +-- 10.1.0.0/24 2 0 2
           |-- 10.1.0.207
              /32 host LOCAL
";
    const IF_INET6: &str = "\
00000000000000000000000000000001 01 80 10 80       lo
fe800000000000000000000000000001 02 40 20 80     ens5
20010db8000000000000000000000207 02 40 00 80     ens5
short 02 40 00 80     ens5
";

    #[test]
    fn own_addresses_and_nothing_else() {
        let own = BTreeSet::from([Ipv4Addr::new(10, 1, 0, 207)]);
        assert_eq!(of_fib_trie(FIB_TRIE), own);
        let own: Ipv6Addr = "2001:db8::207".parse().unwrap();
        assert_eq!(of_if_inet6(IF_INET6), BTreeSet::from([own]));
        assert!(of_fib_trie("").is_empty() && of_if_inet6("").is_empty());
    }

    #[test]
    fn they_are_looked_at_each_minute() {
        let mut watch = AddressWatch::default();
        assert!(watch.look(5, false), "at first always");
        assert!(!watch.look(LOOK_EVERY_NS, false), "not yet");
        assert!(watch.look(LOOK_EVERY_NS, true), "at once if wanted");
        assert!(!watch.look(LOOK_EVERY_NS + 5, false), "that was a look");
        assert!(watch.look(2 * LOOK_EVERY_NS, false));
    }
}
