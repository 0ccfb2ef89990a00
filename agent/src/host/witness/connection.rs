//! One connection to a target: opened, perhaps a few requests, closed.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use nix::sys::socket::{Shutdown, setsockopt, shutdown, sockopt};
use std::os::fd::AsRawFd as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::target::{REQUESTS, Talk, Target};
use super::tcp_info::TcpInfo;

/// A connection that is not open after so long is given up: SYNs went out at 0, 1, 3 and 7 s.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// An answer, or the peer's end, that has not come after so long is not waited for.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// The kernel gives up what it still has to send after so long, milliseconds.
const USER_TIMEOUT_MS: u32 = 15_000;
/// Between two requests: each is a trial of its own moment.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(300);
/// Ends the head of an HTTP answer; that of a `HEAD` has nothing else.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// How a connection went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was opened.
    Connected,
    /// Refused by the target, or by something on the way: packets pass both ways, but such an
    /// attempt is no trial.
    Refused,
    /// Nothing was heard.
    TimedOut,
    /// The host itself could not, and why.
    Failed(String),
}

/// One connection, looked back at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// How it went.
    pub outcome: Outcome,
    /// SYNs sent again, where it was opened.
    pub handshake_retransmitted: u32,
    /// Segments sent, acknowledgements and retransmissions included.
    pub segments_sent: u32,
    /// Segments sent again, SYNs included, up to when it was closed.
    pub segments_retransmitted: u32,
    /// Smoothed round-trip time at the end, microseconds.
    pub rtt_us: Option<u32>,
}

impl Visit {
    const fn in_vain(outcome: Outcome) -> Self {
        Self {
            outcome,
            handshake_retransmitted: 0,
            segments_sent: 0,
            segments_retransmitted: 0,
            rtt_us: None,
        }
    }
}

/// Opens a connection from `from` to a target, does what is to be done there, and closes it; not
/// more than `bytes` of payload go either way, and nothing goes on after `end`.
pub(super) async fn visit(from: IpAddr, target: Target, bytes: usize, end: Instant) -> Visit {
    let open_by = end.min(Instant::now() + OPEN_WITHIN);
    let stream = match timeout_at(open_by, open(from, target.at)).await {
        Err(_) => return Visit::in_vain(Outcome::TimedOut),
        Ok(Err(error)) => return Visit::in_vain(outcome(&error)),
        Ok(Ok(stream)) => stream,
    };
    let opened = TcpInfo::of(&stream).unwrap_or_default();
    let mut left = bytes;
    // Whatever ends it, ends it: what counts is what the kernel saw.
    let _ = timeout_at(end, talk(&stream, target, &mut left)).await;
    let _ = timeout_at(end, close(&stream, &mut left)).await;
    let closed = TcpInfo::of(&stream).unwrap_or(opened);
    Visit {
        outcome: Outcome::Connected,
        handshake_retransmitted: opened.retransmitted,
        segments_sent: closed.sent,
        segments_retransmitted: closed.retransmitted,
        rtt_us: Some(closed.rtt_us).filter(|rtt| *rtt > 0),
    }
}

async fn open(from: IpAddr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    setsockopt(&socket, sockopt::TcpUserTimeout, &USER_TIMEOUT_MS)?;
    socket.bind(SocketAddr::new(from, 0))?;
    socket.connect(to).await
}

fn outcome(error: &io::Error) -> Outcome {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Outcome::Refused,
        io::ErrorKind::TimedOut => Outcome::TimedOut,
        _ => Outcome::Failed(error.to_string()),
    }
}

async fn talk(stream: &TcpStream, target: Target, left: &mut usize) -> io::Result<()> {
    if target.talk == Talk::Connect {
        return Ok(());
    }
    stream.set_nodelay(true)?;
    for number in 1..=REQUESTS {
        let request = request(target.at, number == REQUESTS);
        *left = left.saturating_sub(request.len());
        if *left == 0 {
            break;
        }
        write(stream, &request).await?;
        let heard = timeout(ANSWER_WITHIN, answer(stream, left)).await;
        if !matches!(heard, Ok(Ok(true))) {
            break;
        }
        sleep(BETWEEN_REQUESTS).await;
    }
    Ok(())
}

/// A request that asks for nothing but the head of an answer, and says who asks.
fn request(at: SocketAddr, last: bool) -> Vec<u8> {
    let connection = if last { "close" } else { "keep-alive" };
    format!(
        "HEAD / HTTP/1.1\r\nHost: {at}\r\nUser-Agent: edgeghost-witness/{}\r\n\
         Connection: {connection}\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    )
    .into_bytes()
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads the head of an answer; tells whether another may follow.
async fn answer(stream: &TcpStream, left: &mut usize) -> io::Result<bool> {
    let mut tail = Vec::new();
    loop {
        let Some(piece) = read(stream, left).await? else {
            return Ok(false);
        };
        tail.extend_from_slice(&piece);
        if tail.windows(END_OF_HEAD.len()).any(|of| of == END_OF_HEAD) {
            return Ok(true);
        }
        // The end may lie across two pieces.
        tail.drain(..tail.len().saturating_sub(END_OF_HEAD.len() - 1));
    }
}

/// The next piece; nothing at the end, or when enough was read.
async fn read(stream: &TcpStream, left: &mut usize) -> io::Result<Option<Vec<u8>>> {
    let mut piece = vec![0; 1_024.min(*left)];
    if piece.is_empty() {
        return Ok(None);
    }
    loop {
        stream.readable().await?;
        match stream.try_read(&mut piece) {
            Ok(0) => return Ok(None),
            Ok(length) => {
                *left -= length;
                piece.truncate(length);
                return Ok(Some(piece));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Says that nothing more comes, and hears the peer out, so that neither end has to reset.
async fn close(stream: &TcpStream, left: &mut usize) -> io::Result<()> {
    shutdown(stream.as_raw_fd(), Shutdown::Write)?;
    let hear = async {
        while read(stream, left).await?.is_some() {}
        Ok(())
    };
    timeout(ANSWER_WITHIN, hear).await.unwrap_or(Ok(()))
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
