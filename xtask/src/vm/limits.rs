//! Tests of what a guest or an old kernel does not have. They are left out by name, counted, and
//! told with the reason: a test that just passes there would claim what it has not shown.

/// Tests that need more than every guest has.
#[derive(Debug)]
struct Limit {
    /// Beginning of their names.
    tests: &'static str,
    /// The first kernel that they can be run on, if there is one.
    since: Option<(u32, u32)>,
    /// What the others lack.
    lacks: &'static str,
}

/// `kfree_skb` of include/trace/events/skb.h got its `reason`.
const DROP_REASONS: Option<(u32, u32)> = Some((5, 17));
const NO_REASONS: &str = "the kernel does not tell why it drops a packet";

const LIMITS: [Limit; 5] = [
    Limit {
        tests: "lab::",
        since: None,
        lacks: "the guest has no Python for the double of EC2; --lab runs the lab without",
    },
    Limit {
        tests: "metrics::promtool_",
        since: None,
        lacks: "the guest has no promtool",
    },
    Limit {
        tests: "sinks::rotation::logrotate",
        since: None,
        lacks: "the guest has no logrotate",
    },
    Limit {
        tests: "drops::",
        since: DROP_REASONS,
        lacks: NO_REASONS,
    },
    Limit {
        tests: "firewall::",
        since: DROP_REASONS,
        lacks: NO_REASONS,
    },
];

/// A test that is left out, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LeftOut<'a> {
    pub(super) test: &'a str,
    pub(super) why: &'static str,
}

/// Which of `tests` the kernel `release` cannot run.
pub(super) fn left_out<'a>(release: &str, tests: &'a [String]) -> Vec<LeftOut<'a>> {
    // A kernel whose version cannot be read gets every test: better one failure too many.
    let version = version(release).unwrap_or((u32::MAX, 0));
    let why = |test: &str| {
        LIMITS
            .iter()
            .find(|limit| test.starts_with(limit.tests))
            .filter(|limit| limit.since.is_none_or(|since| version < since))
            .map(|limit| limit.lacks)
    };
    tests
        .iter()
        .filter_map(|test| why(test).map(|why| LeftOut { test, why }))
        .collect()
}

/// The first two numbers of `uname -r`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_kernel_that_lacks_something_is_spared_and_it_is_named() {
        let tests = ["drops::a".to_owned(), "exact::drops::b".to_owned()];
        let spared = left_out("5.10.0-46-cloud-amd64", &tests);
        assert_eq!(spared.len(), 1);
        assert!(
            spared
                .iter()
                .all(|left| left.test == "drops::a" && !left.why.is_empty())
        );
        for release in ["5.17.0", "6.1.0-56-cloud-amd64", "6.12.117+deb12", "odd"] {
            assert_eq!(left_out(release, &tests), [], "{release}");
        }
    }

    #[test]
    fn no_guest_runs_what_needs_python() {
        let tests = ["lab::a".to_owned()];
        assert_eq!(left_out("6.12.117+deb12-cloud-amd64", &tests).len(), 1);
    }

    #[test]
    fn the_version_is_that_of_the_release() {
        assert_eq!(version("6.12.117+deb12-cloud-amd64"), Some((6, 12)));
        assert_eq!(version("5.10-custom"), Some((5, 10)));
        assert_eq!(version("next"), None);
    }
}
