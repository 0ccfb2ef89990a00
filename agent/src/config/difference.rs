//! What changes when the configuration is read again, and what of it can change in a running agent.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Config;

/// Settings that take effect at once, by the beginning of their names. What else there is decides
/// over sizes, files and sockets from the start on, or over what peers were judged by so far.
const LIVE: [&str; 6] = [
    "report.",
    "window.",
    "path.private_cidrs",
    "path.aws_ranges",
    "detect.",
    "health.",
];

/// A configuration, read again.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What is in force from now on.
    pub config: Config,
    /// Names of the settings that changed and are in force.
    pub applied: Vec<String>,
    /// Names of those that a restart brings.
    pub needs_restart: Vec<String>,
}

impl Config {
    /// What comes of this one when `new` has been read in its place.
    pub fn changed_to(&self, new: &Self) -> Change {
        let (before, after) = (self.keys(), new.keys());
        let names = before.keys().chain(after.keys());
        let mut changed: Vec<_> = names
            .filter(|name| before.get(*name) != after.get(*name))
            .cloned()
            .collect();
        changed.sort();
        changed.dedup();
        let (applied, needs_restart) = changed.into_iter().partition(|name| is_live(name));
        let mut config = self.clone();
        config.report = new.report;
        config.window = new.window;
        config
            .path
            .private_cidrs
            .clone_from(&new.path.private_cidrs);
        config.path.aws_ranges.clone_from(&new.path.aws_ranges);
        config.detect = new.detect;
        config.health = new.health;
        Change {
            config,
            applied,
            needs_restart,
        }
    }

    /// All settings by their names, as `window.seconds`.
    fn keys(&self) -> BTreeMap<String, Value> {
        let text = self.to_toml().unwrap_or_default();
        let table: Table = toml::from_str(&text).unwrap_or_default();
        let mut keys = BTreeMap::new();
        for (section, value) in table {
            if let Value::Table(inside) = value {
                let named = |(key, value)| (format!("{section}.{key}"), value);
                keys.extend(inside.into_iter().map(named));
            } else {
                keys.insert(section, value);
            }
        }
        keys
    }
}

fn is_live(name: &str) -> bool {
    LIVE.iter().any(|live| name.starts_with(live))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(text: &str) -> Config {
        Config::parse(text, Path::new("x")).unwrap()
    }

    #[test]
    fn what_is_live_is_in_force_and_the_rest_is_named() {
        let before = config("[window]\nseconds = 20.0\n");
        let after = config(
            "[detect]\nhold_seconds = 9.0\n[flows]\ntable_max = 4096\n[path]\n\
             private_cidrs = [\"100.70.0.0/16\"]\nas_table = \"a.gz\"\n",
        );
        let change = before.changed_to(&after);
        assert_eq!(
            change.applied,
            [
                "detect.hold_seconds",
                "path.private_cidrs",
                "window.seconds"
            ]
        );
        assert_eq!(change.needs_restart, ["flows.table_max", "path.as_table"]);
        let again = change.config.changed_to(&after);
        assert_eq!(again.applied, [] as [&str; 0], "they are in force");
        assert_eq!(again.needs_restart, change.needs_restart, "they are not");
    }

    /// A setting that is told to be in force and is not, or the other way round, shows here.
    #[test]
    fn what_is_told_is_what_is_done() {
        let defaults = Config::default();
        let mut seen = 0;
        for name in defaults.keys().keys() {
            let mut table: Table = toml::from_str(&defaults.to_toml().unwrap()).unwrap();
            let (section, key) = name.split_once('.').unwrap_or((name, ""));
            let value = table
                .get_mut(section)
                .and_then(Value::as_table_mut)
                .and_then(|keys| keys.get_mut(key));
            match value {
                Some(Value::Float(number)) => *number += 1.0,
                Some(Value::Integer(number)) => *number += 1,
                _ => continue,
            }
            seen += 1;
            let changed: Config = table.try_into().unwrap();
            let change = defaults.changed_to(&changed);
            assert_eq!(change.config == changed, is_live(name), "{name}");
            let told = [change.applied, change.needs_restart].concat();
            assert_eq!(told.join(" "), *name);
        }
        assert!(seen > 20, "{seen}");
    }
}
