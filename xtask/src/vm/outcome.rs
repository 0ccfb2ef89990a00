//! What became of a run in the guest: read from its output, and believed only where it is whole.

use std::fmt;

/// How the programs in the guest ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The program ran to its end, with this exit status.
    Ended(u8),
    /// The guest went away without a word: a panic of its kernel, or no end within the time.
    Silent,
    /// Something that no guest of ours says.
    Garbled,
}

/// The word before the random number.
const MARK: &str = "edgeghost-vm";

/// The line with which the guest tells that its program has ended, all but the status. `nonce` is
/// of this run alone and stands in none of the programs: nothing else can make such a line.
pub(super) fn mark(nonce: &str) -> String {
    format!("{MARK} {nonce} ended with")
}

impl Outcome {
    /// Looks for the one line that tells.
    pub(super) fn read(output: &str, nonce: &str) -> Self {
        let mark = mark(nonce);
        let mut told = output
            .lines()
            .filter_map(|line| line.trim_end_matches('\r').strip_prefix(&mark))
            .map(|rest| rest.trim().parse());
        match (told.next(), told.next()) {
            (None, _) => Self::Silent,
            (Some(Ok(status)), None) => Self::Ended(status),
            _ => Self::Garbled,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(status) => write!(f, "it ended with status {status}"),
            Self::Silent => f.write_str("the guest ended without telling an outcome"),
            Self::Garbled => f.write_str("the guest told more than one outcome, or none to read"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "0123456789abcdef";

    fn read(lines: &[&str]) -> Outcome {
        Outcome::read(&lines.join("\r\n"), NONCE)
    }

    #[test]
    fn one_line_with_the_right_number_tells_the_status() {
        let line = "edgeghost-vm 0123456789abcdef ended with 0";
        assert_eq!(read(&["test a ... ok", line, ""]), Outcome::Ended(0));
        assert_eq!(read(&[&line.replace("h 0", "h 101")]), Outcome::Ended(101));
    }

    #[test]
    fn a_truncated_log_tells_nothing() {
        assert_eq!(read(&["test result: ok. 3 passed"]), Outcome::Silent);
        assert_eq!(
            read(&["edgeghost-vm 0123456789abcdef ended"]),
            Outcome::Silent
        );
        assert_eq!(read(&[]), Outcome::Silent);
    }

    #[test]
    fn a_line_of_another_run_tells_nothing() {
        let line = "edgeghost-vm fedcba9876543210 ended with 0";
        assert_eq!(read(&[line]), Outcome::Silent);
        let quoted = "it says edgeghost-vm 0123456789abcdef ended with 0";
        assert_eq!(read(&[quoted]), Outcome::Silent);
    }

    #[test]
    fn two_outcomes_or_no_number_are_none() {
        let line = "edgeghost-vm 0123456789abcdef ended with 0";
        assert_eq!(read(&[line, line]), Outcome::Garbled);
        assert_eq!(read(&[line.trim_end_matches('0')]), Outcome::Garbled);
        assert_eq!(read(&[&line.replace("h 0", "h 256")]), Outcome::Garbled);
    }
}
