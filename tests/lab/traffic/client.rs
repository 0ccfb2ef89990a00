//! The clients' side. A connection that dies is opened again.

use std::io::Read as _;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use edgeghost_tests::netns::Netns;
use edgeghost_tests::traffic::{connect, give_up_after, hear, is_timeout, speak};

use super::{Dice, GIVE_UP, REQUEST, Service, Stop};

/// Requests on one connection before it is closed.
const REQUESTS_PER_CONNECTION: u32 = 4;

/// One client of one service.
#[derive(Debug)]
pub(super) struct Client {
    service: Service,
    local: IpAddr,
    remote: SocketAddr,
    stop: Stop,
    dice: Dice,
}

impl Client {
    pub(super) fn new(service: Service, local: IpAddr, remote: SocketAddr, stop: Stop) -> Self {
        let seed = match local {
            IpAddr::V4(address) => u64::from(u32::from(address)),
            IpAddr::V6(_) => 0,
        };
        Self {
            service,
            local,
            remote,
            stop,
            dice: Dice(seed ^ u64::from(remote.port())),
        }
    }

    /// Works in `netns` until the end.
    pub(super) fn start(mut self, netns: &Netns) {
        netns.spawn(move || {
            while !self.stop.asked() {
                // What ends a connection here is the loss that the lab is about.
                let _ = self.session();
                let pause = self.dice.between(200, 600);
                self.stop.rest(Duration::from_millis(pause));
            }
            Ok(())
        });
    }

    fn session(&mut self) -> Result<()> {
        let stream = connect(Some(SocketAddr::new(self.local, 0)), self.remote, GIVE_UP)?;
        give_up_after(&stream, GIVE_UP)?;
        match self.service {
            Service::Terminal => self.type_away(&stream),
            Service::Web => self.browse(&stream),
            Service::Bulk => self.swallow(&stream),
        }
    }

    /// Keystrokes, with a look at what comes back in between.
    fn type_away(&mut self, mut stream: &TcpStream) -> Result<()> {
        let mut screen = [0; 4096];
        let mut heard = Instant::now();
        while !self.stop.asked() {
            speak(stream, self.dice.between(36, 76), Instant::now() + GIVE_UP)?;
            let think = Instant::now() + Duration::from_millis(self.dice.between(200, 500));
            while Instant::now() < think {
                match stream.read(&mut screen) {
                    Ok(0) => bail!("closed"),
                    Ok(_) => heard = Instant::now(),
                    Err(error) if is_timeout(&error) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            if heard.elapsed() > GIVE_UP {
                bail!("no answer");
            }
        }
        Ok(())
    }

    /// A few requests, the last of which lets the server close.
    fn browse(&mut self, mut stream: &TcpStream) -> Result<()> {
        for number in 1..=REQUESTS_PER_CONNECTION {
            let last = number == REQUESTS_PER_CONNECTION;
            let size = u32::try_from(self.dice.between(8_000, 60_000))?;
            let mut request = [0; REQUEST];
            request[..4].copy_from_slice(&size.to_be_bytes());
            request[4] = last.into();
            std::io::Write::write_all(&mut stream, &request)?;
            hear(stream, size.into(), Instant::now() + GIVE_UP)?;
            if self.stop.asked() {
                break;
            }
            let think = self.dice.between(300, 800);
            self.stop.rest(Duration::from_millis(think));
        }
        Ok(())
    }

    /// Reads whatever comes.
    fn swallow(&self, mut stream: &TcpStream) -> Result<()> {
        let mut data = vec![0; 64 * 1024];
        let mut heard = Instant::now();
        while !self.stop.asked() {
            match stream.read(&mut data) {
                Ok(0) => bail!("closed"),
                Ok(_) => heard = Instant::now(),
                Err(error) if is_timeout(&error) && heard.elapsed() < GIVE_UP => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
