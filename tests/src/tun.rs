//! Network devices whose far end is this program instead of a cable.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt as _;

use anyhow::{Context as _, Result, ensure};

use crate::netns::Netns;

/// A device that hands over and takes IP packets; it is gone when this is dropped.
///
/// It has no offloads: every packet is one segment, as on a wire.
#[derive(Debug)]
pub struct Tun {
    file: File,
}

impl Tun {
    /// Makes a device in a namespace, and brings it up.
    pub fn new(netns: &Netns, device: &str) -> Result<Self> {
        let file = netns
            .enter(|| open(device))?
            .with_context(|| format!("cannot make device {device} in {}", netns.name()))?;
        netns.ip(&format!("link set {device} txqueuelen 2000 up"))?;
        Ok(Self { file })
    }

    /// The next packet that the namespace sends: its length, or nothing if there is none now.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match (&self.file).read(buffer) {
            Ok(length) => Ok(Some(length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lets a packet arrive in the namespace.
    pub fn send(&self, packet: &[u8]) -> io::Result<()> {
        (&self.file).write(packet).map(drop)
    }
}

impl AsFd for Tun {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// The device belongs to the namespace of the thread that opens it.
fn open(device: &str) -> Result<File> {
    ensure!(
        device.len() < libc::IFNAMSIZ,
        "{device} is too long for a device"
    );
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK)
        .open("/dev/net/tun")
        .context("cannot open /dev/net/tun")?;
    // SAFETY: all-zero is a value of this plain C structure.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(device.bytes()) {
        *to = libc::c_char::from_ne_bytes([from]);
    }
    let flags = libc::IFF_TUN | libc::IFF_NO_PI;
    request.ifr_ifru.ifru_flags = libc::c_short::try_from(flags)?;
    // SAFETY: TUNSETIFF reads and writes one `ifreq`, which outlives the call.
    let result = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut request) };
    if result != 0 {
        return Err(io::Error::last_os_error().into());
    }
    Ok(file)
}
