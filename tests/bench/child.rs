//! Ending what was started.

use std::process::Child;
use std::time::Duration;

use edgeghost_tests::wait;
use rustix::process::{Pid, Signal, kill_process};

/// How long a program may take to end.
const LIMIT: Duration = Duration::from_secs(30);

/// Asks a program to end, and kills it if it does not.
pub(crate) fn end(child: &mut Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let asked = pid.is_some_and(|pid| kill_process(pid, signal).is_ok());
    let ended = asked
        && wait::until("the end of a program", LIMIT, || {
            Ok(child.try_wait()?.map(drop))
        })
        .is_ok();
    if !ended {
        let _ = child.kill();
        let _ = child.wait();
    }
}
