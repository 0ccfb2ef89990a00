//! Trouble once the address is off: every way out puts it back, or says how.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use edgeghost_tests::wait;
use rustix::process::{Pid, Signal, kill_process};

use super::scene::{LIMIT, Scene};
use crate::call::Outcome;

/// The call that associates, and not the dry run: fails for the first `$1` times.
fn associate_fails(times: u32) -> String {
    format!(
        r#"*--dry-run*) ;;
    *" associate-address"*)
        echo x >>"$here/tries"
        if [ "$(wc -l <"$here/tries")" -le {times} ]; then
            echo "An error occurred (InternalError) when calling the AssociateAddress operation" >&2
            exit 254
        fi ;;"#
    )
}

/// The line to paste: the last one that is set in.
fn line_to_paste(text: &str) -> &str {
    let mut lines = text.lines().filter(|line| line.starts_with("    "));
    lines.next_back().unwrap_or_default().trim()
}

#[test]
fn associating_fails_twice() {
    let scene = Scene::new();
    scene.meddle(&associate_fails(2));
    let outcome = scene.run(&scene.report(), &["--yes"]);
    scene.expect_made_anew(&outcome);
    assert_eq!(
        outcome.stdout.matches("putting ").count(),
        3,
        "{outcome:#?}"
    );
}

#[test]
fn associating_fails_always_and_the_printed_line_brings_it_back() {
    let scene = Scene::new();
    scene.meddle(&associate_fails(99));
    let outcome = scene.run(&scene.report(), &["--yes"]);
    outcome.expect_code(7);
    outcome.expect_stderr(&["THE ADDRESS IS OFF", "Paste this line"]);
    assert_eq!(scene.association(), None, "{outcome:#?}");
    let again = scene.run(&scene.report(), &["--yes"]);
    again.expect_code(3);
    again.expect_stderr(&[
        "associated with nothing now",
        line_to_paste(&outcome.stderr),
    ]);
    scene.paste(line_to_paste(&outcome.stderr)).expect_code(0);
    let now = scene.association().unwrap();
    assert_eq!(now.interface, scene.ids.interface);
    // The same by the CLI, whose answer is what an operator sees.
    let id = format!("--allocation-ids={}", scene.ids.allocation);
    let shown = Scene::moto()
        .aws(&["ec2", "describe-addresses", &id])
        .unwrap();
    assert_eq!(
        shown["Addresses"][0]["AssociationId"],
        now.id.as_str(),
        "{shown}"
    );
}

#[test]
fn something_else_takes_the_address_meanwhile() {
    let scene = Scene::new();
    let other = Scene::moto().make_interface(&scene.ids.subnet).unwrap();
    scene.meddle(&format!(
        r#"*--dry-run*) ;;
    *" associate-address"*)
        "$real" ec2 --region us-east-1 associate-address --allocation-id {} \
            --network-interface-id {other} >/dev/null ;;"#,
        scene.ids.allocation
    ));
    let outcome = scene.run(&scene.report(), &["--yes"]);
    outcome.expect_code(7);
    outcome.expect_stderr(&["THE ADDRESS WENT ELSEWHERE", &other, "Find out who"]);
    let now = scene.association().unwrap();
    assert_eq!(now.interface, other, "it is not taken back: {outcome:#?}");
    assert_eq!(scene.changes().len(), 2, "tried once: {outcome:#?}");
}

#[test]
fn an_address_that_is_back_already_counts() {
    let scene = Scene::new();
    // Done, and the answer lost; the next try then meets an address that is taken: by us.
    scene.meddle(
        r#"*--dry-run*) ;;
    *" associate-address"*)
        "$real" "$@" >/dev/null
        echo "An error occurred (Resource.AlreadyAssociated) when calling the AssociateAddress operation: resource is already associated with associate-id" >&2
        exit 254 ;;"#,
    );
    let outcome = scene.run(&scene.report(), &["--yes"]);
    scene.expect_made_anew(&outcome);
    assert_eq!(scene.changes().len(), 2, "{outcome:#?}");
}

