//! The printed runbook, executed for real: by `bash`, with the real AWS CLI, against a double of
//! EC2. Before and after are compared through the API.

mod command;
mod refusal;
mod scene;
mod trouble;

use std::process::Command;

use edgeghost_tests::binary;
use serde_json::Value;

use crate::call::{run, run_within};
use scene::{LIMIT, Scene};

#[test]
fn it_takes_the_address_off_and_puts_it_back() {
    let scene = Scene::new();
    let outcome = scene.run(&scene.report(), &["--yes"]);
    scene.expect_made_anew(&outcome);
    let changes = scene.changes();
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert!(
        changes[0].contains(&format!(
            "disassociate-address --association-id {}",
            scene.ids.association
        )),
        "{changes:?}"
    );
    let explicit = format!(
        "associate-address --allocation-id {} --network-interface-id {} --private-ip-address {} \
         --no-allow-reassociation",
        scene.ids.allocation, scene.ids.interface, scene.ids.private_ip
    );
    assert!(changes[1].contains(&explicit), "{changes:?}");
    let place = |text: &str| {
        outcome
            .stdout
            .find(text)
            .unwrap_or_else(|| panic!("{text}: {outcome:#?}"))
    };
    assert!(
        place(&explicit) < place("taking "),
        "the way back is told first"
    );
    assert!(outcome.stderr.is_empty(), "{outcome:#?}");
}

#[test]
fn what_the_report_lacks_is_looked_up() {
    let scene = Scene::new();
    let report = scene.report_with(
        &[
            "public_ip",
            "allocation_id",
            "association_id",
            "network_interface_id",
            "instance_id",
            "region",
        ]
        .map(|name| (name, Value::Null)),
    );
    // The plainest shell there is, too.
    let script = scene.print(&report);
    let mut command = scene.command("dash", &script);
    let outcome = run_within(command.args(["--yes", "--region", "us-east-1"]), LIMIT);
    scene.expect_made_anew(&outcome);
}

#[test]
fn check_changes_nothing() {
    let scene = Scene::new();
    scene.meddle(r#"*--generate-cli-skeleton*) exec "$real" "$@" ;;"#);
    let outcome = scene.run(&scene.report(), &["--check"]);
    outcome.expect_code(0);
    for word in ["CHECKED.", "no AWS service manages the address"] {
        assert!(outcome.stdout.contains(word), "`{word}`: {outcome:#?}");
    }
    assert_eq!(scene.calls("--dry-run").len(), 2, "{outcome:#?}");
    assert_eq!(scene.changes(), Vec::<String>::new());
}

#[test]
fn shellcheck_finds_nothing_in_it() {
    let scene = Scene::new();
    let script = scene.print(&scene.report());
    let shellcheck = binary::python_program("shellcheck").unwrap();
    let outcome = run(Command::new(shellcheck).arg(&script));
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(0), ""),
        "{outcome:#?}"
    );
}
