//! What `agent/docs/detection.md` says of the detector is what the detector does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use edgeghost_tests::binary;
use serde_json::Value;

use crate::call::{agent, run};

/// How the picture is drawn: of which address, and when the fault was there.
const PICTURE: [&str; 5] = ["--address", "10.1.0.100", "--fault", "60", "210"];

fn read(path: &str) -> String {
    let path = binary::fixtures().join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn page() -> String {
    read("agent/docs/detection.md")
}

/// First and second cell of the rows of all tables whose first cell is one word of code.
fn rows(page: &str) -> BTreeMap<String, String> {
    let cells = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.strip_suffix('`')?;
        let value = cells.next()?.to_owned();
        (!name.contains(' ')).then(|| (name.to_owned(), value))
    });
    cells.collect()
}

fn number(cell: &str) -> Option<f64> {
    cell.split(' ').next()?.replace('_', "").parse().ok()
}

#[test]
fn it_tells_of_every_verdict() {
    let schema = agent(&["schema"]);
    schema.expect_code(0);
    let schema: Value = serde_json::from_str(&schema.stdout).unwrap();
    let verdicts = schema["$defs"]["VerdictName"]["oneOf"].as_array().unwrap();
    let rows = rows(&page());
    assert!(verdicts.len() >= 12, "{verdicts:?}");
    for verdict in verdicts {
        let name = verdict["const"].as_str().unwrap();
        assert!(rows.contains_key(name), "{name} is not in the table");
    }
}

/// `P24` and the like between the ticks of code.
fn scenarios(page: &str) -> BTreeSet<&str> {
    let words = page.split('`').skip(1).step_by(2);
    let is_scenario = |word: &&str| {
        let mut letters = word.chars();
        word.len() == 3
            && letters
                .next()
                .is_some_and(|letter| letter.is_ascii_uppercase())
            && letters.all(|digit| digit.is_ascii_digit())
    };
    words.filter(is_scenario).collect()
}

#[test]
fn its_scenarios_exist() {
    let list = run(Command::new(binary::scenarios().unwrap()).arg("--list"));
    list.expect_code(0);
    let page = page();
    let told = scenarios(&page);
    let known: BTreeSet<&str> = list
        .stdout
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let unknown: Vec<_> = told.difference(&known).collect();
    assert!(unknown.is_empty(), "no such scenarios: {unknown:?}");
    assert!(told.len() > 70, "{told:?}");
}

#[test]
fn its_settings_are_all_there_are_and_have_their_defaults() {
    let config = agent(&["config"]);
    config.expect_code(0);
    let (_, detect) = config.stdout.split_once("[detect]\n").unwrap();
    let defaults: BTreeMap<String, f64> = detect
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(" = "))
        .map(|(key, value)| (format!("detect.{key}"), number(value).unwrap()))
        .collect();
    let told: BTreeMap<String, f64> = rows(&page())
        .into_iter()
        .filter(|(key, _)| key.starts_with("detect."))
        .map(|(key, value)| (key, number(&value).unwrap()))
        .collect();
    assert!(!defaults.is_empty());
    assert_eq!(told, defaults);
}

#[test]
fn its_fixed_numbers_are_those_of_the_source() {
    let source = read("agent/src/detect/params.rs");
    let constant = |name: &str| {
        let (_, rest) = source.split_once(&format!("const {name}: "))?;
        let (_, value) = rest.split_once(" = ")?;
        let (value, _) = value.split_once(';')?;
        number(value)
    };
    let rows = rows(&page());
    let told = rows
        .iter()
        .filter(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
    let mut count = 0;
    for (name, value) in told {
        assert_eq!(number(value), constant(name), "{name}");
        count += 1;
    }
    assert!(count > 20, "{count}");
}

fn draw(args: &[&str]) -> crate::call::Outcome {
    let recording = binary::fixtures().join("recordings/collapse.gz");
    let mut command = Command::new(binary::scenarios().unwrap());
    run(command
        .arg("--picture")
        .arg(Path::new(&recording))
        .args(args))
}

/// What is written in a picture: moments, verdicts, scales.
fn writing(picture: &str) -> Vec<&str> {
    let texts = picture.split("<text ").skip(1);
    texts
        .filter_map(|text| Some(text.split_once('>')?.1.split_once('<')?.0))
        .collect()
}

#[test]
fn its_picture_is_what_the_detector_makes_of_the_recording() {
    let drawn = draw(&PICTURE);
    drawn.expect_code(0);
    let page = page();
    let kept = read("agent/docs/detection.svg");
    assert!(page.contains("](detection.svg)"));
    assert_eq!(
        writing(&kept),
        writing(&drawn.stdout),
        "draw it anew: edgeghost-scenarios --picture tests/fixtures/recordings/collapse.gz {} > \
         agent/docs/detection.svg",
        PICTURE.join(" ")
    );
    for moment in ["verdict", "advice", "well again"] {
        let moments = writing(&kept);
        let told = moments.iter().find(|text| text.ends_with(moment)).unwrap();
        let (seconds, _) = told.split_once(" s: ").unwrap();
        assert!(page.contains(&format!("{seconds} s")), "{told}");
    }
}

#[test]
fn what_cannot_be_drawn_is_an_error() {
    draw(&[]).expect_code(2);
    let absent = draw(&["--address", "192.0.2.77"]);
    absent.expect_code(1);
    absent.expect_stderr(&["192.0.2.77"]);
    let backwards = draw(&["--address", "10.1.0.100", "--fault", "210", "60"]);
    backwards.expect_code(1);
}
