//! What came of fuzzing, out of what libFuzzer says.

use std::fmt::Write as _;

/// What came of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Report {
    /// Its name.
    pub(super) target: String,
    /// It broke.
    pub(super) found: bool,
    runs: u64,
    seconds: u64,
    /// Edges of the code that were passed.
    edges: u64,
    /// Inputs kept.
    corpus: u64,
    /// At its largest.
    mebibytes: u64,
}

impl Report {
    /// From its last line of progress (`#1234 DONE cov: 5 ft: 6 corp: 7/8b ...`) and its figures at
    /// the end (`stat::number_of_executed_units: 1234`).
    pub(super) fn of(target: &str, told: &str, found: bool) -> Self {
        let progress = told.lines().rev().find(|line| line.contains(" cov: "));
        let progress = progress.unwrap_or_default();
        let stat = |name: &str| {
            let line = told.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(number).unwrap_or(0)
        };
        let done = told
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("Done "));
        let seconds = done.and_then(|line| number(line.split_once(" in ")?.1));
        Self {
            target: target.to_owned(),
            found,
            runs: stat("stat::number_of_executed_units:"),
            seconds: seconds.unwrap_or(0),
            edges: after(progress, " cov: "),
            corpus: after(progress, " corp: "),
            mebibytes: stat("stat::peak_rss_mb:"),
        }
    }
}

/// The number that a text begins with.
fn number(text: &str) -> Option<u64> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.get(..end.unwrap_or(text.len()))?.parse().ok()
}

fn after(line: &str, mark: &str) -> u64 {
    let rest = line.split_once(mark).map(|(_, rest)| rest);
    rest.and_then(number).unwrap_or(0)
}

/// All of it, a line each.
pub(super) fn table(reports: &[Report]) -> String {
    let mut table = "target            runs  seconds   edges  corpus     MiB\n".to_owned();
    for Report {
        target,
        found,
        runs,
        seconds,
        edges,
        corpus,
        mebibytes,
    } in reports
    {
        let found = if *found { "  FOUND" } else { "" };
        let _ = writeln!(
            table,
            "{target:<12} {runs:>9}  {seconds:>7}  {edges:>6}  {corpus:>6}  {mebibytes:>6}{found}"
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "INFO: seed corpus: files: 3\n\
        #4\tINITED cov: 12 ft: 13 corp: 3/30b exec/s: 0 rss: 40Mb\n\
        #900\tNEW    cov: 77 ft: 99 corp: 21/30b lim: 9 exec/s: 450 rss: 44Mb L: 2/9 MS: 1\n\
        #999\tDONE   cov: 78 ft: 100 corp: 22/31b lim: 9 exec/s: 499 rss: 44Mb\n\
        Done 999 runs in 61 second(s)\n\
        stat::number_of_executed_units: 999\n\
        stat::peak_rss_mb:              45\n";

    #[test]
    fn figures_are_those_of_the_end() {
        let report = Report::of("btf", TOLD, false);
        let expected = Report {
            target: "btf".to_owned(),
            found: false,
            runs: 999,
            seconds: 61,
            edges: 78,
            corpus: 22,
            mebibytes: 45,
        };
        assert_eq!(report, expected);
        assert!(table(&[report]).contains("btf                999       61      78"));
        let nothing = Report::of("btf", "", true);
        assert!(table(&[nothing]).contains("FOUND"));
    }
}