#[test]
fn the_answer_to_the_disassociation_is_lost() {
    let scene = Scene::new();
    scene.meddle(
        r#"*--dry-run*) ;;
    *disassociate-address*)
        "$real" "$@"
        echo "Read timeout on endpoint URL" >&2
        exit 255 ;;"#,
    );
    let outcome = scene.run(&scene.report(), &["--yes"]);
    scene.expect_made_anew(&outcome);
}

#[test]
fn the_disassociation_is_refused() {
    let scene = Scene::new();
    scene.meddle(
        r#"*--dry-run*) ;;
    *disassociate-address*)
        echo "An error occurred (OperationNotPermitted) when calling the DisassociateAddress operation" >&2
        exit 254 ;;"#,
    );
    let outcome = scene.run(&scene.report(), &["--yes"]);
    outcome.expect_code(3);
    outcome.expect_stderr(&[
        "EC2 refused to take the address off",
        "OperationNotPermitted",
    ]);
    let now = scene.association().unwrap();
    assert_eq!(now.id, scene.ids.association, "{outcome:#?}");
}

#[test]
fn control_c_puts_the_address_back_first() {
    interrupted_by(Signal::INT);
}

#[test]
fn a_terminal_that_hangs_up_puts_the_address_back_first() {
    interrupted_by(Signal::HUP);
}

/// Holds the run up right after the address is off, sends the signal, and lets go.
fn interrupted_by(signal: Signal) {
    let scene = Scene::new();
    scene.meddle(
        r#"*--dry-run*) ;;
    *disassociate-address*)
        "$real" "$@"
        rc=$?
        i=0
        while [ ! -e "$here/go" ] && [ "$i" -lt 600 ]; do /bin/sleep 0.1; i=$((i + 1)); done
        exit "$rc" ;;"#,
    );
    let script = scene.print(&scene.report());
    let (out, err) = (scene.path("out"), scene.path("err"));
    let file = |path| std::fs::File::create(path).unwrap();
    let mut child = Ended(
        // A shell cannot trap what its parent ignores, as whoever starts tests by nohup does.
        scene
            .command("env", Path::new("--default-signal"))
            .args([OsStr::new("bash"), script.as_os_str(), OsStr::new("--yes")])
            .stdin(Stdio::null())
            .stdout(file(&out))
            .stderr(file(&err))
            .spawn()
            .unwrap(),
    );
    wait::until_true("the address to be off", LIMIT, || {
        Ok(scene.association().is_none())
    })
    .unwrap();
    child.signal(signal);
    scene.write("go", "");
    let code = child.wait();
    let text = |path| std::fs::read_to_string(path).unwrap();
    let outcome = Outcome {
        code,
        stdout: text(&out),
        stderr: text(&err),
    };
    scene.expect_made_anew(&outcome);
    assert!(
        outcome
            .stdout
            .contains("interrupted: the address is put back first"),
        "{outcome:#?}"
    );
}

#[test]
fn a_reader_of_the_output_that_goes_away_does_not_matter() {
    let scene = Scene::new();
    let script = scene.print(&scene.report());
    let mut command = scene.command("bash", &script);
    command
        .arg("--yes")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = Ended(command.stderr(Stdio::null()).spawn().unwrap());
    let mut stdout = child.0.stdout.take().unwrap();
    let mut seen = String::new();
    wait::until_true("the way back to be told", LIMIT, || {
        let mut chunk = [0; 512];
        let length = std::io::Read::read(&mut stdout, &mut chunk)?;
        seen.push_str(&String::from_utf8_lossy(&chunk[..length]));
        Ok(seen.contains("--no-allow-reassociation"))
    })
    .unwrap();
    drop(stdout);
    assert_eq!(child.wait(), Some(0), "{seen}");
    let now = scene.association().unwrap();
    assert_ne!(now.id, scene.ids.association);
}

/// A child that does not outlive the test.
struct Ended(Child);

impl Ended {
    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    fn wait(&mut self) -> Option<i32> {
        let limit = LIMIT + Duration::from_mins(1);
        wait::until("the end of the runbook", limit, || Ok(self.0.try_wait()?))
            .unwrap()
            .code()
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
