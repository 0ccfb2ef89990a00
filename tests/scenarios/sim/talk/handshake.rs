//! How a connection begins.

use super::{CLOSED, SYN_SENT, Talk};

/// Handshake packets are sent again this often at most (Linux's default for SYN-ACKs).
const RETRIES: u32 = 5;

impl Talk<'_> {
    /// The peer opens the connection. Its SYN is lost unseen; the SYN-ACK is sent again, at
    /// doubling intervals, until the peer's acknowledgement or its first data are here. When it
    /// stands; if it never does, when that was given up.
    pub(super) fn accept(&mut self, start: f64) -> Result<f64, f64> {
        let mut now = start;
        let mut wait = 1.0;
        while self.link.receive(now).is_none() {
            now += wait;
            wait *= 2.0;
            if wait > 64.0 {
                return Err(now);
            }
        }
        for retries in 0..=RETRIES {
            if let Some(at) = self.link.send(now) {
                let arrival = self.link.receive(at).or_else(|| self.link.receive(at));
                if let Some(arrival) = arrival {
                    return Ok(self.established(arrival, now, retries));
                }
            }
            now += f64::from(1 << retries);
        }
        Err(now)
    }

    /// This host opens it; a SYN that is sent again is seen as it happens.
    pub(super) fn open(&mut self, start: f64, until: f64) -> Result<f64, f64> {
        let mut now = start;
        let mut view = self.view(SYN_SENT);
        for retries in 0..=RETRIES {
            let answered = self.link.send(now).and_then(|at| self.link.receive(at));
            if let Some(arrival) = answered {
                return Ok(self.established(arrival, now, retries));
            }
            now += f64::from(1 << retries);
            if now > until {
                return Err(until);
            }
            if retries < RETRIES {
                view.retransmitted += 1;
                view.kinds.syn += 1;
                self.reporter.look(now, &view);
            }
        }
        view.state = CLOSED;
        self.reporter.close(now, &view);
        Err(now)
    }

    fn established(&mut self, now: f64, sent: f64, retries: u32) -> f64 {
        self.host.sender.established(retries, self.script.active);
        self.reporter.established(now, retries);
        if retries == 0 {
            self.host.sender.clock.measure(now - sent);
            self.peer.sender.clock.measure(now - sent);
        }
        now
    }
}
