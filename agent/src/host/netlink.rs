//! Questions to the kernel's routing tables and devices (`rtnetlink(7)`). Asking needs no
//! privilege; nothing is ever changed.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};

/// Of a message: its length, type, flags, sequence number and port (`struct nlmsghdr`).
const HEAD: usize = 16;
/// An attribute's length and type (`struct rtattr`).
const ATTRIBUTE_HEAD: usize = 4;
const NLM_F_REQUEST: u16 = 0x01;
const NLM_F_DUMP: u16 = 0x300;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;

/// The kernel fills at most this much at a time (`netlink_dump`, `net/netlink/af_netlink.c`).
const ANSWER: usize = 32 * 1024;

/// A lock of the kernel's (RTNL) may be held by whoever resets a device; then there is no answer
/// this time.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection to the kernel.
pub(super) struct Netlink {
    socket: OwnedFd,
    sequence: u32,
    answer: Vec<u8>,
}

/// A message of an answer.
pub(super) struct Message<'a> {
    /// As `RTM_NEWLINK`.
    pub(super) kind: u16,
    /// What comes after the head.
    pub(super) body: &'a [u8],
}

impl Netlink {
    /// In the network namespace of this thread.
    pub(super) fn open() -> io::Result<Self> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            // NETLINK_ROUTE is 0.
            None,
        )?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        Ok(Self {
            socket,
            sequence: 0,
            answer: vec![0; ANSWER],
        })
    }

    /// Asks for all there is of a kind; `each` gets every message.
    pub(super) fn list(
        &mut self,
        kind: u16,
        body: &[u8],
        mut each: impl FnMut(&Message<'_>),
    ) -> io::Result<()> {
        self.ask(kind, NLM_F_DUMP, body)?;
        loop {
            let (length, _) = recv(&self.socket, self.answer.as_mut_slice(), RecvFlags::empty())?;
            for (sequence, message) in messages(self.answer.get(..length).unwrap_or_default()) {
                // An answer to an older question, of which patience was lost.
                if sequence != self.sequence {
                    continue;
                }
                match message.kind {
                    NLMSG_DONE => return Ok(()),
                    NLMSG_ERROR => return Err(error(message.body)),
                    _ => each(&message),
                }
            }
        }
    }

    /// Asks for one thing.
    pub(super) fn get<T>(
        &mut self,
        kind: u16,
        body: &[u8],
        read: impl Fn(&Message<'_>) -> T,
    ) -> io::Result<T> {
        self.ask(kind, 0, body)?;
        loop {
            let (length, _) = recv(&self.socket, self.answer.as_mut_slice(), RecvFlags::empty())?;
            for (sequence, message) in messages(self.answer.get(..length).unwrap_or_default()) {
                match message.kind {
                    _ if sequence != self.sequence => {}
                    NLMSG_ERROR => return Err(error(message.body)),
                    _ => return Ok(read(&message)),
                }
            }
        }
    }

    fn ask(&mut self, kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let length = u32::try_from(HEAD + body.len()).unwrap_or(u32::MAX);
        let mut request = Vec::with_capacity(HEAD + body.len());
        request.extend(length.to_ne_bytes());
        request.extend(kind.to_ne_bytes());
        request.extend((flags | NLM_F_REQUEST).to_ne_bytes());
        request.extend(self.sequence.to_ne_bytes());
        request.extend(0_u32.to_ne_bytes());
        request.extend(body);
        send(&self.socket, &request, SendFlags::empty())?;
        Ok(())
    }
}

/// The error number of an answer, negative there; 0 is a mere acknowledgement.
fn error(body: &[u8]) -> io::Error {
    let number = body.first_chunk().map_or(0, |n| i32::from_ne_bytes(*n));
    io::Error::from_raw_os_error(number.saturating_neg())
}

/// The messages of an answer with their sequence numbers; what is cut off is left out.
pub(super) fn messages(mut rest: &[u8]) -> impl Iterator<Item = (u32, Message<'_>)> {
    std::iter::from_fn(move || {
        let length = usize::try_from(u32_at(rest, 0)?).ok()?;
        let (kind, sequence) = (u16_at(rest, 4)?, u32_at(rest, 8)?);
        let body = rest.get(HEAD..length)?;
        rest = rest.get(aligned(length)..).unwrap_or_default();
        Some((sequence, Message { kind, body }))
    })
}

/// The attributes of a message or of an attribute: type and value; what is cut off is left out.
pub(super) fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    /// Says that it has attributes within, or its byte order (`NLA_F_NESTED`, `NLA_F_NET_BYTEORDER`).
    const FLAGS: u16 = 0xc000;
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(rest, 0)?);
        let kind = u16_at(rest, 2)? & !FLAGS;
        let value = rest.get(ATTRIBUTE_HEAD..length)?;
        rest = rest.get(aligned(length)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// An attribute to ask with.
pub(super) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(ATTRIBUTE_HEAD + value.len()).unwrap_or(u16::MAX);
    let mut bytes = Vec::with_capacity(aligned(length.into()));
    bytes.extend(length.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(aligned(bytes.len()), 0);
    bytes
}

/// Text up to its terminating zero.
pub(super) fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(value.get(..end.unwrap_or(value.len())).unwrap_or_default())
        .into_owned()
}

const fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

/// A number in the machine's byte order.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A number in the machine's byte order.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A number in the machine's byte order.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_as_they_are_written() {
        let mut bytes = attribute(7, b"abcde");
        bytes.extend(attribute(0x8003, &[1, 2, 3, 4]));
        let read: Vec<_> = attributes(&bytes).collect();
        assert_eq!(read, [(7, &b"abcde"[..]), (3, &[1, 2, 3, 4])]);
        assert_eq!(text(b"ens5\0junk"), "ens5");
        assert_eq!(text(b"ens5"), "ens5");
    }

    #[test]
    fn what_is_cut_off_or_nonsense_ends_the_reading() {
        let whole = [attribute(1, &[9; 6]), attribute(2, &[8; 3])].concat();
        for length in 0..whole.len() {
            let cut = whole.get(..length).unwrap();
            assert!(attributes(cut).count() <= 2);
            assert!(messages(cut).count() <= 1);
        }
        let zero = [0; 64];
        assert_eq!(attributes(&zero).count(), 0);
        assert_eq!(messages(&zero).count(), 0);
        let long = [0xff; 64];
        assert_eq!(attributes(&long).count(), 0);
        assert_eq!(messages(&long).count(), 0);
    }

    #[test]
    fn an_error_is_the_systems_own() {
        let refused = error(&(-113_i32).to_ne_bytes());
        assert_eq!(refused.raw_os_error(), Some(113));
        assert_eq!(error(&[]).raw_os_error(), Some(0));
    }
}
