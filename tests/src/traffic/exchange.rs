//! What goes over a connection, each bounded in time.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::is_timeout;
use super::socket::wait_all_acked;

/// Sends `bytes` from one end to the other and waits until all are acknowledged.
pub fn bulk(sender: &TcpStream, receiver: &TcpStream, bytes: u64, limit: Duration) -> Result<()> {
    let deadline = Instant::now() + limit;
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| speak(sender, bytes, deadline));
        let reading = scope.spawn(|| hear(receiver, bytes, deadline));
        join(writing).and(join(reading))
    })?;
    wait_all_acked(sender, deadline.saturating_duration_since(Instant::now()))
}

/// Sends a small message to and fro, `rounds` times.
pub fn echo(
    client: &TcpStream,
    server: &TcpStream,
    rounds: u32,
    bytes: u64,
    limit: Duration,
) -> Result<()> {
    let deadline = Instant::now() + limit;
    for _ in 0..rounds {
        speak(client, bytes, deadline)?;
        hear(server, bytes, deadline)?;
        speak(server, bytes, deadline)?;
        hear(client, bytes, deadline)?;
    }
    Ok(())
}

/// Writes `bytes` to a connection.
pub fn speak(mut stream: &TcpStream, bytes: u64, deadline: Instant) -> Result<()> {
    let chunk = vec![0x65_u8; 64 * 1024];
    let mut left = bytes;
    while left > 0 {
        let length = usize::try_from(left).map_or(chunk.len(), |left| left.min(chunk.len()));
        match stream.write(&chunk[..length]) {
            Ok(written) => left -= written as u64,
            Err(error) if is_timeout(&error) => {}
            Err(error) => return Err(error).context("cannot send"),
        }
        late(deadline, "send", left)?;
    }
    Ok(())
}

/// Reads `bytes` from a connection.
pub fn hear(mut stream: &TcpStream, bytes: u64, deadline: Instant) -> Result<()> {
    let mut chunk = vec![0; 64 * 1024];
    let mut left = bytes;
    while left > 0 {
        let length = usize::try_from(left).map_or(chunk.len(), |left| left.min(chunk.len()));
        match stream.read(&mut chunk[..length]) {
            Ok(0) => bail!("the peer closed with {left} bytes to go"),
            Ok(read) => left -= read as u64,
            Err(error) if is_timeout(&error) => {}
            Err(error) => return Err(error).context("cannot receive"),
        }
        late(deadline, "receive", left)?;
    }
    Ok(())
}

fn late(deadline: Instant, what: &str, left: u64) -> Result<()> {
    crate::interrupt::check()?;
    if left > 0 && Instant::now() >= deadline {
        bail!("time is up with {left} bytes to {what}");
    }
    Ok(())
}

fn join(thread: std::thread::ScopedJoinHandle<'_, Result<()>>) -> Result<()> {
    match thread.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
