//! What the README shows is what the program does.

use std::collections::BTreeSet;

use edgeghost_tests::binary;
use edgeghost_tests::schema::Schema;
use edgeghost_tests::temp::TempDir;
use serde_json::Value;

use crate::call::agent;

fn readme() -> String {
    let path = binary::fixtures().join("../../README.md");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Fenced blocks of one language.
fn blocks(readme: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    readme
        .split(&opening)
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("```")?.0.to_owned()))
        .collect()
}

#[test]
fn its_events_are_events() {
    let schema = Schema::of(&binary::agent().unwrap()).unwrap();
    let shown = blocks(&readme(), "json");
    assert!(!shown.is_empty(), "the README shows no event");
    for text in shown {
        let event: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(schema.complaints(&event), Vec::<String>::new());
    }
}

#[test]
fn its_settings_are_settings() {
    let shown = blocks(&readme(), "toml");
    assert!(shown.len() >= 3, "{shown:?}");
    for text in shown {
        let folder = TempDir::new().unwrap();
        let file = folder.write("edgeghost.toml", &text).unwrap();
        // That one section takes a program which not everybody has, and which is not run here.
        let code = if text.contains("[otlp]") { 2 } else { 0 };
        agent(&["config", "--config", file.to_str().unwrap()]).expect_code(code);
    }
}

#[test]
fn its_commands_are_commands() {
    let listings = blocks(&readme(), "text").concat();
    let commands: BTreeSet<&str> = listings
        .lines()
        .filter_map(|line| line.strip_prefix("edgeghost "))
        .filter_map(|rest| rest.split_whitespace().next())
        .collect();
    assert!(commands.len() >= 4, "{commands:?}");
    for command in commands {
        agent(&[command, "--help"]).expect_code(0);
    }
}

#[test]
fn its_table_of_events_is_whole() {
    let schema = Schema::of(&binary::agent().unwrap()).unwrap();
    let readme = readme();
    for name in schema.names() {
        assert!(
            readme.contains(&format!("`{name}`")),
            "{name} is not in the README"
        );
    }
}

/// What it shows of a recommendation is in the one that is kept whole, which a test makes anew.
#[test]
fn its_advice_is_advice() {
    let path = binary::fixtures().join("recommendation.txt");
    let whole = std::fs::read_to_string(&path).unwrap();
    let shown = blocks(&readme(), "advice").concat();
    let lines: Vec<&str> = shown.lines().filter(|line| !line.is_empty()).collect();
    assert!(lines.len() >= 5, "{lines:?}");
    for line in lines {
        assert!(whole.lines().any(|other| other == line), "{line}");
    }
}
