use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

fn pairs(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    variables.iter().map(owned).collect()
}

/// The settings with a file of this text.
fn read_all(
    file: &str,
    variables: &[(&str, &str)],
    options: &[&str],
) -> Result<Config, ConfigError> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("edgeghost-load-{}-{number}.toml", std::process::id());
    let path: PathBuf = std::env::temp_dir().join(name);
    std::fs::write(&path, file).unwrap();
    let options: Vec<_> = options.iter().map(|text| (*text).to_owned()).collect();
    let config = Sources::new(Some(&path), pairs(variables), &options).and_then(|all| all.read());
    std::fs::remove_file(&path).unwrap();
    config
}

#[test]
fn what_comes_later_counts() {
    let config = read_all(
        "[window]\nseconds = 20.0\npeers_max = 7\n[detect]\nhold_seconds = 9.0\n",
        &[
            ("EDGEGHOST_WINDOW__SECONDS", "30"),
            ("EDGEGHOST_WINDOW__PEERS_MAX", "8"),
            ("EDGEGHOST_BIN", "not a setting"),
            ("WINDOW__SECONDS", "40"),
        ],
        &[
            "window.peers_max=9",
            "path.private_cidrs=[\"100.70.0.0/16\"]",
        ],
    )
    .unwrap();
    assert!((config.window.seconds - 30.0).abs() < f64::EPSILON);
    assert_eq!(config.window.peers_max, 9);
    assert!((config.detect.hold_seconds - 9.0).abs() < f64::EPSILON);
    assert_eq!(config.path.private_cidrs.len(), 1);
}

#[test]
fn a_text_needs_no_quotes() {
    let config = read_all("", &[("EDGEGHOST_EC2__METADATA", "off")], &[]).unwrap();
    assert!(config.ec2.settings().endpoints.is_empty());
}

#[test]
fn the_one_that_is_wrong_is_named() {
    let of = |variables: &[(&str, &str)], options: &[&str]| {
        read_all("[window]\nseconds = 20.0\n", variables, options)
            .unwrap_err()
            .to_string()
    };
    for (said, words) in [
        (
            of(&[("EDGEGHOST_WINDOW__SECONDS", "soon")], &[]),
            ["EDGEGHOST_WINDOW__SECONDS", "invalid type"],
        ),
        (
            of(&[("EDGEGHOST_WINDOW__SECONDS", "0")], &[]),
            ["EDGEGHOST_WINDOW__SECONDS", "1 to 3600"],
        ),
        (
            of(&[], &["window.secconds=3"]),
            ["--set window.secconds", "did you mean `seconds`"],
        ),
        (
            of(&[("EDGEGHOST_WINDOW__SECONDS", "5")], &["window.seconds=0"]),
            ["--set window.seconds:", "1 to 3600"],
        ),
        (of(&[], &["window.seconds"]), ["window.seconds", "=VALUE"]),
        (of(&[], &["=3"]), ["--set =3", "SECTION.KEY"]),
        (
            of(&[], &["window.seconds.x=3"]),
            ["--set window.seconds.x", "`seconds` is no section"],
        ),
    ] {
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
}

#[test]
fn the_files_own_mistakes_have_their_lines() {
    let said = read_all("[window]\n\nsecconds = 1\n", &[], &["window.seconds=30"])
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("line 3") && said.contains("did you mean"),
        "{said}"
    );
}
