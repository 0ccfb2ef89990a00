//! The server's side, one thread per connection.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use edgeghost_tests::netns::Netns;
use edgeghost_tests::traffic::{accept, give_up_after, is_timeout, listen, speak};

use super::{Dice, GIVE_UP, PIECE, PIECE_EVERY, REQUEST, Service, Stop};

/// How long the wait for a connection lasts before the listener looks up.
const LOOK_UP: Duration = Duration::from_secs(1);

/// Serves in `netns` until the end. Listens when it returns.
pub(super) fn start(netns: &Netns, service: Service, stop: &Stop) -> Result<()> {
    let at = SocketAddr::new(IpAddr::from(Ipv4Addr::UNSPECIFIED), service.port());
    let listener = netns.enter(|| listen(at))??;
    let stop = stop.clone();
    std::thread::spawn(move || {
        while !stop.asked() {
            // No connection for a while is not a failure.
            let Ok(stream) = accept(&listener, LOOK_UP) else {
                continue;
            };
            let stop = stop.clone();
            // A connection that dies is the client's to open again.
            std::thread::spawn(move || serve(&stream, service, &stop));
        }
    });
    Ok(())
}

fn serve(stream: &TcpStream, service: Service, stop: &Stop) -> Result<()> {
    give_up_after(stream, GIVE_UP)?;
    match service {
        Service::Terminal => terminal(stream, stop),
        Service::Web => web(stream, stop),
        Service::Bulk => bulk(stream, stop),
    }
}

/// Echoes keystrokes, and prints something of its own when none comes.
fn terminal(mut stream: &TcpStream, stop: &Stop) -> Result<()> {
    let mut dice = Dice(stream.peer_addr()?.port().into());
    let mut keys = [0; 4096];
    while !stop.asked() {
        let words = match stream.read(&mut keys) {
            Ok(0) => bail!("closed"),
            Ok(_) => dice.between(36, 100),
            Err(error) if is_timeout(&error) => dice.between(100, 200),
            Err(error) => return Err(error.into()),
        };
        speak(stream, words, Instant::now() + GIVE_UP)?;
    }
    Ok(())
}

/// Answers requests, and closes after one that says so.
fn web(mut stream: &TcpStream, stop: &Stop) -> Result<()> {
    let mut request = [0; REQUEST];
    loop {
        let mut have = 0;
        while have < REQUEST {
            match stream.read(&mut request[have..]) {
                Ok(0) => return Ok(()),
                Ok(read) => have += read,
                Err(error) if is_timeout(&error) && !stop.asked() => {}
                Err(error) => return Err(error.into()),
            }
        }
        let [a, b, c, d, close, ..] = request;
        let size = u32::from_be_bytes([a, b, c, d]);
        speak(stream, size.into(), Instant::now() + GIVE_UP)?;
        stream.flush()?;
        if close != 0 {
            return Ok(());
        }
    }
}

/// Sends at a steady rate, or as fast as the path lets it.
fn bulk(stream: &TcpStream, stop: &Stop) -> Result<()> {
    while !stop.asked() {
        speak(stream, PIECE, Instant::now() + GIVE_UP)?;
        stop.rest(PIECE_EVERY);
    }
    Ok(())
}
