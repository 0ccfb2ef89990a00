//! Traffic whose cost repeats: one thread holds both ends of every connection. What one end writes
//! has reached the other when the call returns, for a pair of virtual devices delivers at once, so
//! no scheduler has a say and every message is one segment.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use edgeghost_tests::interrupt;
use edgeghost_tests::pair::{Kind, Pair};
use edgeghost_tests::traffic;

/// What is said, and answered.
const MESSAGE: [u8; 100] = [0x65; 100];

/// How often a read that finds nothing is tried again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connections of a pair of hosts.
#[derive(Debug)]
pub(crate) struct Conversation {
    flows: Vec<(TcpStream, TcpStream)>,
}

impl Conversation {
    /// So many connections, one port each from `port` on.
    pub(crate) fn new(pair: &Pair, flows: u16, port: u16) -> Result<Self> {
        let flows = (0..flows)
            .map(|number| {
                let (near, far) = pair.connect(Kind::V4, port + number)?;
                near.set_nonblocking(true)?;
                far.set_nonblocking(true)?;
                Ok((near, far))
            })
            .collect::<Result<_>>()?;
        Ok(Self { flows })
    }

    /// Says and answers on each connection in turn, so often.
    pub(crate) fn pass(&mut self, times: u32) -> Result<()> {
        for _ in 0..times {
            interrupt::check()?;
            for (near, far) in &mut self.flows {
                say(far, near)?;
                say(near, far)?;
            }
        }
        Ok(())
    }

    /// The same for so long, so many times a second in all if the machine can; gives how often.
    pub(crate) fn paced(&mut self, time: Duration, rate: f64) -> Result<u64> {
        let begin = Instant::now();
        let mut rounds = 0;
        while begin.elapsed() < time {
            self.pass(1)?;
            rounds += self.flows.len() as u64;
            let due = Duration::from_secs_f64(rounds as f64 / rate);
            std::thread::sleep(due.saturating_sub(begin.elapsed()));
        }
        Ok(rounds)
    }
}

fn say(from: &mut TcpStream, to: &mut TcpStream) -> Result<()> {
    from.write_all(&MESSAGE).context("cannot send")?;
    let mut heard = [0; MESSAGE.len()];
    let mut length = 0;
    let mut begin = None;
    while let Some(rest) = heard.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match to.read(rest) {
            Ok(0) => anyhow::bail!("the other end closed"),
            Ok(read) => length += read,
            Err(error) if traffic::is_timeout(&error) => {
                let since: &mut Instant = begin.get_or_insert_with(Instant::now);
                anyhow::ensure!(since.elapsed() < PATIENCE, "a message does not arrive");
            }
            Err(error) => return Err(error).context("cannot receive"),
        }
    }
    Ok(())
}
