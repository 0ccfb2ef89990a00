//! Segmentation offload of virtual network devices.

use std::os::fd::AsRawFd as _;

use anyhow::{Context as _, Result, ensure};

use crate::netns::Netns;

/// `ETHTOOL_STSO` of linux/ethtool.h.
const SET_TSO: u32 = 0x1f;

/// `struct ethtool_value` of linux/ethtool.h.
#[repr(C)]
struct Value {
    command: u32,
    data: u32,
}

/// Lets the kernel cut packets before they enter `device`, as a wire would see them. Otherwise a
/// virtual cable carries up to 64 KiB in one piece, and losing one packet loses all of it at once.
pub fn cut_on_the_wire(netns: &Netns, device: &str) -> Result<()> {
    netns
        .enter(|| set(device, SET_TSO, 0))?
        .with_context(|| format!("cannot turn TSO off at {device} of {}", netns.name()))
}

fn set(device: &str, command: u32, data: u32) -> Result<()> {
    ensure!(
        device.len() < libc::IFNAMSIZ,
        "{device} is too long for a device"
    );
    let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    let mut value = Value { command, data };
    // SAFETY: all-zero is a value of this plain C structure.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(device.bytes()) {
        *to = libc::c_char::from_ne_bytes([from]);
    }
    request.ifr_ifru.ifru_data = (&raw mut value).cast();
    // SAFETY: SIOCETHTOOL reads the name and the `ethtool_value` that `ifru_data` points to, and
    // both outlive the call.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL, &raw mut request) };
    if result != 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    Ok(())
}
