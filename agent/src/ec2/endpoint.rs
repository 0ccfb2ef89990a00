//! Where the instance metadata service is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An address of the service: `http://169.254.169.254`, `http://[fd00:ec2::254]`, or one for tests
/// with a port. Never a name: no resolver is asked, and no proxy comes in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Endpoint(SocketAddr);

/// It is none.
#[derive(Debug, Error)]
#[error(
    "{0:?} is no metadata endpoint; give http:// and an address, as http://169.254.169.254 or \
     http://[fd00:ec2::254], with a port if it is not 80"
)]
pub struct EndpointError(String);

const HTTP: u16 = 80;

impl Endpoint {
    /// Both that AWS gives out: the IPv6 one answers where it is enabled (EC2 user guide,
    /// "Retrieve instance metadata").
    pub const DEFAULT: [Self; 2] = [
        Self(SocketAddr::new(
            IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
            HTTP,
        )),
        Self(SocketAddr::new(
            IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
            HTTP,
        )),
    ];

    /// Address and port.
    pub const fn socket(self) -> SocketAddr {
        self.0
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address = || {
            let rest = text.strip_prefix("http://")?;
            let rest = rest.strip_suffix('/').unwrap_or(rest);
            if let Ok(socket) = rest.parse() {
                return Some(socket);
            }
            let bare = rest
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'));
            let address = match bare {
                Some(v6) => IpAddr::V6(v6.parse().ok()?),
                None => IpAddr::V4(rest.parse().ok()?),
            };
            Some(SocketAddr::new(address, HTTP))
        };
        let found = address().filter(|socket: &SocketAddr| socket.port() != 0);
        found
            .map(Self)
            .ok_or_else(|| EndpointError(text.chars().take(100).collect()))
    }
}

impl TryFrom<String> for Endpoint {
    type Error = EndpointError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Endpoint> for String {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.to_string()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.ip(), self.0.port()) {
            (IpAddr::V4(address), HTTP) => write!(f, "http://{address}"),
            (IpAddr::V6(address), HTTP) => write!(f, "http://[{address}]"),
            _ => write!(f, "http://{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_only_and_they_read_back() {
        for text in [
            "http://169.254.169.254",
            "http://[fd00:ec2::254]",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
        ] {
            let endpoint: Endpoint = text.parse().unwrap();
            assert_eq!(endpoint.to_string(), text);
        }
        assert_eq!(
            "http://127.0.0.1/".parse::<Endpoint>().unwrap().0.port(),
            80
        );
        for bad in [
            "",
            "169.254.169.254",
            "https://169.254.169.254",
            "http://metadata",
            "http://1.2.3.4:0",
            "http://1.2.3.4/x",
            "http://fd00:ec2::254",
            "http://1.2.3.4:99999",
        ] {
            let error = bad.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains("http://169.254.169.254"), "{error}");
        }
    }
}
