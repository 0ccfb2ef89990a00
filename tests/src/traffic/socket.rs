//! Sockets as the tests need them: bound to one address, cubic, and never blocking for ever.

use std::io::Read as _;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::net::sockopt;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto};

use crate::wait;

/// Congestion control of all traffic. The default of the machine may be one that keeps its window
/// up under loss.
pub const CONGESTION: &str = "cubic";

/// How long a single read or write blocks before the caller looks up again.
const PATIENCE: Duration = Duration::from_millis(250);

/// Waits for connections at `address`. At an IPv6 address IPv4 comes in as well, mapped.
pub fn listen(address: SocketAddr) -> Result<TcpListener> {
    let context = || format!("cannot listen at {address}");
    let socket = socket(address).with_context(context)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, false)?;
    }
    rustix::net::bind(&socket, &address).with_context(context)?;
    rustix::net::listen(&socket, 64).with_context(context)?;
    // `accept` obeys the read timeout.
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(PATIENCE))?;
    Ok(TcpListener::from(socket))
}

/// Takes the next connection, which inherits the congestion control.
pub fn accept(listener: &TcpListener, limit: Duration) -> Result<TcpStream> {
    let stream = wait::until("a connection", limit, || match listener.accept() {
        Ok((stream, _)) => Ok(Some(stream)),
        Err(error) if super::is_timeout(&error) => Ok(None),
        Err(error) => Err(error).context("cannot accept"),
    })?;
    prepare(&stream)?;
    Ok(stream)
}

/// Connects to `remote`, from `local` where it matters which address or port that is (0: any). An
/// IPv4-mapped `remote` gives an IPv6 socket that speaks IPv4.
pub fn connect(
    local: Option<SocketAddr>,
    remote: SocketAddr,
    limit: Duration,
) -> Result<TcpStream> {
    let context = || format!("cannot connect to {remote}");
    let socket = socket(remote).with_context(context)?;
    if let Some(local) = local {
        sockopt::set_socket_reuseaddr(&socket, true)?;
        rustix::net::bind(&socket, &local).with_context(|| format!("cannot bind to {local}"))?;
    }
    // `connect` obeys the write timeout.
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Send, Some(limit))?;
    rustix::net::connect(&socket, &remote).with_context(context)?;
    let stream = TcpStream::from(socket);
    prepare(&stream)?;
    Ok(stream)
}

fn socket(address: SocketAddr) -> Result<OwnedFd> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let flags = SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
    sockopt::set_tcp_congestion(&socket, CONGESTION)
        .with_context(|| format!("cannot choose the congestion control {CONGESTION}"))?;
    Ok(socket)
}

fn prepare(stream: &TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let congestion = sockopt::tcp_congestion(stream)?;
    ensure!(
        congestion == CONGESTION,
        "the connection runs {congestion}, not {CONGESTION}"
    );
    Ok(())
}

/// Lets the connection die when something sent is not acknowledged for so long.
pub fn give_up_after(stream: &TcpStream, limit: Duration) -> Result<()> {
    let milliseconds = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
    Ok(sockopt::set_tcp_user_timeout(stream, milliseconds)?)
}

/// Bytes written and not yet acknowledged by the peer (`SIOCOUTQ`).
pub fn unacked(stream: &TcpStream) -> Result<u32> {
    /// linux/sockios.h; the number of `TIOCOUTQ`.
    const SIOCOUTQ: rustix::ioctl::Opcode = 0x5411;
    // SAFETY: on a TCP socket SIOCOUTQ writes one int and does nothing else.
    let bytes = unsafe {
        let request = rustix::ioctl::Getter::<SIOCOUTQ, libc::c_int>::new();
        rustix::ioctl::ioctl(stream.as_fd(), request)?
    };
    u32::try_from(bytes).context("a negative queue")
}

/// Waits until the peer has acknowledged everything.
pub fn wait_all_acked(stream: &TcpStream, limit: Duration) -> Result<()> {
    wait::until_true("every byte acknowledged", limit, || {
        Ok(unacked(stream)? == 0)
    })
}

/// Closes both ends so that no FIN is left to be sent again: first one, then, when the other has
/// read the end, that one.
pub fn close_in_order(first: TcpStream, mut second: TcpStream, limit: Duration) -> Result<()> {
    first.shutdown(Shutdown::Write)?;
    let mut rest = [0; 4096];
    wait::until_true("the end of the connection", limit, || {
        match second.read(&mut rest) {
            Ok(0) => Ok(true),
            Ok(_) => Ok(false),
            Err(error) if super::is_timeout(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    })?;
    drop(second);
    let mut first = first;
    wait::until_true("the end of the other side", limit, || {
        match first.read(&mut rest) {
            Ok(0) => Ok(true),
            Ok(_) => Ok(false),
            Err(error) if super::is_timeout(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    })
}
