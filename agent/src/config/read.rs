//! Reading a configuration, and refusing what is wrong with it.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserializer;
use serde::de::{SeqAccess, Visitor};
use thiserror::Error;

use super::{Config, depth, suggest};
use crate::hash::fnv1a;
use crate::path::{AsTable, AsTableError, AwsRanges, AwsRangesError};
use crate::shown::{shown, shown_lines};

/// A key, its value, the range that it must be in, and that range in words.
type Bounded<T> = (&'static str, T, RangeInclusive<T>, &'static str);

/// Each may take its time, and all together have two seconds.
const MAX_ENDPOINTS: usize = 4;

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
    #[error(
        "configuration {path}: {}{help}\n`edgeghost config --default` explains every key",
        shown_lines(&.source.to_string())
    )]
    Parse {
        /// File.
        path: PathBuf,
        /// What was probably meant.
        help: String,
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
    /// A value that cannot serve its purpose.
    #[error("configuration {path}: {key}: {why}")]
    Refused {
        /// File.
        path: PathBuf,
        /// Key, as `witness.targets`.
        key: &'static str,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// A setting of the environment or the command line is wrong.
    #[error("{origin}: {why}")]
    Setting {
        /// How it was given, as `--set window.seconds`.
        origin: String,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// It cannot be written as TOML.
    #[error("the configuration cannot be written as TOML: {0}")]
    Write(#[from] toml::ser::Error),
    /// A table of autonomous systems that it names cannot be used.
    #[error(transparent)]
    AsTable(#[from] AsTableError),
    /// AWS's ranges that it names cannot be used.
    #[error(transparent)]
    AwsRanges(#[from] AwsRangesError),
}

impl Config {
    /// Parses and checks `text`, which came from `path`.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let config = Self::parse_unchecked(text, path)?;
        config.check(path)?;
        Ok(config)
    }

    /// Parses `text`, whatever values it gives.
    pub(super) fn parse_unchecked(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let parsed = depth::check(text).and_then(|()| toml::from_str(text));
        parsed.map_err(|source: toml::de::Error| ConfigError::Parse {
            path: path.to_owned(),
            help: shown(&suggest::help(source.message())),
            source: Box::new(source),
        })
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

    /// The table of autonomous systems that it names, if it names one.
    pub fn systems(&self) -> Result<Option<Arc<AsTable>>, ConfigError> {
        let files = self.path.as_table.as_slice();
        if files.is_empty() {
            return Ok(None);
        }
        Ok(Some(Arc::new(AsTable::read(files)?)))
    }

    /// AWS's ranges, if it names a file of them.
    pub fn aws_ranges(&self) -> Result<Option<Arc<AwsRanges>>, ConfigError> {
        let file = self.path.aws_ranges.as_path();
        if file.as_os_str().is_empty() {
            return Ok(None);
        }
        Ok(Some(Arc::new(AwsRanges::read(file)?)))
    }

    /// Checks that every value is in its bounds and serves its purpose; `path` is for the error.
    pub(super) fn check(&self, path: &Path) -> Result<(), ConfigError> {
        let out = |key, value: String, allowed| {
            Err(ConfigError::Range {
                path: path.to_owned(),
                key,
                value,
                allowed,
            })
        };
        for (key, value, range, allowed) in self.seconds() {
            if !range.contains(&value) {
                return out(key, value.to_string(), allowed);
            }
        }
        for (key, value, range, allowed) in self.counts() {
            if !range.contains(&value) {
                return out(key, value.to_string(), allowed);
            }
        }
        self.check_endpoints(path)?;
        self.check_sections(path)?;
        self.check_sinks(path)
    }

    /// Values that are times or shares, and what they may be.
    fn seconds(&self) -> Vec<Bounded<f64>> {
        vec![
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
                "detect.counsel_seconds",
                self.detect.counsel_seconds,
                1.0..=86_400.0,
                "1 to 86400",
            ),
            (
                "health.seconds",
                self.health.seconds,
                1.0..=3600.0,
                "1 to 3600",
            ),
            (
                "ec2.refresh_seconds",
                self.ec2.refresh_seconds,
                1.0..=3600.0,
                "1 to 3600",
            ),
        ]
    }

    /// Values that are counts, and what they may be.
    fn counts(&self) -> Vec<Bounded<u32>> {
        vec![
            (
                "record.file_mebibytes",
                self.record.file_mebibytes,
                1..=4_096,
                "1 to 4096",
            ),
            (
                "detect.advices_a_day",
                self.detect.advices_a_day,
                1..=100,
                "1 to 100",
            ),
            ("record.files", self.record.files, 1..=1_000, "1 to 1000"),
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
        ]
    }

    /// What the sections with a file of their own say of themselves.
    fn check_sections(&self, path: &Path) -> Result<(), ConfigError> {
        let out_of_range = self.witness.out_of_range();
        let out_of_range = out_of_range.or_else(|| self.metrics.out_of_range());
        if let Some((key, value, allowed)) = out_of_range.or_else(|| self.otlp.out_of_range()) {
            return Err(ConfigError::Range {
                path: path.to_owned(),
                key,
                value,
                allowed,
            });
        }
        let fault = self.witness.fault(&self.path.private_cidrs);
        let fault = fault.or_else(|| self.status.fault());
        match fault.or_else(|| self.otlp.fault()) {
            Some((key, why)) => Err(ConfigError::Refused {
                path: path.to_owned(),
                key,
                why,
            }),
            None => Ok(()),
        }
    }

    fn check_sinks(&self, path: &Path) -> Result<(), ConfigError> {
        let out = self.sinks.out_of_range().or(self.spool.out_of_range());
        if let Some((key, value, allowed)) = out {
            return Err(ConfigError::Range {
                path: path.to_owned(),
                key,
                value,
                allowed,
            });
        }
        match self.sinks.fault() {
            Some((key, why)) => Err(ConfigError::Refused {
                path: path.to_owned(),
                key,
                why,
            }),
            None => Ok(()),
        }
    }

    fn check_endpoints(&self, path: &Path) -> Result<(), ConfigError> {
        let count = self.ec2.endpoints.len();
        if (1..=MAX_ENDPOINTS).contains(&count) {
            return Ok(());
        }
        Err(ConfigError::Range {
            path: path.to_owned(),
            key: "ec2.endpoints",
            value: format!("a list of {count}"),
            allowed: "1 to 4 of them; ec2.metadata = \"off\" asks none",
        })
    }
}

/// Files: one by its name, or a list of them.
pub(super) fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<PathBuf>, D::Error> {
    struct Files;

    impl<'de> Visitor<'de> for Files {
        type Value = Vec<PathBuf>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a file name, or a list of file names")
        }

        fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
            Ok(vec![name.into()])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Self::Value, A::Error> {
            let mut files = Vec::new();
            while let Some(name) = names.next_element()? {
                files.push(name);
            }
            Ok(files)
        }
    }

    from.deserialize_any(Files)
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
        let table = parse("[path]\n\nas_table = 7").unwrap_err();
        assert!(
            table.contains("as_table") && table.contains("a file name, or a list of file names"),
            "{table}"
        );
    }

    #[test]
    fn mistakes_about_the_metadata_are_named() {
        for (text, words) in [
            ("metadata = \"v1\"", ["metadata", "`auto` or `off`"]),
            (
                "endpoints = [\"http://metadata\"]",
                ["endpoints", "http://169.254.169.254"],
            ),
            ("endpoints = []", ["ec2.endpoints", "1 to 4 of them"]),
            (
                "refresh_seconds = 0.5",
                ["ec2.refresh_seconds", "1 to 3600"],
            ),
            ("refresh = 5", ["refresh", "line 2"]),
        ] {
            let error = parse(&format!("[ec2]\n{text}\n")).unwrap_err();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
        let own = parse("[ec2]\nendpoints = [\"http://127.0.0.1:8080\"]").unwrap();
        assert_eq!(own.ec2.settings().endpoints.len(), 1);
        let off = parse("[ec2]\nmetadata = \"off\"").unwrap();
        assert!(off.ec2.settings().endpoints.is_empty());
    }

    #[test]
    fn one_file_is_a_list_of_one() {
        let one = parse("[path]\nas_table = \"a.gz\"").unwrap();
        assert_eq!(one.path.as_table, [PathBuf::from("a.gz")]);
        let same = parse("[path]\nas_table = [\"a.gz\"]").unwrap();
        assert_eq!(one.digest(), same.digest());
        let two = parse("[path]\nas_table = [\"a.gz\", \"b\"]").unwrap();
        assert_eq!(two.path.as_table.len(), 2);
        assert_eq!(parse(&two.to_toml().unwrap()).unwrap(), two);
        assert_ne!(one.digest(), Config::default().digest());
    }

    #[test]
    fn equal_digests_for_equal_settings_only() {
        let other = parse("[window]\nseconds = 20.0").unwrap();
        assert_eq!(Config::default().digest(), parse("").unwrap().digest());
        assert_ne!(Config::default().digest(), other.digest());
    }
}
