//! What the kernel says of a connection (`TCP_INFO`).

use std::io;
use std::os::fd::{AsFd, AsRawFd as _};

use nix::libc;

/// Words of `struct tcp_info` that are read (`include/uapi/linux/tcp.h`), as u32: up to
/// `tcpi_segs_out`, which kernels have since 4.2.
const WORDS: usize = 35;
const RTT: usize = 17;
const TOTAL_RETRANS: usize = 25;
const SEGS_OUT: usize = 34;

/// Counts of a connection so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct TcpInfo {
    /// Smoothed round-trip time, microseconds.
    pub(super) rtt_us: u32,
    /// Segments sent again, SYNs included.
    pub(super) retransmitted: u32,
    /// Segments sent, acknowledgements and retransmissions included.
    pub(super) sent: u32,
}

impl TcpInfo {
    /// Asks the kernel.
    pub(super) fn of(socket: &impl AsFd) -> io::Result<Self> {
        let mut words = [0_u32; WORDS];
        let mut length = libc::socklen_t::try_from(size_of_val(&words)).unwrap_or(0);
        // SAFETY: the kernel writes `length` bytes at most, which is what `words` has.
        let status = unsafe {
            libc::getsockopt(
                socket.as_fd().as_raw_fd(),
                libc::IPPROTO_TCP,
                libc::TCP_INFO,
                words.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        if status != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            rtt_us: words[RTT],
            retransmitted: words[TOTAL_RETRANS],
            sent: words[SEGS_OUT],
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_short_exchange_is_counted() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let before = TcpInfo::of(&client).unwrap();
        assert!((2..5).contains(&before.sent), "{before:?}");
        client.write_all(b"question").unwrap();
        server.read_exact(&mut [0; 8]).unwrap();
        let after = TcpInfo::of(&client).unwrap();
        assert!(after.sent > before.sent, "{before:?} {after:?}");
        assert_eq!(after.retransmitted, 0, "{after:?}");
        assert!((1..1_000_000).contains(&after.rtt_us), "{after:?}");
    }

    #[test]
    fn what_is_no_connection_is_an_error() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(TcpInfo::of(&file).is_err());
    }
}
