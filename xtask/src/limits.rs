//! Tests of what a machine or its kernel does not have. They are left out by name, counted, and
//! told with the reason: a test that just passes there would claim what it has not shown.

use std::path::Path;
use std::process::Command;

use crate::exec;

/// Where tests are to run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Its kernel's name, as `uname -r` tells it.
    pub(crate) release: &'a str,
    /// It is a guest of `cargo xtask vm`.
    pub(crate) guest: bool,
    /// Its kernel has netem.
    pub(crate) netem: bool,
}

/// What a place must have.
#[derive(Debug, Clone, Copy)]
enum Need {
    /// More programs than a guest has.
    Host,
    /// A machine that nobody else uses.
    Guest,
    /// This kernel or a later one.
    Since((u32, u32)),
    /// A queueing discipline that delays, reorders and duplicates.
    Netem,
}

/// Tests that need more than every place has.
#[derive(Debug)]
struct Limit {
    /// Beginning of their names.
    tests: &'static str,
    need: Need,
    /// What the others lack.
    lacks: &'static str,
}

/// `kfree_skb` of include/trace/events/skb.h got its `reason`.
const DROP_REASONS: Need = Need::Since((5, 17));
const NO_REASONS: &str = "the kernel does not tell why it drops a packet";

const LIMITS: [Limit; 8] = [
    Limit {
        tests: "lab::",
        need: Need::Host,
        lacks: "the guest has no Python for the double of EC2; --lab runs the lab without",
    },
    Limit {
        tests: "guest::",
        need: Need::Guest,
        lacks: "it sets the clock of the machine, or puts it to sleep; `cargo xtask vm --only \
                guest::` runs it in a guest",
    },
    Limit {
        tests: "otlp::",
        need: Need::Host,
        lacks: "the guest has only the program that everybody has",
    },
    Limit {
        tests: "metrics::promtool_",
        need: Need::Host,
        lacks: "the guest has no promtool",
    },
    Limit {
        tests: "sinks::rotation::logrotate",
        need: Need::Host,
        lacks: "the guest has no logrotate",
    },
    Limit {
        tests: "drops::",
        need: DROP_REASONS,
        lacks: NO_REASONS,
    },
    Limit {
        tests: "firewall::",
        need: DROP_REASONS,
        lacks: NO_REASONS,
    },
    Limit {
        tests: "netem::",
        need: Need::Netem,
        lacks: "the kernel has no netem; `cargo xtask vm --only netem` runs it on kernels that have",
    },
];

/// A test that is left out, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LeftOut<'a> {
    pub(crate) test: &'a str,
    pub(crate) why: &'static str,
}

/// Which of `tests` cannot be run at `place`.
pub(crate) fn left_out<'a>(place: Place<'_>, tests: &'a [String]) -> Vec<LeftOut<'a>> {
    // A kernel whose version cannot be read gets every test: better one failure too many.
    let version = version(place.release).unwrap_or((u32::MAX, 0));
    let has = |need| match need {
        Need::Host => !place.guest,
        Need::Guest => place.guest,
        Need::Since(since) => version >= since,
        Need::Netem => place.netem,
    };
    let why = |test: &str| {
        LIMITS
            .iter()
            .find(|limit| test.starts_with(limit.tests))
            .filter(|limit| !has(limit.need))
            .map(|limit| limit.lacks)
    };
    tests
        .iter()
        .filter_map(|test| why(test).map(|why| LeftOut { test, why }))
        .collect()
}

/// The arguments that leave them out of a test program.
pub(crate) fn skips(left_out: &[LeftOut<'_>]) -> Vec<String> {
    let skip = |left: &LeftOut<'_>| ["--skip".to_owned(), left.test.to_owned()];
    left_out.iter().flat_map(skip).collect()
}

/// Whether the kernel of this machine has netem, loaded or to be loaded.
pub(crate) fn has_netem() -> bool {
    let module = "sch_netem";
    Path::new("/sys/module").join(module).exists()
        || exec::find_program("modprobe").is_some_and(|modprobe| {
            let mut command = Command::new(modprobe);
            // A dry run: whether there is one, and nothing more.
            let answer = command.args(["-n", "-q", module]).output();
            answer.is_ok_and(|answer| answer.status.success())
        })
}

/// The first two numbers of `uname -r`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(release: &str) -> Place<'_> {
        Place {
            release,
            guest: true,
            netem: true,
        }
    }

    #[test]
    fn only_a_kernel_that_lacks_something_is_spared_and_it_is_named() {
        let tests = ["drops::a".to_owned(), "exact::drops::b".to_owned()];
        let spared = left_out(guest("5.10.0-46-cloud-amd64"), &tests);
        assert_eq!(spared.len(), 1);
        assert!(
            spared
                .iter()
                .all(|left| left.test == "drops::a" && !left.why.is_empty())
        );
        for release in ["5.17.0", "6.1.0-56-cloud-amd64", "6.12.117+deb12", "odd"] {
            assert_eq!(left_out(guest(release), &tests), [], "{release}");
        }
    }

    #[test]
    fn no_guest_runs_what_needs_python() {
        let tests = ["lab::a".to_owned()];
        assert_eq!(
            left_out(guest("6.12.117+deb12-cloud-amd64"), &tests).len(),
            1
        );
    }

    #[test]
    fn without_netem_only_what_needs_it_is_left_out() {
        let tests = ["netem::a", "exact::a", "guest::a", "lab::a"].map(str::to_owned);
        let host = Place {
            release: "6.18.44",
            guest: false,
            netem: false,
        };
        let skipped = skips(&left_out(host, &tests));
        assert_eq!(skipped, ["--skip", "netem::a", "--skip", "guest::a"]);
        let host = Place {
            netem: true,
            ..host
        };
        assert_eq!(skips(&left_out(host, &tests)), ["--skip", "guest::a"]);
    }

    #[test]
    fn what_sets_the_clock_runs_in_guests_only() {
        let tests = ["guest::a".to_owned()];
        assert_eq!(left_out(guest("6.12.1"), &tests), []);
        let host = Place {
            guest: false,
            ..guest("6.12.1")
        };
        assert_eq!(left_out(host, &tests).len(), 1);
    }

    #[test]
    fn the_version_is_that_of_the_release() {
        assert_eq!(version("6.12.117+deb12-cloud-amd64"), Some((6, 12)));
        assert_eq!(version("5.10-custom"), Some((5, 10)));
        assert_eq!(version("next"), None);
    }
}
