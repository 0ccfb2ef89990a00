//! Counting tests from what the test programs print.

use std::fmt::Write as _;

use crate::ui;

/// What has run so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
    failures: Vec<String>,
    left_out: Vec<String>,
}

/// The numbers of one `test result:` line.
#[derive(Debug, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Tally {
    /// Adds the output of a stage's test programs.
    pub(crate) fn add(&mut self, stage: &str, output: &str, success: bool) {
        let mut failed = 0;
        for counts in output.lines().filter_map(result_line) {
            self.passed += counts.passed;
            self.skipped += counts.ignored;
            failed += counts.failed;
        }
        self.failures
            .extend(failed_tests(output).map(|test| format!("{stage}: {test}")));
        self.failed += failed;
        if !success && failed == 0 {
            // A test program that a signal ended leaves no result line, and must not look green.
            let place = unfinished(output).map_or_else(String::new, |test| format!(" in {test}"));
            self.add_failure(format!(
                "{stage}: a test program ended without a result{place}"
            ));
        }
    }

    /// Adds a failure that no test program counted.
    pub(crate) fn add_failure(&mut self, what: String) {
        self.failed += 1;
        self.failures.push(what);
    }

    /// Adds a test that is not run here, and why.
    pub(crate) fn leave_out(&mut self, what: String) {
        self.left_out.push(what);
    }

    /// Tells what failed, and what was not run.
    pub(crate) fn tell(&self) {
        for left in &self.left_out {
            ui::say(format_args!("NOT RUN  {left}"));
        }
        for failure in &self.failures {
            ui::say(format_args!("FAILED  {failure}"));
        }
    }

    /// What was not run here.
    pub(crate) fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The names of what failed.
    #[cfg(test)]
    fn failures(&self) -> &[String] {
        &self.failures
    }

    /// How many tests ran.
    pub(crate) fn ran(&self) -> u64 {
        self.passed + self.failed
    }

    /// Whether something ran and nothing failed.
    pub(crate) fn is_green(&self) -> bool {
        self.failed == 0 && self.ran() > 0
    }

    /// The line that closes the run, for people and for machines that read logs.
    pub(crate) fn closing_line(&self) -> String {
        let Self {
            passed,
            failed,
            skipped,
            failures: _,
            left_out,
        } = self;
        let mut line = format!("{passed} passed, {failed} failed");
        if *skipped > 0 {
            let _ = write!(line, ", {skipped} skipped");
        }
        if !left_out.is_empty() {
            let _ = write!(line, ", {} not run", left_out.len());
        }
        line
    }
}

/// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
fn result_line(line: &str) -> Option<Counts> {
    let (_, numbers) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |what| {
        let mut parts = numbers.split("; ").filter_map(|part| part.split_once(' '));
        parts.find(|(_, name)| *name == what)?.0.parse().ok()
    };
    Some(Counts {
        passed: count("passed")?,
        failed: count("failed")?,
        ignored: count("ignored")?,
    })
}

/// The test that was running when the output broke off: with one thread, its name stands before
/// it runs.
fn unfinished(output: &str) -> Option<&str> {
    let last = output.lines().rfind(|line| line.starts_with("test "))?;
    let (name, verdict) = last.strip_prefix("test ")?.split_once(" ... ")?;
    (!["ok", "ignored", "FAILED"].contains(&verdict)).then_some(name)
}

/// The names in the list that closes a test program's output, indented by four blanks. Not from
/// the lines `test module::name ... FAILED`: what the test printed may stand between.
fn failed_tests(output: &str) -> impl Iterator<Item = &str> {
    let mut in_list = false;
    output.lines().filter_map(move |line| {
        if line == "failures:" {
            in_list = true;
            return None;
        }
        let name = line
            .strip_prefix("    ")
            .filter(|name| in_list && !name.starts_with(' '));
        in_list &= name.is_some();
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREEN: &str = "
running 2 tests
test a::b ... ok
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.01s
";
    const RED: &str = "
running 2 tests
test a::b ... FAILED
test a::c ... ok

failures:

---- a::b stdout ----

thread 'a::b' (7) panicked at src/lib.rs:3:5:
    some indented text

failures:
    a::b

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    fn tally(outputs: &[(&str, bool)]) -> Tally {
        let mut tally = Tally::default();
        for (output, success) in outputs {
            tally.add("unit", output, *success);
        }
        tally
    }

    #[test]
    fn a_result_line_is_read_to_the_number() {
        let line = "test result: FAILED. 12 passed; 3 failed; 4 ignored; 0 measured; 5 filtered out; finished in 1.20s";
        assert_eq!(
            result_line(line),
            Some(Counts {
                passed: 12,
                failed: 3,
                ignored: 4
            })
        );
    }

    #[test]
    fn other_lines_are_not_results() {
        for line in [
            "test result::tests::reads ... ok",
            "  test result: ok. 1 passed; 0 failed; 0 ignored",
            "test result: ok.",
            "test result: ok. many passed; 0 failed; 0 ignored",
            "",
        ] {
            assert_eq!(result_line(line), None, "{line}");
        }
    }

    #[test]
    fn several_programs_add_up() {
        let tally = tally(&[(GREEN, true), (&[GREEN, GREEN].concat(), true)]);
        assert_eq!(tally.closing_line(), "6 passed, 0 failed, 3 skipped");
        assert!(tally.is_green());
    }

    #[test]
    fn a_failure_is_named_and_counted_once() {
        let tally = tally(&[(GREEN, true), (RED, false)]);
        assert_eq!(tally.closing_line(), "3 passed, 1 failed, 1 skipped");
        assert_eq!(tally.failures(), ["unit: a::b"]);
        assert!(!tally.is_green());
    }

    #[test]
    fn a_program_that_died_counts_as_a_failure() {
        let tally = tally(&[("running 2 tests\ntest a::b ... ", false)]);
        assert_eq!(tally.closing_line(), "0 passed, 1 failed");
        assert_eq!(
            tally.failures(),
            ["unit: a test program ended without a result in a::b"]
        );
    }

    #[test]
    fn what_is_not_run_is_counted_and_is_neither_good_nor_bad() {
        let mut tally = Tally::default();
        tally.leave_out("netem::a: no netem".to_owned());
        assert_eq!(tally.closing_line(), "0 passed, 0 failed, 1 not run");
        assert!(!tally.is_green(), "nothing ran");
        tally.add("unit", GREEN, true);
        assert_eq!(
            tally.closing_line(),
            "2 passed, 0 failed, 1 skipped, 1 not run"
        );
        assert!(tally.is_green());
    }

    #[test]
    fn what_did_not_compile_is_a_failure() {
        let mut tally = tally(&[(GREEN, true)]);
        tally.add_failure("process tests: error".to_owned());
        assert_eq!(tally.closing_line(), "2 passed, 1 failed, 1 skipped");
        assert!(!tally.is_green());
    }

    #[test]
    fn nothing_run_is_not_green() {
        assert!(!tally(&[]).is_green());
        assert_eq!(tally(&[]).closing_line(), "0 passed, 0 failed");
    }
}
