//! Whom to ask.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Written before an address: HTTP is spoken there.
const HTTP: &str = "http://";

/// Requests on one connection to a target that speaks HTTP.
pub(super) const REQUESTS: u32 = 5;

/// What is done on a connection, beyond opening it and closing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talk {
    /// Nothing: any TCP service takes that.
    Connect,
    /// A few `HEAD` requests, one after the other.
    Http,
}

impl Talk {
    /// As it is published.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Http => "http",
        }
    }

    /// Segments of a connection that the peer acknowledges one by one, the SYN and the FIN among
    /// them: each is a trial of the path.
    pub const fn trials(self) -> u32 {
        match self {
            Self::Connect => 2,
            Self::Http => 2 + REQUESTS,
        }
    }

    /// Packets that this host sends for a connection if none is lost: the trials, and an
    /// acknowledgement of the SYN-ACK, of each answer and of the peer's FIN.
    pub const fn packets(self) -> u32 {
        match self {
            Self::Connect => 4,
            Self::Http => 4 + 2 * REQUESTS,
        }
    }
}

/// Somebody who may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Where.
    pub at: SocketAddr,
    /// What is done there.
    pub talk: Talk,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.talk {
            Talk::Connect => "",
            Talk::Http => HTTP,
        };
        write!(f, "{scheme}{}", self.at)
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (talk, at) = match text.strip_prefix(HTTP) {
            Some(rest) => (Talk::Http, rest.strip_suffix('/').unwrap_or(rest)),
            None => (Talk::Connect, text),
        };
        match at.parse::<SocketAddr>() {
            Ok(at) if at.port() != 0 => Ok(Self { at, talk }),
            _ => Err(format!(
                "`{text}` is not an address with a port, as \"203.0.113.10:443\", \
                 \"[2001:db8::10]:443\" or \"http://203.0.113.10:80\"; a name will not do, for \
                 the resolver may be behind the path in question"
            )),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_as_it_is_read() {
        for text in [
            "203.0.113.10:443",
            "[2001:db8::10]:22",
            "http://203.0.113.10:80",
            "http://[2001:db8::10]:8080",
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        let slash: Target = "http://203.0.113.10:80/".parse().unwrap();
        assert_eq!(slash.talk, Talk::Http);
    }

    #[test]
    fn what_is_no_target_is_named_with_what_would_be() {
        for text in [
            "",
            "203.0.113.10",
            "203.0.113.10:0",
            "example.com:443",
            "https://203.0.113.10:443",
            "http://203.0.113.10:80/status",
        ] {
            let error = text.parse::<Target>().unwrap_err();
            assert!(error.contains(text) && error.contains("443"), "{error}");
        }
    }
}
