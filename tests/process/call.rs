//! Running a program to its end.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use edgeghost_tests::{binary, wait};

/// How long a program that only prints something may take.
const LIMIT: Duration = Duration::from_secs(30);

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Exit code; a signal has none.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Fails, showing everything, unless the exit code is `code`.
    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) {
        assert_eq!(self.code, Some(code), "{self:#?}");
    }

    /// Fails, showing everything, unless every one of `words` stands in the error output.
    #[track_caller]
    pub(crate) fn expect_stderr(&self, words: &[&str]) {
        for word in words {
            assert!(
                self.stderr.contains(word),
                "`{word}` is not in standard error: {self:#?}"
            );
        }
    }
}

/// Runs the agent.
pub(crate) fn agent(args: &[&str]) -> Outcome {
    run(Command::new(binary::agent().unwrap()).args(args))
}

/// Runs the agent with these variables in its environment.
pub(crate) fn agent_in(variables: &[(&str, &str)], args: &[&str]) -> Outcome {
    let variables = variables.iter().copied();
    run(Command::new(binary::agent().unwrap())
        .args(args)
        .envs(variables))
}

/// Runs the agent with `input` on its standard input.
pub(crate) fn agent_fed(args: &[&str], input: &str) -> Outcome {
    let folder = edgeghost_tests::temp::TempDir::new().unwrap();
    let path = folder.write("stdin", input).unwrap();
    let stdin = std::fs::File::open(path).unwrap().into();
    run_with(
        Command::new(binary::agent().unwrap()).args(args),
        stdin,
        LIMIT,
    )
}

/// Runs a command to its end, and kills one that does not come to it.
pub(crate) fn run(command: &mut Command) -> Outcome {
    run_within(command, LIMIT)
}

/// The same for one that may take longer.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Outcome {
    run_with(command, Stdio::null(), limit)
}

fn run_with(command: &mut Command, stdin: Stdio, limit: Duration) -> Outcome {
    let folder = edgeghost_tests::temp::TempDir::new().unwrap();
    // Files instead of pipes: nothing has to be read while it runs.
    let (stdout, stderr) = (folder.path().join("stdout"), folder.path().join("stderr"));
    let file = |path: &Path| std::fs::File::create(path).unwrap();
    let command = command
        .stdin(stdin)
        .stdout(file(&stdout))
        .stderr(file(&stderr));
    // A program that was just copied is busy for as long as a child that another test started in
    // that very moment has not executed its own.
    let mut child = wait::until("a program that is not busy", LIMIT, || {
        match command.spawn() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => Ok(None),
            other => Ok(Some(other)),
        }
    })
    .unwrap()
    .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let status = wait::until("the end of the program", limit, || Ok(child.try_wait()?));
    if status.is_err() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let text = |path: &Path| String::from_utf8(std::fs::read(path).unwrap()).unwrap();
    let (stdout, stderr) = (text(&stdout), text(&stderr));
    match status {
        Ok(status) => Outcome {
            code: status.code(),
            stdout,
            stderr,
        },
        Err(error) => panic!("{command:?}: {error}\n{stdout}\n{stderr}"),
    }
}
