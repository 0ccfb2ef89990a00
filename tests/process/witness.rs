//! What the README says of witnesses is so.

use edgeghost::config::Config;
use edgeghost::host::witness::Target;
use edgeghost_tests::binary;
use edgeghost_tests::temp::TempDir;

use crate::call::agent;

/// The README's section on witnesses.
fn section() -> String {
    let path = binary::fixtures().join("../../README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (_, rest) = readme.split_once("## Witnesses\n").unwrap();
    rest.split("\n## ").next().unwrap().to_owned()
}

#[test]
fn its_example_is_a_configuration_and_nothing_is_built_in() {
    let section = section();
    let (_, rest) = section.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let folder = TempDir::new().unwrap();
    let path = folder.write("edgeghost.toml", example).unwrap();
    let shown = agent(&["config", "--config", path.to_str().unwrap()]);
    shown.expect_code(0);
    assert!(
        shown.stdout.contains("http://198.51.100.10:80"),
        "{shown:#?}"
    );
    // Whether it may run here or not, it says what it would ask.
    let check = agent(&["check", "--config", path.to_str().unwrap()]);
    assert!(check.stdout.contains("4 target(s)"), "{check:#?}");
    let defaults = agent(&["config"]);
    defaults.expect_code(0);
    assert!(
        defaults.stdout.contains("[witness]\ntargets = []\n"),
        "{defaults:#?}"
    );
}

#[test]
fn a_name_in_place_of_an_address_is_refused_with_its_line() {
    let folder = TempDir::new().unwrap();
    let text = "[witness]\n\ntargets = [\"example.com:443\"]\n";
    let path = folder.write("edgeghost.toml", text).unwrap();
    let outcome = agent(&["run", "--config", path.to_str().unwrap()]);
    outcome.expect_code(2);
    outcome.expect_stderr(&["example.com:443", "line 3", "203.0.113.10:443"]);
}

/// The numbers in the cells of the row that begins with `begin`.
fn row(section: &str, begin: &str) -> Vec<u64> {
    let line = section.lines().find(|line| line.starts_with(begin));
    let line = line.unwrap_or_else(|| panic!("no row {begin} in {section}"));
    line.split('|')
        .filter_map(|cell| cell.trim().replace(',', "").parse().ok())
        .collect()
}

#[test]
fn its_costs_are_those_of_the_default_bounds() {
    let section = section();
    let cost = |target: &str| {
        let target: Target = target.parse().unwrap();
        let mut witness = Config::default().witness;
        witness.targets = vec![target];
        witness.cost()
    };
    for (begin, target) in [
        ("| each `address:port`", "203.0.113.10:443"),
        ("| each `http://`", "http://203.0.113.10:80"),
    ] {
        let cost = cost(target);
        assert_eq!(
            row(&section, begin),
            [cost.connections, cost.packets, cost.bytes],
            "{begin}"
        );
    }
    let hops = cost("203.0.113.10:443").hop_packets;
    assert_eq!(row(&section, "| all targets together"), [hops]);
}
