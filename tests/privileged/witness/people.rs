//! Who talks on the stage: terminals, and servers that count their visitors.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use edgeghost_tests::netns::Netns;
use edgeghost_tests::traffic;

const PATIENCE: Duration = Duration::from_secs(1);
const GIVE_UP: Duration = Duration::from_secs(20);

/// Everybody; they go home when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct People {
    home: Arc<AtomicBool>,
}

/// Visitors of a server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Visitors {
    came: Arc<AtomicUsize>,
    inside: Arc<AtomicUsize>,
    said: Arc<AtomicUsize>,
}

impl Visitors {
    /// How many came.
    pub(crate) fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }

    /// How many have not left.
    pub(crate) fn inside(&self) -> usize {
        self.inside.load(Ordering::SeqCst)
    }

    /// How many pieces they said.
    pub(crate) fn said(&self) -> usize {
        self.said.load(Ordering::SeqCst)
    }
}

impl People {
    /// Somebody who keeps typing on `server` from `client`, and opens a new session when one dies.
    pub(crate) fn terminal(&self, at: &Netns, client: IpAddr, server: SocketAddr) {
        let home = Arc::clone(&self.home);
        at.spawn(move || {
            while !home.load(Ordering::SeqCst) {
                let from = SocketAddr::new(client, 0);
                // What ends a session here is the loss that the test makes.
                if let Ok(stream) = traffic::connect(Some(from), server, GIVE_UP) {
                    let _ = traffic::give_up_after(&stream, GIVE_UP);
                    let _ = type_away(&stream, &home);
                }
                std::thread::sleep(Duration::from_millis(200));
            }
            Ok(())
        });
    }

    /// A server that says back whatever it is told, and leaves last.
    pub(crate) fn server(&self, at: &Netns, address: SocketAddr) -> anyhow::Result<Visitors> {
        let listener = at.enter(|| traffic::listen(address))??;
        let visitors = Visitors::default();
        let (home, all) = (Arc::clone(&self.home), visitors.clone());
        std::thread::spawn(move || {
            while !home.load(Ordering::SeqCst) {
                let Ok(stream) = traffic::accept(&listener, PATIENCE) else {
                    continue;
                };
                all.came.fetch_add(1, Ordering::SeqCst);
                all.inside.fetch_add(1, Ordering::SeqCst);
                let (home, all) = (Arc::clone(&home), all.clone());
                std::thread::spawn(move || {
                    let _ = echo(&stream, &home, &all);
                    all.inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Ok(visitors)
    }
}

impl Drop for People {
    fn drop(&mut self) {
        self.home.store(true, Ordering::SeqCst);
    }
}

fn type_away(mut stream: &TcpStream, home: &AtomicBool) -> anyhow::Result<()> {
    let mut screen = [0; 4_096];
    while !home.load(Ordering::SeqCst) {
        traffic::speak(stream, 48, Instant::now() + GIVE_UP)?;
        let think = Instant::now() + Duration::from_millis(250);
        while Instant::now() < think {
            match stream.read(&mut screen) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if traffic::is_timeout(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// Says back what it hears; to a request of HTTP it gives an answer of HTTP.
fn echo(mut stream: &TcpStream, home: &AtomicBool, all: &Visitors) -> anyhow::Result<()> {
    traffic::give_up_after(stream, GIVE_UP)?;
    let mut piece = [0; 4_096];
    while !home.load(Ordering::SeqCst) {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => {
                all.said.fetch_add(1, Ordering::SeqCst);
                let said = &piece[..length];
                if said.starts_with(b"HEAD ") {
                    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
                } else {
                    stream.write_all(said)?;
                }
            }
            Err(error) if traffic::is_timeout(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
