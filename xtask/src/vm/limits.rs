//! Tests of what an old kernel does not have. They are left out by name, counted, and told with
//! the reason: a test that just passes there would claim what it has not shown.

/// Tests that need a kernel of some age.
#[derive(Debug)]
struct Limit {
    /// Beginning of their names.
    tests: &'static str,
    /// The first version that has it.
    since: (u32, u32),
    /// What older ones lack.
    lacks: &'static str,
}

const LIMITS: [Limit; 1] = [Limit {
    tests: "drops::",
    // `kfree_skb` of include/trace/events/skb.h got its `reason`.
    since: (5, 17),
    lacks: "the kernel does not tell why it drops a packet",
}];

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
            .find(|limit| version < limit.since && test.starts_with(limit.tests))
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
    fn the_version_is_that_of_the_release() {
        assert_eq!(version("6.12.117+deb12-cloud-amd64"), Some((6, 12)));
        assert_eq!(version("5.10-custom"), Some((5, 10)));
        assert_eq!(version("next"), None);
    }
}
