//! Reasons not to begin: nothing is changed, and nothing is tried.

use serde_json::{Value, json};

use super::scene::Scene;

/// Runs it with `cases` of trouble; it must stop with `code` and these words, and change nothing.
#[track_caller]
fn refuses(scene: &Scene, report: &Value, cases: &str, code: i32, words: &[&str]) {
    scene.meddle(cases);
    let outcome = scene.run(report, &["--yes"]);
    outcome.expect_code(code);
    outcome.expect_stderr(words);
    scene.expect_untouched(&outcome);
}

#[test]
fn a_stale_report() {
    let scene = Scene::new();
    let others = [
        ("network_interface_id", json!("eni-0123456789abcdef0")),
        ("private_ip", json!("10.1.0.99")),
        ("public_ip", json!("203.0.113.25")),
        ("association_id", json!("eipassoc-0123456789abcdef0")),
        ("instance_id", json!("i-0123456789abcdef0")),
    ];
    for other in others {
        let report = scene.report_with(&[other]);
        refuses(&scene, &report, "", 3, &["The report is stale", "EC2 has"]);
    }
}

#[test]
fn an_address_that_moved_to_another_interface() {
    let mut scene = Scene::new();
    let report = scene.report_with(&[("association_id", Value::Null)]);
    let other = Scene::moto().make_interface(&scene.ids.subnet).unwrap();
    scene.ids.association = Scene::moto()
        .associate(&scene.ids.allocation, &other)
        .unwrap();
    refuses(&scene, &report, "", 3, &["stale", "interface", &other]);
}

#[test]
fn an_address_that_is_no_elastic_ip() {
    let scene = Scene::new();
    let report = scene.report_with(&[
        ("allocation_id", Value::Null),
        ("association_id", Value::Null),
        ("public_ip", json!("203.0.113.99")),
    ]);
    let words = [
        "no such Elastic IP",
        "lost for good",
        "stop and start",
        &scene.ids.interface,
    ];
    refuses(&scene, &report, "", 3, &words);
}

#[test]
fn several_addresses_that_fit() {
    let scene = Scene::new();
    // The same private address, in another VPC.
    let twin = Scene::moto().setup_host(scene.ids.private_ip).unwrap();
    let report = scene.report_with(
        &[
            "public_ip",
            "allocation_id",
            "association_id",
            "network_interface_id",
            "instance_id",
        ]
        .map(|name| (name, Value::Null)),
    );
    let words = [
        "Several",
        "--allocation-id",
        &scene.ids.allocation,
        &twin.allocation,
    ];
    refuses(&scene, &report, "", 3, &words);
    // Named, it passes this guard and comes to the next.
    scene.meddle("*describe-network-interfaces*) exit 1 ;;");
    let named = scene.run(
        &report,
        &["--check", "--allocation-id", &scene.ids.allocation],
    );
    named.expect_code(5);
    named.expect_stderr(&["Could not look at the interface"]);
}

#[test]
fn an_address_that_a_service_manages() {
    let scene = Scene::new();
    let cases = r#"
    *describe-addresses*)
        "$real" "$@" | awk 'BEGIN { FS = OFS = "\t" } { $7 = "alb"; print }'
        exit 0 ;;"#;
    refuses(
        &scene,
        &scene.report(),
        cases,
        3,
        &["belongs to an AWS service (alb)"],
    );
}

#[test]
fn an_interface_that_a_service_manages() {
    let scene = Scene::new();
    let cases = r#"
    *describe-network-interfaces*)
        "$real" "$@" | awk 'BEGIN { FS = OFS = "\t" } { $3 = "nat_gateway"; $4 = "True"; print }'
        exit 0 ;;"#;
    refuses(
        &scene,
        &scene.report(),
        cases,
        3,
        &["managed by a service (type nat_gateway)"],
    );
}

#[test]
fn a_transfer_that_is_pending() {
    let scene = Scene::new();
    let cases = r"*describe-address-transfers*) printf 'row\tpending\n'; exit 0 ;;";
    refuses(
        &scene,
        &scene.report(),
        cases,
        3,
        &["transfer", "pending", "Wait"],
    );
}

#[test]
fn a_missing_permission() {
    let scene = Scene::new();
    let cases = r#"*"associate-address --allocation-id"*--dry-run*)
        echo "An error occurred (UnauthorizedOperation) when calling the AssociateAddress operation: You are not authorized to perform this operation." >&2
        exit 254 ;;"#;
    let words = [
        "may not associate",
        "ec2:DisassociateAddress",
        &format!(
            "arn:aws:ec2:us-east-1:123456789012:elastic-ip/{}",
            scene.ids.allocation
        ),
    ];
    refuses(&scene, &scene.report(), cases, 4, &words);
}

#[test]
fn no_credentials() {
    let scene = Scene::new();
    let cases = "*) unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY ;;";
    refuses(&scene, &scene.report(), cases, 4, &["No valid credentials"]);
}

#[test]
fn no_answer_from_ec2() {
    let scene = Scene::new();
    let cases = "*) export AWS_MAX_ATTEMPTS=1; set -- --endpoint-url http://127.0.0.1:9 --region us-east-1 ec2 describe-addresses ;;";
    refuses(
        &scene,
        &scene.report(),
        cases,
        5,
        &["Could not look the address up", "127.0.0.1:9"],
    );
}

#[test]
fn the_host_itself() {
    let scene = Scene::new();
    let metadata = format!(
        "case \"$*\" in *token*http*token) echo secret ;; *instance-id) echo {} ;; esac",
        scene.ids.instance
    );
    scene.program("curl", &metadata);
    let words = ["This is the host", "CloudShell", "--on-host-anyway"];
    refuses(&scene, &scene.report(), "", 3, &words);
    assert_eq!(
        scene.calls(""),
        Vec::<String>::new(),
        "EC2 need not be asked"
    );
    // With the instance's id looked up, too.
    let report = scene.report_with(&[("instance_id", Value::Null)]);
    refuses(&scene, &report, "", 3, &words);
    passes(&scene, &report, "--on-host-anyway");
    // A VPC endpoint: its API is reached without the public path.
    scene.program(
        "getent",
        "echo '10.1.0.5 STREAM ec2'; echo '10.1.1.5 STREAM ec2'",
    );
    passes(&scene, &report, "--yes");
}

/// Passes the guard: comes to asking EC2, which does not answer here.
#[track_caller]
fn passes(scene: &Scene, report: &Value, option: &str) {
    scene.meddle("*) exit 1 ;;");
    let outcome = scene.run(report, &["--check", option]);
    outcome.expect_code(5);
    outcome.expect_stderr(&["Could not look the address up"]);
}

#[test]
fn the_private_address_is_here() {
    let scene = Scene::new();
    let report = scene.report();
    scene.program(
        "ip",
        &format!(
            "echo '1: eth0 inet {}/24 scope global'",
            scene.ids.private_ip
        ),
    );
    refuses(&scene, &report, "", 3, &["This is the host"]);
    // Another instance that has the same address in another VPC is told apart by its id.
    let metadata =
        "case \"$*\" in *token*http*token) echo secret ;; *instance-id) echo i-00000000 ;; esac";
    scene.program("curl", metadata);
    passes(&scene, &report, "--yes");
}

#[test]
fn nobody_there_to_ask() {
    let scene = Scene::new();
    let outcome = scene.run(&scene.report(), &[]);
    outcome.expect_code(2);
    outcome.expect_stderr(&["no terminal", "--yes"]);
    assert_eq!(scene.calls(""), Vec::<String>::new());
}
