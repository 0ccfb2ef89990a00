//! A driver's counters by `ioctl(SIOCETHTOOL)` (`net/ethtool/ioctl.c`): without any privilege, and
//! the same for every driver.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::ioctl::{Updater, ioctl};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::Driver;

const SIOCETHTOOL: u32 = 0x8946;
const ETHTOOL_GDRVINFO: u32 = 0x03;
const ETHTOOL_GSTRINGS: u32 = 0x1b;
const ETHTOOL_GSTATS: u32 = 0x1d;
const ETHTOOL_GSSET_INFO: u32 = 0x37;
/// The set of names of `ETHTOOL_GSTATS`.
const ETH_SS_STATS: u32 = 1;
/// `ETH_GSTRING_LEN`.
const NAME: usize = 32;
/// `sizeof(struct ethtool_drvinfo)`: command, driver and version (32 bytes each), and more.
const DRIVER_INFO: usize = 196;

/// More counters than that no device has: ENA with 128 queues has some 6,000.
const MOST: usize = 16_384;
/// Room for so many more than were told of: the kernel writes as many as there are by then, however
/// little room it was given. Only what it writes to costs memory.
const SLACK: usize = 8_192;

/// `struct ifreq`.
#[repr(C)]
struct Request {
    name: [u8; 16],
    data: *mut u32,
    // The union's longest member is a `struct ifmap` of 24 bytes.
    rest: [u64; 2],
}

const _: () = assert!(
    size_of::<Request>() == 40,
    "struct ifreq, on machines of 64 bits"
);

/// Why a driver tells nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::host) enum Unread {
    /// It has no counters of its own, or there is no driver.
    None,
    /// The number of its counters changed while they were read; the next time is soon enough.
    Changing,
    /// The system refused.
    Failed(Errno),
}

/// Asks drivers.
pub(in crate::host) struct Ethtool {
    socket: OwnedFd,
}

impl Ethtool {
    /// In the network namespace of this thread.
    pub(in crate::host) fn open() -> io::Result<Self> {
        let socket = socket_with(
            AddressFamily::INET,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            None,
        )?;
        Ok(Self { socket })
    }

    /// The driver of an interface, and what it counts.
    pub(in crate::host) fn driver(&self, interface: &str) -> Result<Driver, Unread> {
        let name = self.info(interface)?;
        let count = self.count(interface)?;
        let names = self.names(interface, count)?;
        let values = self.values(interface, count)?;
        Ok(Driver::of(name, names.into_iter().zip(values)))
    }

    /// Name and version.
    fn info(&self, interface: &str) -> Result<(String, String), Unread> {
        let mut info = vec![0_u32; DRIVER_INFO / 4];
        set(&mut info, [ETHTOOL_GDRVINFO]);
        self.ask(interface, &mut info)?;
        let text = |words: std::ops::Range<usize>| text(info.get(words).unwrap_or_default());
        Ok((text(1..9), text(9..17)))
    }

    /// How many counters there are (`struct ethtool_sset_info`).
    fn count(&self, interface: &str) -> Result<usize, Unread> {
        // Command, reserved, a mask of 64 bits, the count.
        let mask = if cfg!(target_endian = "big") {
            [0, 1 << ETH_SS_STATS]
        } else {
            [1 << ETH_SS_STATS, 0]
        };
        let [first, second] = mask;
        let mut info = [ETHTOOL_GSSET_INFO, 0, first, second, 0, 0];
        self.ask(interface, &mut info)?;
        let [_, _, first, second, count, _] = info;
        if [first, second] != mask {
            return Err(Unread::None);
        }
        match usize::try_from(count) {
            Ok(0) => Err(Unread::None),
            Ok(count) if count <= MOST => Ok(count),
            _ => Err(Unread::Failed(Errno::TOOBIG)),
        }
    }

    /// Their names (`struct ethtool_gstrings`).
    fn names(&self, interface: &str, count: usize) -> Result<Vec<String>, Unread> {
        const HEAD: usize = 3;
        let mut strings = vec![0_u32; HEAD + (count + SLACK) * NAME / 4];
        set(&mut strings, [ETHTOOL_GSTRINGS, ETH_SS_STATS, told(count)]);
        self.ask(interface, &mut strings)?;
        if strings.get(2) != Some(&told(count)) {
            return Err(Unread::Changing);
        }
        let names = strings.get(HEAD..).unwrap_or_default().chunks(NAME / 4);
        Ok(names.take(count).map(text).collect())
    }

    /// Their values (`struct ethtool_stats`).
    fn values(&self, interface: &str, count: usize) -> Result<Vec<u64>, Unread> {
        const HEAD: usize = 2;
        let mut stats = vec![0_u32; HEAD + (count + SLACK) * 2];
        set(&mut stats, [ETHTOOL_GSTATS, told(count)]);
        self.ask(interface, &mut stats)?;
        if stats.get(1) != Some(&told(count)) {
            return Err(Unread::Changing);
        }
        let (values, _) = stats.get(HEAD..).unwrap_or_default().as_chunks::<2>();
        Ok(values.iter().take(count).copied().map(whole).collect())
    }

    /// Puts a question about an interface; the answer is put in its place.
    fn ask(&self, interface: &str, data: &mut [u32]) -> Result<(), Unread> {
        let mut request = Request {
            name: [0; 16],
            data: data.as_mut_ptr(),
            rest: [0; 2],
        };
        // The last byte stays zero; a longer name is no interface's.
        let room = request.name.iter_mut().take(15);
        for (to, from) in room.zip(interface.bytes()) {
            *to = from;
        }
        // SAFETY: SIOCETHTOOL takes a `struct ifreq` whose pointer leads to the structure that the
        // command, its first word, asks for. `data` is that structure, aligned to its largest
        // member as the kernel copies it (`copy_to_user`, which asks for no alignment), with room
        // for [`SLACK`] more counters than the driver said it had, and outlives the call.
        let question = unsafe { Updater::<SIOCETHTOOL, Request>::new(&mut request) };
        // SAFETY: as above.
        let answer = unsafe { ioctl(&self.socket, question) };
        answer.map_err(|errno| match errno {
            Errno::OPNOTSUPP | Errno::NODEV => Unread::None,
            errno => Unread::Failed(errno),
        })
    }
}

fn told(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A number of 64 bits out of its halves as they lie in memory.
fn whole(halves: [u32; 2]) -> u64 {
    let [first, second] = halves.map(u64::from);
    if cfg!(target_endian = "big") {
        (first << 32) | second
    } else {
        (second << 32) | first
    }
}

/// Sets the first words.
fn set<const N: usize>(words: &mut [u32], values: [u32; N]) {
    for (word, value) in words.iter_mut().zip(values) {
        *word = value;
    }
}

/// Text in words, up to its terminating zero.
fn text(words: &[u32]) -> String {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    crate::host::netlink::text(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_has_no_counters_and_nobody_has_no_driver() {
        let ethtool = Ethtool::open().unwrap();
        assert_eq!(ethtool.driver("lo"), Err(Unread::None));
        assert_eq!(ethtool.driver("no-such-device"), Err(Unread::None));
        let long = "a".repeat(300);
        assert_eq!(ethtool.driver(&long), Err(Unread::None));
    }
}
