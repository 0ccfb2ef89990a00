//! Running other programs: every call is shown before it runs, and a failure names the program
//! and what it was for.

use std::env;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::ui;

/// Where system programs live that are not always on a user's PATH.
const SYSTEM_FOLDERS: [&str; 4] = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin"];

/// Runs a program to its end; its output goes where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("`{}` failed: {status}", shell_line(command));
    }
    Ok(())
}

/// Like [`run`], for callers that have something to do after a failure.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    echo(command);
    command.status().with_context(|| cannot_start(command))
}

/// Runs a program and returns what it printed on stdout; stderr goes where ours goes.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    echo(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| cannot_start(command))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", shell_line(command), output.status);
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("the output of `{}` is not text", shell_line(command)))
}

/// Runs a program, shows its stdout as it comes and returns it as well.
pub(crate) fn tee(command: &mut Command) -> Result<(ExitStatus, String)> {
    echo(command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| cannot_start(command))?;
    let mut seen = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        copy_live(&mut stdout, &mut io::stdout(), &mut seen)
            .with_context(|| cannot_start(command))?;
    }
    let status = child.wait().with_context(|| cannot_start(command))?;
    if seen.last().is_some_and(|&last| last != b'\n') {
        // A program that was killed in the middle of a line: what we say next begins a new one.
        ui::result("");
    }
    Ok((status, String::from_utf8_lossy(&seen).into_owned()))
}

/// Like [`tee`], for a program that may not end: after `limit` it is killed, and there is no
/// status.
pub(crate) fn tee_within(
    command: &mut Command,
    limit: Duration,
) -> Result<(Option<ExitStatus>, String)> {
    echo(command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| cannot_start(command))?;
    let stdout = child.stdout.take();
    let reader = thread::spawn(move || {
        let mut seen = Vec::new();
        // What was read before an error still counts; the rest is missing, which shows.
        let _ = stdout.map(|mut stdout| copy_live(&mut stdout, &mut io::stdout(), &mut seen));
        seen
    });
    let deadline = Instant::now() + limit;
    let status = loop {
        let status = child.try_wait().with_context(|| cannot_start(command))?;
        if status.is_some() {
            break status;
        }
        if Instant::now() >= deadline {
            child.kill().with_context(|| cannot_start(command))?;
            child.wait().with_context(|| cannot_start(command))?;
            break None;
        }
        thread::sleep(Duration::from_millis(50));
    };
    let seen = reader.join().unwrap_or_default();
    if seen.last().is_some_and(|&last| last != b'\n') {
        ui::result("");
    }
    Ok((status, String::from_utf8_lossy(&seen).into_owned()))
}

/// Runs a program, shows its stderr as it comes and returns it as well.
pub(crate) fn tee_stderr(command: &mut Command) -> Result<(ExitStatus, String)> {
    echo(command);
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| cannot_start(command))?;
    let mut seen = Vec::new();
    if let Some(mut stderr) = child.stderr.take() {
        copy_live(&mut stderr, &mut io::stderr(), &mut seen)
            .with_context(|| cannot_start(command))?;
    }
    let status = child.wait().with_context(|| cannot_start(command))?;
    Ok((status, String::from_utf8_lossy(&seen).into_owned()))
}

/// Becomes the program, so that signals and the exit status need nobody in between. Returns only
/// if that failed.
pub(crate) fn replace(command: &mut Command) -> anyhow::Error {
    echo(command);
    let error = command.exec();
    anyhow::Error::new(error).context(cannot_start(command))
}

/// The workspace's top folder.
pub(crate) fn workspace_root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// Full path of a program, looked for on the PATH and in the system's folders.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&on_path)
        .chain(SYSTEM_FOLDERS.map(PathBuf::from))
        .map(|dir| dir.join(name))
        .find(|program| program.is_file())
}

/// A command as one would type it, with the variables set for it.
pub(crate) fn shell_line(command: &Command) -> String {
    let variables: String = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={} ", name.display(), quote(value?))))
        .collect();
    let words = [command.get_program()]
        .into_iter()
        .chain(command.get_args());
    let words: Vec<_> = words.map(quote).collect();
    variables + &words.join(" ")
}

/// A word as one would type it, in quotes only where the shell would trip over it.
pub(crate) fn quote(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn echo(command: &Command) {
    ui::say(format_args!("    $ {}", shell_line(command)));
}

fn cannot_start(command: &Command) -> String {
    format!("cannot run `{}`", shell_line(command))
}

/// Copies chunk by chunk: libtest prints a test's name before it runs, without a line's end, and
/// the name of a hanging test is what one wants to see.
fn copy_live(from: &mut impl Read, to: &mut impl Write, seen: &mut Vec<u8>) -> io::Result<()> {
    let mut chunk = [0; 4096];
    loop {
        let length = match from.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = chunk.get(..length).unwrap_or_default();
        seen.extend_from_slice(bytes);
        // Nobody listening any more is no reason to stop the program: its result still counts.
        let _ = to.write_all(bytes).and_then(|()| to.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo it's", "", "a/b.c", "K=1"]);
        command.env("WHY", "so so").env_remove("HOME");
        assert_eq!(
            shell_line(&command),
            r"WHY='so so' sh -c 'echo it'\''s' '' a/b.c K=1"
        );
    }

    #[test]
    fn what_a_program_prints_is_shown_and_kept() {
        let (mut shown, mut seen) = (Vec::new(), Vec::new());
        copy_live(&mut "no line's end".as_bytes(), &mut shown, &mut seen).unwrap();
        assert_eq!(
            (shown.as_slice(), seen.as_slice()),
            (&b"no line's end"[..], shown.as_slice())
        );
    }

    #[test]
    fn an_exit_status_comes_through() {
        let (status, seen) = tee(Command::new("sh").args(["-c", "exit 3"])).unwrap();
        assert_eq!((status.code(), seen.as_str()), (Some(3), ""));
    }

    #[test]
    fn a_program_without_an_end_is_ended() {
        let mut endless = Command::new("sh");
        endless.args(["-c", "echo begun; exec sleep 600"]);
        let (status, seen) = tee_within(&mut endless, Duration::from_millis(300)).unwrap();
        assert_eq!((status, seen.as_str()), (None, "begun\n"));
        let mut brief = Command::new("sh");
        brief.args(["-c", "echo done; exit 3"]);
        let (status, seen) = tee_within(&mut brief, Duration::from_mins(1)).unwrap();
        assert_eq!(status.and_then(|status| status.code()), Some(3));
        assert_eq!(seen, "done\n");
    }

    #[test]
    fn a_failure_names_the_command() {
        let error = run(&mut Command::new("/nonexistent/program")).unwrap_err();
        assert_eq!(error.to_string(), "cannot run `/nonexistent/program`");
        let error = run(Command::new("sh").args(["-c", "exit 7"])).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c 'exit 7'` failed: exit status: 7");
    }

    #[test]
    fn the_workspace_root_holds_the_workspace() {
        let manifest = std::fs::read_to_string(workspace_root().join("Cargo.toml")).unwrap();
        assert!(manifest.starts_with("[workspace]"));
    }
}
