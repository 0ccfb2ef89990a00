//! `[otlp]`: a collector that gets metrics, incidents and recommendations.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sink::Settings;
#[cfg(feature = "otlp")]
use crate::{
    event::Priority,
    sink::{Format, Target, Wanted},
};

/// Incidents and recommendations that may wait for the collector; on disk more do.
#[cfg(feature = "otlp")]
const QUEUE_LINES: usize = 1_024;

/// Port of OTLP over HTTP (OpenTelemetry, "OTLP Specification", section OTLP/HTTP).
const PORT: u16 = 4318;

/// Longest name of a host (RFC 1035, section 2.3.4).
const LONGEST_NAME: usize = 253;

/// Export by OTLP over HTTP, binary protobuf, without encryption: to a collector on this host or
/// in its private network, which passes on to wherever that may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Otlp {
    /// The collector, as `http://127.0.0.1:4318`, `http://[::1]:4318` or `http://collector:4318`;
    /// empty for none. Metrics go to `/v1/metrics` there, logs to `/v1/logs`; a path before these
    /// may be given.
    #[schemars(with = "String")]
    pub endpoint: Collector,
    /// Whether to export metrics, those of `[metrics]` with its bounds.
    pub metrics: bool,
    /// Time between two exports of metrics (1 to 3600).
    pub metrics_seconds: f64,
    /// Whether to export incidents and recommendations, as log records.
    pub logs: bool,
}

impl Default for Otlp {
    fn default() -> Self {
        Self {
            endpoint: Collector(None),
            metrics: true,
            metrics_seconds: 60.0,
            logs: true,
        }
    }
}

impl Otlp {
    /// The output of incidents and recommendations, if there is to be one.
    #[cfg(feature = "otlp")]
    pub fn output(&self) -> Option<Settings> {
        let site = self.endpoint.0.clone().filter(|_| self.logs)?;
        Some(Settings {
            target: Target::Otlp(site),
            format: Format::Otel,
            queue_lines: QUEUE_LINES,
            wanted: Wanted {
                events: Vec::new(),
                least: Some(Priority::Alert),
            },
        })
    }

    /// The output of incidents and recommendations: none in this program.
    #[cfg(not(feature = "otlp"))]
    pub const fn output(&self) -> Option<Settings> {
        None
    }

    /// The first key whose value is out of range, the value, and what is allowed.
    pub(super) fn out_of_range(&self) -> Option<(&'static str, String, &'static str)> {
        let seconds = self.metrics_seconds;
        let out = !(1.0..=3600.0).contains(&seconds);
        out.then(|| ("otlp.metrics_seconds", seconds.to_string(), "1 to 3600"))
    }

    /// The first key that will not do, and why.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        let without = !cfg!(feature = "otlp") && *self != Self::default();
        without.then(|| {
            let why = "this program was built without export to OpenTelemetry; build one with the \
                       feature `otlp` (`cargo xtask build --otlp`, `cargo xtask package --otlp`), \
                       or take the section [otlp] out";
            ("otlp", why.to_owned())
        })
    }
}

/// Where a collector is, or none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Collector(pub Option<Site>);

/// Where a collector is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// Name or address; one of IPv6 without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// What comes before `/v1/…`; empty, or beginning with a slash and not ending with one.
    pub path: String,
}

impl Site {
    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("http://")?;
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at_checked(at)?,
            None => (rest, ""),
        };
        let (host, port) = match authority.strip_prefix('[') {
            Some(v6) => {
                let (host, port) = v6.split_once(']')?;
                host.parse::<std::net::Ipv6Addr>().ok()?;
                (host, port)
            }
            None => authority.split_at_checked(authority.find(':').unwrap_or(authority.len()))?,
        };
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().ok().filter(|port| *port != 0)?,
            None if port.is_empty() => PORT,
            None => return None,
        };
        // What is quoted in a request's head must not be able to end a line of it.
        let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let is_host = !host.is_empty() && host.len() <= LONGEST_NAME;
        let is_name = authority.starts_with('[') || host.bytes().all(named);
        let is_path = path
            .bytes()
            .all(|byte| named(byte) || b"/~%".contains(&byte));
        (is_host && is_name && is_path).then(|| Self {
            host: host.to_owned(),
            port,
            path: path.trim_end_matches('/').to_owned(),
        })
    }

    /// Host and port, as a request's head has them.
    pub fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority(), self.path)
    }
}

impl From<Collector> for String {
    fn from(collector: Collector) -> Self {
        collector.0.map(|site| site.to_string()).unwrap_or_default()
    }
}

impl FromStr for Collector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let site = Site::parse(text).ok_or_else(|| {
            let shown: String = text.chars().take(100).collect();
            format!(
                "`{shown}` is no OTLP endpoint; give http:// with a name or an address, as \
                 http://127.0.0.1:4318, or \"\" for none. https is not spoken: have a collector on \
                 this host pass on what it gets"
            )
        })?;
        Ok(Self(Some(site)))
    }
}

impl TryFrom<String> for Collector {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    #[test]
    fn endpoints_read_back_and_have_their_port() {
        for (text, same) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318"),
            ("http://127.0.0.1", "http://127.0.0.1:4318"),
            ("http://[::1]:9/", "http://[::1]:9"),
            (
                "http://collector.internal:80/a/b/",
                "http://collector.internal:80/a/b",
            ),
        ] {
            let collector: Collector = text.parse().unwrap();
            assert_eq!(String::from(collector.clone()), same);
            assert_eq!(same.parse(), Ok(collector));
        }
        assert_eq!("".parse(), Ok(Collector(None)));
    }

    #[test]
    fn what_is_no_endpoint_is_refused_with_an_example() {
        for text in [
            "127.0.0.1:4318",
            "https://127.0.0.1:4318",
            "http://",
            "http://:4318",
            "http://a:0",
            "http://a:70000",
            "http://a b",
            "http://a\r\nX: y",
            "http://a/\r\n",
            "http://[127.0.0.1]:1",
            "http://[::1]x",
            "http://user@host",
        ] {
            let said = text.parse::<Collector>().unwrap_err();
            assert!(said.contains("http://127.0.0.1:4318"), "{text}: {said}");
        }
    }

    #[test]
    fn it_is_off_by_default_and_only_in_a_program_that_has_it() {
        assert_eq!(Config::default().otlp.endpoint, Collector(None));
        let text = "[otlp]\nendpoint = \"http://127.0.0.1:4318\"\nmetrics_seconds = 5.0\n";
        let read = Config::parse(text, Path::new("t.toml"));
        if cfg!(feature = "otlp") {
            let read = read.unwrap();
            let again = Config::parse(&read.to_toml().unwrap(), Path::new("t.toml"));
            assert_eq!(again.unwrap(), read);
        } else {
            let said = read.unwrap_err().to_string();
            assert!(
                said.contains("t.toml: otlp: ") && said.contains("--otlp"),
                "{said}"
            );
        }
        let fast = "[otlp]\nmetrics_seconds = 0.1\n";
        let said = Config::parse(fast, Path::new("t.toml"))
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("otlp.metrics_seconds") && said.contains("1 to 3600"),
            "{said}"
        );
    }
}
