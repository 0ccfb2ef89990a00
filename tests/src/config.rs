//! The agent's configuration file as the tests write it.

use std::fmt::Write as _;

/// A configuration file in the making: sections with keys, everything else is default.
#[derive(Debug, Clone, Default)]
pub struct Config {
    sections: Vec<(&'static str, Vec<(&'static str, String)>)>,
    sinks: Vec<String>,
}

impl Config {
    /// All default.
    pub const fn new() -> Self {
        Self {
            sections: Vec::new(),
            sinks: Vec::new(),
        }
    }

    /// Adds an output with these keys, as TOML has them.
    #[must_use]
    pub fn sink(mut self, keys: impl Into<String>) -> Self {
        self.sinks.push(keys.into());
        self
    }

    /// Sets `key` of `section` to `value`, which is written as TOML takes it.
    #[must_use]
    pub fn set(
        mut self,
        section: &'static str,
        key: &'static str,
        value: &(impl ToString + ?Sized),
    ) -> Self {
        let value = (key, value.to_string());
        match self.sections.iter_mut().find(|(name, _)| *name == section) {
            Some((_, keys)) => keys.push(value),
            None => self.sections.push((section, vec![value])),
        }
        self
    }

    /// Whether anything of `section` is set.
    pub fn has(&self, section: &str) -> bool {
        self.sections.iter().any(|(name, _)| *name == section)
    }

    /// The file.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        for (section, keys) in &self.sections {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "[{section}]");
            for (key, value) in keys {
                let _ = writeln!(text, "{key} = {value}");
            }
        }
        for sink in &self.sinks {
            let _ = writeln!(text, "[[sinks]]\n{sink}");
        }
        text
    }
}
