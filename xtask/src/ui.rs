//! The one place that prints.
//!
//! Everything xtask has to say goes to stderr: stdout belongs to the programs it runs, whose
//! output is read by other programs (`cargo xtask run | jq`).
#![expect(clippy::print_stderr, reason = "talking is this module's job")]

use std::fmt::Display;
use std::io::{self, Write as _};

/// Says something to the person at the terminal.
pub(crate) fn say(text: impl Display) {
    eprintln!("{text}");
}

/// Announces the step that follows.
pub(crate) fn step(text: impl Display) {
    say(format_args!("==> {text}"));
}

/// Prints a result that was asked for, such as the closing line of the tests. That nobody listens
/// any more (`| head`) is no error.
pub(crate) fn result(text: impl Display) {
    let _ = writeln!(io::stdout(), "{text}");
}
