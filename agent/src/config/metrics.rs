//! `[metrics]`: what is to be scraped, and where.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pipeline::nanos;
use crate::status::PeerBounds;

/// Metrics for Prometheus, in the `OpenMetrics` format. Off while `listen` is empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Address and port to be scraped at, as `127.0.0.1:9617` or `[::1]:9617`; empty for none.
    /// There is no password: whoever reaches it reads it, and another address than a loopback one
    /// is reached from outside the host.
    #[schemars(with = "String")]
    pub listen: Listen,
    /// Local addresses with counters of their own (1 to 1024); further ones count as `other`.
    pub addresses_max: u32,
    /// Also tell of single peers, those with most retransmissions. Each is a series more in
    /// whatever stores them.
    pub peers: bool,
    /// Peers told of at the same time (1 to 1000); further ones count as `other`.
    pub peers_max: u32,
    /// A peer that was not among those with most retransmissions for so long is told of no longer
    /// (60 to 604800).
    pub peers_ttl_seconds: f64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            listen: Listen(None),
            addresses_max: 256,
            peers: false,
            peers_max: 50,
            peers_ttl_seconds: 3_600.0,
        }
    }
}

impl Metrics {
    /// The bounds on peers, if peers are told of.
    pub fn peer_bounds(&self) -> Option<PeerBounds> {
        self.peers.then(|| PeerBounds {
            most: usize::try_from(self.peers_max).unwrap_or(usize::MAX),
            ttl_ns: nanos(self.peers_ttl_seconds),
        })
    }

    /// The first key whose value is out of range, the value, and what is allowed.
    pub(super) fn out_of_range(&self) -> Option<(&'static str, String, &'static str)> {
        if !(1..=1024).contains(&self.addresses_max) {
            let value = self.addresses_max.to_string();
            Some(("metrics.addresses_max", value, "1 to 1024"))
        } else if !(1..=1000).contains(&self.peers_max) {
            Some(("metrics.peers_max", self.peers_max.to_string(), "1 to 1000"))
        } else if !(60.0..=604_800.0).contains(&self.peers_ttl_seconds) {
            let value = self.peers_ttl_seconds.to_string();
            Some(("metrics.peers_ttl_seconds", value, "60 to 604800"))
        } else {
            None
        }
    }
}

/// An address to listen on, or none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Listen(pub Option<SocketAddr>);

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |at| at.fmt(f))
    }
}

impl From<Listen> for String {
    fn from(listen: Listen) -> Self {
        listen.to_string()
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        match text.parse() {
            Ok(at) => Ok(Self(Some(at))),
            Err(_) => Err(format!(
                "`{text}` is no address with a port; give one, as 127.0.0.1:9617 or [::1]:9617, or \
                 \"\" for none"
            )),
        }
    }
}

impl TryFrom<String> for Listen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(&format!("[metrics]\n{text}"), Path::new("t.toml"))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn off_by_default_and_what_is_given_reads_back() {
        let off = Config::default().metrics;
        assert!(off.listen.0.is_none() && off.peer_bounds().is_none());
        let on = parse("listen = \"[::1]:9617\"\npeers = true").unwrap();
        assert_eq!(on.metrics.listen.0, "[::1]:9617".parse().ok());
        assert_eq!(on.metrics.peer_bounds().map(|bounds| bounds.most), Some(50));
        assert_eq!(parse("").unwrap().metrics, off);
        let again = Config::parse(&on.to_toml().unwrap(), Path::new("t.toml"));
        assert_eq!(again.unwrap(), on);
    }

    #[test]
    fn what_is_wrong_is_refused_by_name() {
        for (text, words) in [
            ("listen = \"localhost\"", ["localhost", "127.0.0.1:9617"]),
            ("listen = \":9617\"", ["line 2", "127.0.0.1:9617"]),
            ("peers_max = 0", ["metrics.peers_max", "1 to 1000"]),
            ("addresses_max = 2000", ["metrics.addresses_max", "1024"]),
            (
                "peers_ttl_seconds = 1.0",
                ["metrics.peers_ttl_seconds", "60 to"],
            ),
        ] {
            let said = parse(text).unwrap_err();
            for word in words {
                assert!(said.contains(word), "{word} is missing: {said}");
            }
        }
    }
}
