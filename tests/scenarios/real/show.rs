//! What came of it, for people.

use std::fmt::Write as _;

use super::judge::Judge;
use crate::table::{Advice, Verdict};

/// The scenarios, a line each.
pub(super) fn table(heading: &str, judges: &[Judge]) -> String {
    let mut text = format!("{heading}; seconds after the onset, \"well\" after the end\n\n");
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{:4} {:6} {:26} {:>9} {:>7} {:>6} {:>6} {:>5}  scenario",
        "", "", "verdict", "suspected", "verdict", "advice", "limit", "well"
    );
    for judge in judges {
        let _ = writeln!(text, "{}", line(judge));
    }
    let passed = judges.iter().filter(|judge| judge.passed()).count();
    let _ = writeln!(text, "\n{passed} of {} right", judges.len());
    text
}

fn line(judge: &Judge) -> String {
    let scenario = judge.scenario;
    let limit = match scenario.advice {
        Advice::Within(limit) => format!("{limit:.0}"),
        Advice::Never => "never".to_owned(),
        Advice::Either => "either".to_owned(),
    };
    let mut line = format!(
        "{:4} {:6} {:26} {:>9} {:>7} {:>6} {limit:>6} {:>5}  {}",
        scenario.id,
        if judge.passed() { "right" } else { "WRONG" },
        judge.verdict().name(),
        number(judge.suspected()),
        number(judge.judged()),
        number(judge.advised()),
        number(judge.recovering()),
        scenario.text,
    );
    if !judge.passed() {
        let due: Vec<&str> = scenario
            .verdicts
            .iter()
            .map(|v| Verdict::name(*v))
            .collect();
        let _ = write!(
            line,
            "  [{}; expected {}]",
            judge.faults().join(", "),
            due.join(" or ")
        );
    }
    line
}

fn number(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.0}"))
}
