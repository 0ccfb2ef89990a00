//! Short connections: opened, one request, one answer, closed. One thread holds both ends.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use edgeghost_tests::interrupt;
use edgeghost_tests::pair::{Host, Pair};
use edgeghost_tests::traffic;

/// Ports, so that those that wait (`TIME_WAIT`) do not run out.
const LISTENERS: u16 = 24;

/// Connections between two looks at the clock.
const BURST: u32 = 10;

/// Where they go.
#[derive(Debug)]
pub(crate) struct Short {
    listeners: Vec<(TcpListener, SocketAddr)>,
    from: Host,
}

impl Short {
    /// From one host of a pair to the other, to ports from `port` on.
    pub(crate) fn new(pair: &Pair, port: u16) -> Result<Self> {
        let listeners = (0..LISTENERS)
            .map(|number| {
                let at = SocketAddr::new(pair.near.v4.into(), port + number);
                let listener = pair.near.netns.enter(|| traffic::listen(at))??;
                Ok((listener, at))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            listeners,
            from: pair.far.clone(),
        })
    }

    /// Opens and closes for so long, so many a second if the machine can; gives how many.
    pub(crate) fn run(&self, time: Duration, rate: Option<f64>) -> Result<u64> {
        self.from.netns.enter(|| self.open(time, rate))?
    }

    fn open(&self, time: Duration, rate: Option<f64>) -> Result<u64> {
        let begin = Instant::now();
        let mut opened: u64 = 0;
        let mut ways = self.listeners.iter().cycle();
        while begin.elapsed() < time {
            interrupt::check()?;
            for _ in 0..BURST {
                let Some((listener, at)) = ways.next() else {
                    return Ok(opened);
                };
                once(listener, *at)?;
                opened += 1;
            }
            if let Some(rate) = rate {
                let due = Duration::from_secs_f64(opened as f64 / rate);
                std::thread::sleep(due.saturating_sub(begin.elapsed()));
            }
        }
        Ok(opened)
    }
}

fn once(listener: &TcpListener, at: SocketAddr) -> Result<()> {
    let mut client = TcpStream::connect(at).with_context(|| format!("cannot connect to {at}"))?;
    let (mut server, _) = listener.accept().context("cannot accept")?;
    let mut message = [0x65; 100];
    client.write_all(&message)?;
    server.read_exact(&mut message)?;
    server.write_all(&message)?;
    client.read_exact(&mut message)?;
    Ok(())
}
