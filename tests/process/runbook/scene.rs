//! One host in the double of EC2, a report about it, and an `aws` on the PATH that a test can
//! meddle with.

use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use edgeghost_tests::moto::{Association, Ids, Moto, REGION};
use edgeghost_tests::{binary, temp::TempDir};
use serde_json::{Value, json};

use crate::call::{Outcome, agent, run_within};

/// A run makes a dozen calls of the AWS CLI, of about a second each on a machine with nothing
/// else to do, and of many on one that compiles beside.
pub(super) const LIMIT: Duration = Duration::from_mins(10);

/// One server for all tests: each has a VPC and an address of its own in it.
static MOTO: LazyLock<Moto> = LazyLock::new(|| Moto::start().unwrap());

/// Makes the private addresses differ, for they are what some reports are looked up by.
static NEXT: AtomicU8 = AtomicU8::new(1);

pub(super) struct Scene {
    pub(super) ids: Ids,
    folder: TempDir,
}

impl Scene {
    /// A host whose Elastic IP is where it belongs.
    pub(super) fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let scene = Self {
            ids: MOTO.setup_host(Ipv4Addr::new(10, number, 0, 207)).unwrap(),
            folder: TempDir::new().unwrap(),
        };
        // No metadata service, and no waiting between tries.
        scene.program("curl", "exit 7");
        scene.program("sleep", "exit 0");
        scene.meddle("");
        scene
    }

    pub(super) const fn moto() -> &'static LazyLock<Moto> {
        &MOTO
    }

    /// Puts a shell script on the PATH.
    pub(super) fn program(&self, name: &str, body: &str) {
        let folder = self.folder.path().join("bin");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The `aws` on the PATH: notes each call, gives `cases` (of a shell's `case "$*" in`) the
    /// first say, and calls the real one. `$real` is that, `$here` the scene's folder.
    pub(super) fn meddle(&self, cases: &str) {
        let real = binary::python_program("aws").unwrap();
        let here = self.folder.path();
        self.program(
            "aws",
            &format!(
                "real='{}' here='{}'\n\
                 echo \"$*\" >>\"$here/calls\"\n\
                 case \"$*\" in\n\
                 {cases}\n\
                 # This CLI knows the field; asking it takes a second each time.\n\
                 *--generate-cli-skeleton*) echo ServiceManaged; exit 0 ;;\n\
                 # moto has no transfers.\n\
                 *describe-address-transfers*) exit 0 ;;\n\
                 esac\n\
                 exec \"$real\" \"$@\"",
                real.display(),
                here.display()
            ),
        );
    }

    /// A whole recommendation about this host, as an event.
    pub(super) fn report(&self) -> Value {
        let ids = &self.ids;
        json!({
            "timestamp": "2026-11-21T05:58:28.332081549Z",
            "event": {"name": "recommendation"},
            "host": {"name": "web3"},
            "incident": {"id": "eg-1796dfd25fa6ae48"},
            "remediation": {
                "action": "reassociate_elastic_ip",
                "summary": "Disassociate the Elastic IP and associate it again.",
                "target": {
                    "private_ip": ids.private_ip,
                    "public_ip": ids.public_ip,
                    "allocation_id": ids.allocation,
                    "association_id": ids.association,
                    "network_interface_id": ids.interface,
                    "instance_id": ids.instance,
                    "region": REGION,
                },
            },
        })
    }

    /// The report with other values; null takes one away.
    pub(super) fn report_with(&self, changes: &[(&str, Value)]) -> Value {
        let mut report = self.report();
        let target = report["remediation"]["target"].as_object_mut().unwrap();
        for (name, value) in changes {
            target.remove(*name);
            if !value.is_null() {
                target.insert((*name).to_owned(), value.clone());
            }
        }
        report
    }

    /// The script that the agent prints for a report.
    pub(super) fn print(&self, report: &Value) -> PathBuf {
        let events = self.write("events.ndjson", &format!("{report}\n"));
        let printed = agent(&["runbook", events.to_str().unwrap()]);
        printed.expect_code(0);
        self.write("runbook.sh", &printed.stdout)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        self.folder.write(name, text).unwrap()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Prints the script for a report and runs it.
    pub(super) fn run(&self, report: &Value, args: &[&str]) -> Outcome {
        let script = self.print(report);
        run_within(self.command("bash", &script).args(args), LIMIT)
    }

    /// A shell on a script, with the scene's programs first on the PATH.
    pub(super) fn command(&self, shell: &str, script: &Path) -> Command {
        let mut command = self.environment(shell);
        command.arg(script);
        command
    }

    /// Types a line into a shell where nothing is meddled with any more.
    pub(super) fn paste(&self, line: &str) -> Outcome {
        self.meddle("");
        run_within(self.environment("bash").args(["-c", line]), LIMIT)
    }

    fn environment(&self, shell: &str) -> Command {
        let mut command = Command::new(shell);
        command
            .env_clear()
            .env(
                "PATH",
                format!(
                    "{}:/usr/sbin:/usr/bin:/sbin:/bin",
                    self.path("bin").display()
                ),
            )
            .envs(MOTO.environment());
        command
    }

    /// What the double of EC2 says of the address.
    pub(super) fn association(&self) -> Option<Association> {
        MOTO.association(&self.ids.allocation).unwrap()
    }

    /// The calls of `aws` so far that contain a word.
    pub(super) fn calls(&self, word: &str) -> Vec<String> {
        std::fs::read_to_string(self.path("calls"))
            .unwrap_or_default()
            .lines()
            .filter(|line| line.contains(word))
            .map(str::to_owned)
            .collect()
    }

    /// The calls that change something.
    pub(super) fn changes(&self) -> Vec<String> {
        let mut calls = self.calls("associate-address");
        calls.retain(|line| !line.contains("--dry-run"));
        calls
    }

    /// Fails unless all is as it was at first, and nothing was even tried.
    #[track_caller]
    pub(super) fn expect_untouched(&self, outcome: &Outcome) {
        let now = self.association().map(|association| association.id);
        assert_eq!(now.as_ref(), Some(&self.ids.association), "{outcome:#?}");
        assert_eq!(self.changes(), Vec::<String>::new(), "{outcome:#?}");
        outcome.expect_stderr(&["Nothing was changed"]);
    }

    /// Fails unless the address is where it belongs, on a new association.
    #[track_caller]
    pub(super) fn expect_made_anew(&self, outcome: &Outcome) {
        outcome.expect_code(0);
        let Some(now) = self.association() else {
            panic!("the address is on nothing: {outcome:#?}");
        };
        assert_ne!(now.id, self.ids.association, "{outcome:#?}");
        assert_eq!(
            (&now.interface, now.private_ip),
            (&self.ids.interface, self.ids.private_ip),
            "{outcome:#?}"
        );
        assert!(outcome.stdout.contains(&now.id), "{outcome:#?}");
    }
}
