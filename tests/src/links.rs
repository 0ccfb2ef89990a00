//! The eBPF links that a process holds, as somebody else with the right to see them does.

use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

use anyhow::{Context as _, Result};

/// Commands of bpf(2), `enum bpf_cmd` of `uapi/linux/bpf.h`.
const BPF_LINK_GET_FD_BY_ID: libc::c_int = 30;
const BPF_LINK_DETACH: libc::c_int = 34;

/// Ids of the links that a process holds, by its open descriptors (`bpf_link_show_fdinfo`).
pub fn of(pid: u32) -> Result<Vec<u32>> {
    let folder = format!("/proc/{pid}/fdinfo");
    let mut links = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| folder.clone())? {
        let text = std::fs::read_to_string(entry?.path()).unwrap_or_default();
        let id = text.lines().find_map(|line| line.strip_prefix("link_id:"));
        if let Some(id) = id {
            links.push(id.trim().parse()?);
        }
    }
    Ok(links)
}

/// Tries to detach a link that is somebody else's.
pub fn detach(id: u32) -> io::Result<()> {
    let link = bpf(BPF_LINK_GET_FD_BY_ID, id)?;
    // SAFETY: the kernel has just given this descriptor, and nobody else has it.
    let link = unsafe { OwnedFd::from_raw_fd(link) };
    let number = u32::try_from(link.as_raw_fd()).map_err(io::Error::other)?;
    bpf(BPF_LINK_DETACH, number).map(drop)
}

/// bpf(2) with an attribute that is one number.
fn bpf(command: libc::c_int, number: u32) -> io::Result<libc::c_int> {
    // The attributes of both commands are shorter; what follows must be zero.
    let attribute = [number, 0, 0, 0];
    // SAFETY: the attribute is as long as is told, and outlives the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            attribute.as_ptr(),
            size_of_val(&attribute),
        )
    };
    match libc::c_int::try_from(result) {
        Ok(result) if result >= 0 => Ok(result),
        _ => Err(io::Error::last_os_error()),
    }
}
