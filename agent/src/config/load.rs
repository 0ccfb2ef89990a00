//! Where settings come from: the defaults, a file, the environment, the command line. What comes
//! later counts.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{Config, ConfigError, depth};
use crate::shown::{shown, shown_lines};

/// The file that is read if none is named, if it is there.
pub const DEFAULT_FILE: &str = "/etc/edgeghost/edgeghost.toml";

/// Bytes of a file at most: every setting with its explanation comes to eight thousand.
const MOST_BYTES: u64 = 1 << 20;

/// Environment variables that begin like this and have a [`SEPARATOR`] are settings.
const PREFIX: &str = "EDGEGHOST_";

/// Between section and key, for both may have underscores.
const SEPARATOR: &str = "__";

/// Where the settings of this process come from. They can be read again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sources {
    file: Option<PathBuf>,
    /// Those of the environment, then those of the command line.
    settings: Vec<Setting>,
}

/// One setting that is not in the file.
#[derive(Debug, Clone, PartialEq)]
struct Setting {
    /// How it was given, as `EDGEGHOST_WINDOW__SECONDS` or `--set window.seconds`.
    origin: String,
    /// As `["window", "seconds"]`.
    path: Vec<String>,
    value: Value,
}

impl Sources {
    /// `file`, or the default one if that is there; over it the settings in `environment` and those
    /// of the command line, as `window.seconds=30`.
    pub fn new(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        command_line: &[String],
    ) -> Result<Self, ConfigError> {
        let default = Path::new(DEFAULT_FILE);
        let file = file.or_else(|| default.exists().then_some(default));
        let mut settings = Vec::new();
        let mut environment: Vec<_> = environment.into_iter().collect();
        environment.sort();
        for (name, text) in &environment {
            settings.extend(Setting::of_variable(name, text));
        }
        for text in command_line {
            settings.push(Setting::of_option(text)?);
        }
        Ok(Self {
            file: file.map(Path::to_owned),
            settings,
        })
    }

    /// The file, if there is one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Reads and checks them all, now.
    pub fn read(&self) -> Result<Config, ConfigError> {
        let text = match &self.file {
            Some(path) => read(path)?,
            None => String::new(),
        };
        let path = self.file.as_deref().unwrap_or(Path::new("(none)"));
        // By itself first: only the file's own text has lines that an error can name.
        let of_file = Config::parse_unchecked(&text, path)?;
        if self.settings.is_empty() {
            of_file.check(path)?;
            return Ok(of_file);
        }
        let mut table: Table = toml::from_str(&text).map_err(|source| ConfigError::Parse {
            path: path.to_owned(),
            help: String::new(),
            source: Box::new(source),
        })?;
        for setting in &self.settings {
            setting.put_into(&mut table)?;
            // One at a time, for the error to name the one that is wrong.
            <Config as serde::Deserialize>::deserialize(table.clone())
                .map_err(|why| setting.refused(&why))?;
        }
        let config = <Config as serde::Deserialize>::deserialize(table)
            .map_err(|why| refused("the settings together".to_owned(), &why))?;
        config.check(path).map_err(|error| self.whose(error))?;
        Ok(config)
    }

    /// Names who gave a value that is out of its bounds.
    fn whose(&self, error: ConfigError) -> ConfigError {
        let (ConfigError::Range { key, .. } | ConfigError::Refused { key, .. }) = &error else {
            return error;
        };
        let is_of = |setting: &&Setting| setting.path.join(".") == *key;
        let Some(setting) = self.settings.iter().rev().find(is_of) else {
            return error;
        };
        let why = match error {
            ConfigError::Range { value, allowed, .. } => {
                format!("{value} is out of range; allowed: {allowed}")
            }
            ConfigError::Refused { why, .. } => why,
            other => other.to_string(),
        };
        ConfigError::Setting {
            origin: setting.origin.clone(),
            why,
        }
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let text = || {
        let mut text = String::new();
        let read = File::open(path)?
            .take(MOST_BYTES + 1)
            .read_to_string(&mut text)?;
        if read as u64 > MOST_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("it has more than {MOST_BYTES} bytes"),
            ));
        }
        Ok(text)
    };
    text().map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })
}

fn refused(origin: String, why: &toml::de::Error) -> ConfigError {
    let why = why.message();
    ConfigError::Setting {
        why: shown_lines(&format!("{why}{}", super::suggest::help(why))),
        origin,
    }
}

impl Setting {
    /// A variable of the environment, if it is a setting: `EDGEGHOST_WINDOW__SECONDS`.
    fn of_variable(name: &str, text: &str) -> Option<Self> {
        let key = name.strip_prefix(PREFIX)?;
        key.contains(SEPARATOR).then(|| Self {
            origin: format!("environment variable {name}"),
            path: key.split(SEPARATOR).map(str::to_lowercase).collect(),
            value: value(text),
        })
    }

    /// `window.seconds=30`.
    fn of_option(text: &str) -> Result<Self, ConfigError> {
        let malformed = || ConfigError::Setting {
            origin: format!("--set {text}"),
            why: "not of the form SECTION.KEY=VALUE, as window.seconds=30".to_owned(),
        };
        let (key, text) = text.split_once('=').ok_or_else(malformed)?;
        let path: Vec<_> = key.trim().split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return Err(malformed());
        }
        Ok(Self {
            origin: format!("--set {}", key.trim()),
            path,
            value: value(text),
        })
    }

    fn put_into(&self, table: &mut Table) -> Result<(), ConfigError> {
        let Some((last, sections)) = self.path.split_last() else {
            return Ok(());
        };
        if sections.len() >= depth::MOST {
            return Err(ConfigError::Setting {
                origin: shown(&self.origin),
                why: format!("no key has more than {} parts", depth::MOST),
            });
        }
        let mut inside = table;
        for section in sections {
            let entry = inside.entry(section).or_insert_with(|| Table::new().into());
            inside = entry.as_table_mut().ok_or_else(|| ConfigError::Setting {
                origin: self.origin.clone(),
                why: format!("`{section}` is no section"),
            })?;
        }
        inside.insert(last.clone(), self.value.clone());
        Ok(())
    }

    fn refused(&self, why: &toml::de::Error) -> ConfigError {
        refused(self.origin.clone(), why)
    }
}

/// A value of TOML, or what is none as a text: quotes would have to get past a shell.
fn value(text: &str) -> Value {
    let text_of_value = format!("value = {text}");
    let parsed =
        depth::check(&text_of_value).and_then(|()| toml::from_str::<Table>(&text_of_value));
    parsed
        .ok()
        .and_then(|mut table| (table.len() == 1).then(|| table.remove("value")).flatten())
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests;
