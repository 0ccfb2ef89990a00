//! Every setting with its default and what it means: the sample configuration. It is made of the
//! types and their documentation, so that it cannot say anything else than they do.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::{Config, ConfigError, DEFAULT_FILE};

/// Width of the comments.
const COLUMNS: usize = 96;

impl Config {
    /// All settings as TOML, explained.
    pub fn document() -> Result<String, ConfigError> {
        let schema = serde_json::to_value(schemars::schema_for!(Config)).unwrap_or_default();
        let mut text = String::new();
        comment(
            &mut text,
            &format!(
                "Settings of edgeghost, all with their defaults: what is not set has the same. \
                 Read from {DEFAULT_FILE} unless --config names another file. Check a changed \
                 file with `edgeghost config --check FILE`; bring it into force with `systemctl \
                 reload edgeghost` (SIGHUP), which says what needs a restart. Environment \
                 variables come before the file (EDGEGHOST_WINDOW__SECONDS=30), options before \
                 both (--set window.seconds=30)."
            ),
        );
        let mut section = Section::top(&schema);
        for line in Self::default().to_toml()?.lines() {
            if let Some(name) = line.strip_prefix('[') {
                section.finish(&mut text);
                let name = name.trim_matches(['[', ']']);
                section = Section::of(&schema, name);
                text.push('\n');
                comment(&mut text, &section.about);
                let _ = writeln!(text, "{line}");
            } else if let Some((key, _)) = line.split_once(" = ") {
                comment(&mut text, &section.explain(key));
                let _ = writeln!(text, "{line}");
            }
        }
        section.finish(&mut text);
        Ok(text)
    }
}

/// What the types say of a section.
struct Section<'a> {
    about: String,
    keys: Option<&'a serde_json::Map<String, Value>>,
    told: BTreeSet<String>,
}

impl<'a> Section<'a> {
    /// What stands outside of any section.
    fn top(schema: &'a Value) -> Self {
        Self {
            about: String::new(),
            keys: schema.get("properties").and_then(Value::as_object),
            // Sections are told where they come.
            told: keys(schema).cloned().collect(),
        }
    }

    fn of(schema: &'a Value, name: &str) -> Self {
        let property = schema.pointer(&format!("/properties/{name}"));
        let reference = property
            .and_then(|property| {
                property
                    .get("$ref")
                    .or_else(|| property.pointer("/items/$ref"))
            })
            .and_then(Value::as_str)
            .unwrap_or_default();
        let kind = schema.pointer(reference.trim_start_matches('#'));
        Self {
            about: property.map(description).unwrap_or_default(),
            keys: kind
                .and_then(|kind| kind.get("properties"))
                .and_then(Value::as_object),
            told: BTreeSet::new(),
        }
    }

    /// What a key is for.
    fn explain(&mut self, key: &str) -> String {
        self.told.insert(key.to_owned());
        self.keys
            .and_then(|keys| keys.get(key))
            .map(description)
            .unwrap_or_default()
    }

    /// The keys that have no value by default, as comments.
    fn finish(&mut self, text: &mut String) {
        for (key, property) in self.keys.into_iter().flatten() {
            if self.told.contains(key) {
                continue;
            }
            comment(text, &description(property));
            let example = property.pointer("/examples/0").cloned().unwrap_or_default();
            let _ = writeln!(text, "#{key} = {example}");
        }
    }
}

fn keys(schema: &Value) -> impl Iterator<Item = &String> {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(serde_json::Map::keys)
}

fn description(property: &Value) -> String {
    property
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .replace('\n', " ")
}

/// Adds a comment, broken into lines.
fn comment(text: &mut String, words: &str) {
    let mut column = 0;
    for word in words.split_whitespace() {
        let length = word.chars().count();
        if column == 0 || column + 1 + length > COLUMNS {
            text.push_str(if column == 0 { "#" } else { "\n#" });
            column = 1;
        }
        text.push(' ');
        text.push_str(word);
        column += 1 + length;
    }
    if column > 0 {
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn it_reads_back_as_the_defaults() {
        let text = Config::document().unwrap();
        let read = Config::parse(&text, Path::new("x")).unwrap();
        assert_eq!(read, Config::default(), "{text}");
    }

    #[test]
    fn every_key_and_section_is_explained() {
        let text = Config::document().unwrap();
        let lines: Vec<_> = text.lines().collect();
        let mut explained = 0;
        for pair in lines.windows(2) {
            let [before, line] = pair else { continue };
            let is_key = line.contains(" = ") && !line.starts_with("# ");
            if is_key || line.starts_with('[') {
                assert!(before.starts_with("# "), "nothing explains {line}\n{text}");
                explained += 1;
            }
        }
        assert!(explained > 30, "{explained}");
        assert!(lines.iter().all(|line| line.chars().count() <= 120));
    }

    #[test]
    fn what_has_no_default_is_there_with_an_example() {
        let text = Config::document().unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("#private = "))
            .unwrap_or_else(|| panic!("{text}"));
        let with = text.replace(line, line.trim_start_matches('#'));
        Config::parse_unchecked(&with, Path::new("x"))
            .unwrap_or_else(|error| panic!("{error}\n{with}"));
    }
}
