//! The configuration: TOML, every key optional, every mistake refused by name.

use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::hash::fnv1a;

/// All settings, with their defaults.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What the kernel half reports.
    pub report: Report,
    /// Sums over time.
    pub window: Window,
    /// Bounds on what is kept per flow.
    pub flows: Flows,
    /// What counts as private.
    pub path: PathClasses,
    /// Judgement.
    pub detect: Detect,
    /// The agent about itself.
    pub health: Health,
}

/// What the kernel half reports.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Report {
    /// A flow reports at most once in so many seconds (0.1 to 60).
    pub interval_seconds: f64,
    /// Single retransmissions and window changes told per second and CPU; beyond it they are
    /// counted, not told. 0 tells none. The sums stay exact either way.
    pub detail_records_per_second: u32,
    /// How many may come at once.
    pub detail_burst: u32,
}

/// Sums over time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Window {
    /// Length of a window (1 to 3600).
    pub seconds: f64,
    /// Peers told per window: those with most retransmissions.
    pub peers_max: u32,
}

/// Bounds on what is kept per flow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flows {
    /// Flows that the kernel half keeps state for (about 250 bytes of kernel memory each).
    pub kernel_max: u32,
    /// Flows that the agent keeps state for (about 300 bytes each, when used).
    pub table_max: u32,
}

/// What counts as private.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PathClasses {
    /// Networks reached without the internet gateway although their addresses are public: a VPC
    /// in public address space, a peering, Direct Connect, a VPN.
    pub private_cidrs: Vec<IpNet>,
}

/// Judgement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Detect {
    /// The public side must have looked bad for so long before anything is advised: shorter
    /// disturbances pass by themselves.
    pub confirm_seconds: f64,
    /// The verdict itself must have stood for so long before anything is advised.
    pub hold_seconds: f64,
    /// The public side must be well for so long before an incident is closed.
    pub recovered_seconds: f64,
    /// No second advice for an address within so many seconds.
    pub cooldown_seconds: u64,
}

/// The agent about itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Health {
    /// Time between two `agent_health` (1 to 3600).
    pub seconds: f64,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            interval_seconds: 1.0,
            detail_records_per_second: 500,
            detail_burst: 1_000,
        }
    }
}

impl Default for Window {
    fn default() -> Self {
        Self {
            seconds: 10.0,
            peers_max: 20,
        }
    }
}

impl Default for Flows {
    fn default() -> Self {
        Self {
            kernel_max: edgeghost_common::limits::MAX_FLOWS,
            table_max: 65_536,
        }
    }
}

impl Default for Detect {
    fn default() -> Self {
        Self {
            confirm_seconds: 60.0,
            hold_seconds: 20.0,
            recovered_seconds: 120.0,
            cooldown_seconds: 1_800,
        }
    }
}

impl Default for Health {
    fn default() -> Self {
        Self { seconds: 60.0 }
    }
}

/// What is wrong with a configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {source}; give another with --config, or none")]
    Read {
        /// File.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not TOML, an unknown key or a value of the wrong type. The text names key and line.
    #[error("configuration {path}: {source}\n`edgeghost config` prints every key with its default")]
    Parse {
        /// File.
        path: PathBuf,
        /// What is wrong, and where.
        source: Box<toml::de::Error>,
    },
    /// A value out of its bounds.
    #[error("configuration {path}: {key} = {value} is out of range; allowed: {allowed}")]
    Range {
        /// File.
        path: PathBuf,
        /// Key, as `window.seconds`.
        key: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        allowed: &'static str,
    },
}

impl Config {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    /// Parses and checks `text`, which came from `path`.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|source| ConfigError::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        config.check(path)?;
        Ok(config)
    }

    /// As TOML.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// Digest of the effective configuration: FNV-1a of its TOML, 16 hex digits.
    pub fn digest(&self) -> String {
        let text = self.to_toml().unwrap_or_default();
        format!("{:016x}", fnv1a(text.bytes()))
    }

    fn check(&self, path: &Path) -> Result<(), ConfigError> {
        let seconds = [
            (
                "report.interval_seconds",
                self.report.interval_seconds,
                0.1..=60.0,
                "0.1 to 60",
            ),
            (
                "window.seconds",
                self.window.seconds,
                1.0..=3600.0,
                "1 to 3600",
            ),
            (
                "detect.confirm_seconds",
                self.detect.confirm_seconds,
                1.0..=3600.0,
                "1 to 3600",
            ),
            (
                "detect.hold_seconds",
                self.detect.hold_seconds,
                1.0..=3600.0,
                "1 to 3600",
            ),
            (
                "detect.recovered_seconds",
                self.detect.recovered_seconds,
                1.0..=3600.0,
                "1 to 3600",
            ),
            (
                "health.seconds",
                self.health.seconds,
                1.0..=3600.0,
                "1 to 3600",
            ),
        ];
        let counts = [
            (
                "flows.kernel_max",
                self.flows.kernel_max,
                128..=16_777_216,
                "128 to 16777216",
            ),
            (
                "flows.table_max",
                self.flows.table_max,
                128..=16_777_216,
                "128 to 16777216",
            ),
            (
                "report.detail_burst",
                self.report.detail_burst,
                1..=1_000_000,
                "1 to 1000000",
            ),
            (
                "window.peers_max",
                self.window.peers_max,
                0..=10_000,
                "0 to 10000",
            ),
        ];
        let out = |key, value: String, allowed| {
            Err(ConfigError::Range {
                path: path.to_owned(),
                key,
                value,
                allowed,
            })
        };
        for (key, value, range, allowed) in seconds {
            if !range.contains(&value) {
                return out(key, value.to_string(), allowed);
            }
        }
        for (key, value, range, allowed) in counts {
            if !range.contains(&value) {
                return out(key, value.to_string(), allowed);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("t.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn empty_is_the_default_and_the_default_reads_back() {
        assert_eq!(parse("").unwrap(), Config::default());
        assert_eq!(
            parse(&Config::default().to_toml().unwrap()).unwrap(),
            Config::default()
        );
    }

    #[test]
    fn mistakes_are_named() {
        let unknown = parse("[window]\nsecond = 5").unwrap_err();
        assert!(
            unknown.contains("second") && unknown.contains("line 2"),
            "{unknown}"
        );
        let kind = parse("[flows]\ntable_max = \"many\"").unwrap_err();
        assert!(
            kind.contains("table_max") && kind.contains("line 2"),
            "{kind}"
        );
        let range = parse("[window]\nseconds = 0.0").unwrap_err();
        assert!(
            range.contains("window.seconds") && range.contains("1 to 3600"),
            "{range}"
        );
        let nan = parse("[detect]\nhold_seconds = nan").unwrap_err();
        assert!(nan.contains("detect.hold_seconds"), "{nan}");
        let cidr = parse("[path]\nprivate_cidrs = [\"10.0.0.0/33\"]").unwrap_err();
        assert!(cidr.contains("private_cidrs"), "{cidr}");
    }

    #[test]
    fn equal_digests_for_equal_settings_only() {
        let other = parse("[window]\nseconds = 20.0").unwrap();
        assert_eq!(Config::default().digest(), parse("").unwrap().digest());
        assert_ne!(Config::default().digest(), other.digest());
    }
}
