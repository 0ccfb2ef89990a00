//! Clients on five networks and a neighbour in the VPC, each asking for pages from the host.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use edgeghost_tests::netns::Netns;
use edgeghost_tests::traffic;

use crate::witness::stage::{CLIENT, HOST, JUMP, Stage, WITNESSES};

/// Longest that one request may take.
const LIMIT: Duration = Duration::from_mins(2);

/// A page: segments enough to overtake each other.
const PAGE: u64 = 60_000;

/// Between two requests.
const THINK: Duration = Duration::from_millis(150);

/// Everybody; they go home when this is dropped.
pub(super) struct Crowd {
    home: Arc<AtomicBool>,
}

impl Crowd {
    /// Everybody has a connection, and begins to ask.
    pub(super) fn gather(stage: &Stage) -> anyhow::Result<Self> {
        let home = Arc::new(AtomicBool::new(false));
        let at = SocketAddr::new(HOST.into(), 443);
        let listener = stage.host.enter(|| traffic::listen(at))??;
        let public = WITNESSES.into_iter().chain([CLIENT]);
        let public = public.map(|client| (&stage.internet, client));
        let everybody: Vec<(&Netns, _)> = public.chain([(&stage.jump, JUMP)]).collect();
        for (place, address) in everybody {
            let from = SocketAddr::new(IpAddr::from(address), 0);
            let client = place.enter(|| traffic::connect(Some(from), at, LIMIT))??;
            let server = traffic::accept(&listener, LIMIT)?;
            let home = Arc::clone(&home);
            std::thread::spawn(move || {
                while !home.load(Ordering::Relaxed) {
                    let asked = traffic::echo(&client, &server, 1, 300, LIMIT)
                        .and_then(|()| traffic::bulk(&server, &client, PAGE, LIMIT));
                    // The test is over, or its loss has ended the connection.
                    if asked.is_err() {
                        return;
                    }
                    std::thread::sleep(THINK);
                }
            });
        }
        Ok(Self { home })
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.home.store(true, Ordering::Relaxed);
    }
}
