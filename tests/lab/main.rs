//! `edgeghost-lab`: the incident that edgeghost exists for, rebuilt on one machine.
//!
//! A web server in a VPC, a jump host beside it, a gateway that maps an Elastic IP to the server,
//! and clients on five networks of the internet, each in a network namespace of its own, with
//! real TCP between them. The gateway begins to lose packets on the public path only; the real
//! agent watches, and the lab tells what it says and how long it took. Then the runbook that the
//! agent recommends is run with the real AWS CLI against a double of EC2, whose word the gateway
//! takes: that is what heals the path.

mod case;
mod cloud;
mod diagnosis;
mod options;
mod phase;
mod print;
mod runbook;
mod stage;
mod story;
mod summary;
mod traffic;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;
use edgeghost_tests::{interrupt, tool};

use options::Options;
use print::Printer;

/// The incident was seen, nothing was advised before it, and recovery was seen.
const PASSED: u8 = 0;
/// It was not, or the lab failed or was interrupted.
const FAILED: u8 = 1;
/// Not root, or a program is missing. (2 is clap's, for a wrong command line.)
const UNABLE: u8 = 3;

fn main() -> ExitCode {
    let options = Options::parse();
    let printer = Printer::new(options.json);
    if let Err(obstacle) = able() {
        printer.complain(&format!("edgeghost-lab: {obstacle}"));
        return ExitCode::from(UNABLE);
    }
    let outcome = interrupt::catch().and_then(|()| story::tell(&options, &printer));
    match outcome {
        Ok(summary) => {
            printer.summary(&summary);
            ExitCode::from(if summary.passed() { PASSED } else { FAILED })
        }
        Err(error) => {
            printer.failure(&format!("{error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

/// Whether this process can do it at all.
fn able() -> Result<(), String> {
    if !tool::is_root() {
        return Err(
            "the lab makes network namespaces and loads eBPF programs, which takes root: \
                    run `cargo xtask lab`, or this program with sudo"
                .to_owned(),
        );
    }
    let missing = tool::missing();
    if !missing.is_empty() {
        return Err(format!("missing: {}", missing.join(", ")));
    }
    edgeghost_tests::binary::agent()
        .map(drop)
        .map_err(|error| format!("{error:#}"))
}
