//! One connection that carries as much as it can.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use edgeghost_tests::traffic;

/// What is under way may take so long to arrive once nothing more is sent.
const REST: Duration = Duration::from_secs(20);

/// Sends for so long; gives bytes a second, until the last has arrived.
pub(crate) fn run(sender: &TcpStream, receiver: &TcpStream, time: Duration) -> Result<f64> {
    let begin = Instant::now();
    let total = std::thread::scope(|scope| {
        let writing = scope.spawn(|| write(sender, begin, time));
        let mut heard = 0;
        let mut chunk = vec![0; 256 * 1024];
        let mut receiver = receiver;
        loop {
            let done = writing.is_finished();
            match receiver.read(&mut chunk) {
                Ok(read) => heard += read as u64,
                Err(error) if traffic::is_timeout(&error) => {}
                Err(error) => return Err(error).context("cannot receive"),
            }
            if done {
                break;
            }
        }
        let Ok(sent) = writing.join() else {
            anyhow::bail!("the sender ended early");
        };
        let sent = sent?;
        traffic::hear(receiver, sent.saturating_sub(heard), Instant::now() + REST)?;
        Ok(sent)
    })?;
    Ok(total as f64 / begin.elapsed().as_secs_f64())
}

fn write(mut sender: &TcpStream, begin: Instant, time: Duration) -> Result<u64> {
    let chunk = vec![0x65; 256 * 1024];
    let mut sent = 0;
    while begin.elapsed() < time {
        match sender.write(&chunk) {
            Ok(written) => sent += written as u64,
            Err(error) if traffic::is_timeout(&error) => {}
            Err(error) => return Err(error).context("cannot send"),
        }
    }
    Ok(sent)
}
