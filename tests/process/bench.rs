//! The benchmarks run; how fast is not for a test to say.

use std::process::Command;

use edgeghost_tests::{binary, temp::TempDir};

use crate::call::{Outcome, run};

fn bench(args: &[&str]) -> Outcome {
    run(Command::new(binary::bench().unwrap()).args(args))
}

#[test]
fn a_table_is_measured_beside_a_map() {
    let folder = TempDir::new().unwrap();
    let table = "# nested, nobody, too long\n198.51.0.0\t16\t1\n198.51.100.0\t24\t2_3\n\
                 203.0.113.0\t24\t23456\n2001:db8::\t32\t4\n2001:db8::1\t128\t5\n";
    let table = folder.write("table.tsv", table).unwrap();
    let table = table.to_str().unwrap();
    let outcome = bench(&["as-table", "--table", table, "--look-ups", "1000"]);
    outcome.expect_code(0);
    for part in [
        "3 IPv4 and 1 IPv6 prefixes",
        "spans (AsTable)",
        "prefix-trie",
        " ns",
    ] {
        assert!(outcome.stdout.contains(part), "{part}: {outcome:#?}");
    }
}

#[test]
fn ranges_are_measured() {
    let outcome = bench(&["aws-ranges", "--look-ups", "1000"]);
    outcome.expect_code(0);
    for part in ["10576 IPv4", "MiB more resident", "gateway endpoint", " ns"] {
        assert!(outcome.stdout.contains(part), "{part}: {outcome:#?}");
    }
}

#[test]
fn the_detector_is_measured_while_calm_and_in_a_collapse() {
    let outcome = bench(&["detector", "--flows=60", "--networks=10", "--flood=500"]);
    outcome.expect_code(0);
    for part in [
        "60 flows on 10 networks, 30 prefixes",
        "[Healthy]",
        "[PublicOnlyCollapse]",
        "KiB a prefix",
        "500 different prefixes",
    ] {
        assert!(outcome.stdout.contains(part), "{part}: {outcome:#?}");
    }
}

#[test]
fn recordings_are_judged_plain_and_packed() {
    let outcome = bench(&["replay", "--flows", "7", "--seconds", "20"]);
    outcome.expect_code(0);
    for part in ["20 s recorded", "plain", "gzip", " times"] {
        assert!(outcome.stdout.contains(part), "{part}: {outcome:#?}");
    }
}

/// Nobody copies a figure by hand.
#[test]
fn the_readme_shows_the_figures_of_the_last_whole_run() {
    let outcome = bench(&["table"]);
    outcome.expect_code(0);
    let readme = binary::fixtures().join("../../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (begin, end) = (
        "<!-- cargo xtask bench table: from here ... -->\n",
        "<!-- ... to here -->",
    );
    let shown = readme.split(begin).nth(1).unwrap();
    let shown = shown.split(end).next().unwrap();
    assert_eq!(shown.trim(), outcome.stdout.trim());
}

#[test]
fn what_it_cannot_measure_is_an_error() {
    bench(&[]).expect_code(2);
    bench(&["as-table", "--look-ups", "0"]).expect_code(2);
    let missing = bench(&["as-table", "--table", "/no/such/table"]);
    missing.expect_code(1);
    missing.expect_stderr(&["/no/such/table"]);
}
