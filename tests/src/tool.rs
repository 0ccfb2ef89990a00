//! The programs of the system that the harness calls: `ip`, `nft`, `ss`.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Where administration programs live; an ordinary user's `PATH` often lacks the first two.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/// Programs that the namespaces and the loss need, each with its Debian package.
pub const NEEDED: [(&str, &str); 6] = [
    ("ip", "iproute2"),
    ("ss", "iproute2"),
    ("tc", "iproute2"),
    ("nft", "nftables"),
    ("setpriv", "util-linux"),
    ("unshare", "util-linux"),
];

/// A command of a system program: no input, English output, and a process group of its own, so
/// that a Ctrl-C in the terminal does not cut it short while it cleans up.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env("PATH", FOLDERS.join(":"))
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .process_group(0);
    command
}

/// Runs a system program to its end and returns what it printed.
pub fn run<S: AsRef<str>>(program: &str, args: &[S]) -> Result<String> {
    let mut command = command(program);
    command.args(args.iter().map(AsRef::as_ref));
    let line = || {
        let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
        format!("{program} {}", args.join(" "))
    };
    let output = command
        .output()
        .with_context(|| format!("cannot run `{}`", line()))?;
    if !output.status.success() {
        bail!(
            "`{}` ended with {}: {}",
            line(),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where a system program is.
pub fn find(program: &str) -> Result<PathBuf> {
    FOLDERS
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.is_file())
        .with_context(|| format!("no `{program}` in {}", FOLDERS.join(", ")))
}

/// What of [`NEEDED`] is not installed, as `ip (package iproute2)`.
pub fn missing() -> Vec<String> {
    NEEDED
        .iter()
        .filter(|(program, _)| find(program).is_err())
        .map(|(program, package)| format!("{program} (package {package})"))
        .collect()
}

/// Whether this process may make namespaces and load programs.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A complaint on standard error that nobody waits for.
pub fn complain(text: &str) {
    use std::io::Write as _;
    // Nothing is left to do where even standard error is gone.
    drop(writeln!(std::io::stderr(), "edgeghost-tests: {text}"));
}
