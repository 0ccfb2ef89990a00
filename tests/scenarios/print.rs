//! Figures for people.

use std::fmt::Write as _;

use crate::score::{Bin, NaiveTotals, Result, Times, Totals};
use crate::table::{Advice, Scenario};
use crate::target;

/// The whole report.
pub(crate) fn report(results: &[Result]) -> String {
    let mut text = String::new();
    let _ = table(&mut text, results);
    let _ = sums(&mut text, results);
    let _ = targets(&mut text, results);
    let _ = calibration(&mut text, results);
    text
}

/// The scenarios.
pub(crate) fn list(scenarios: impl Iterator<Item = &'static Scenario>) -> String {
    let mut text = String::new();
    for scenario in scenarios {
        let _ = writeln!(
            text,
            "{:4} {:15} {}",
            scenario.id,
            advice(scenario.advice),
            scenario.text
        );
    }
    text
}

fn table(text: &mut String, results: &[Result]) -> std::fmt::Result {
    writeln!(
        text,
        "times in seconds after the onset, median/longest; \"well\" and \"closed\" after the end\n"
    )?;
    writeln!(
        text,
        "{:4} {:>5} {:>7} {:>9} {:>9} {:>9} {:>6} {:>5} {:>6}  scenario",
        "", "right", "advised", "suspected", "verdict", "advice", "limit", "well", "closed"
    )?;
    for result in results {
        row(text, result)?;
    }
    Ok(())
}

fn row(text: &mut String, result: &Result) -> std::fmt::Result {
    let scenario = result.scenario;
    let runs = result.outcomes.len();
    let limit = match scenario.advice {
        Advice::Within(limit) => format!("{limit:.0}"),
        Advice::Never => "never".to_owned(),
        Advice::Either => "either".to_owned(),
    };
    let advised = result.count(|o| o.advised.is_some() || o.false_advice > 0);
    let verdict = result.times(|o| o.judged);
    let trouble = scenario.public_fault;
    let shown = |times: &Times| if trouble { pair(times) } else { "-".to_owned() };
    write!(
        text,
        "{:4} {:>5} {:>7} {:>9} {:>9} {:>9} {:>6} {:>5} {:>6}  {}",
        scenario.id,
        format!("{}/{runs}", result.count(|o| o.right)),
        format!("{advised}/{runs}"),
        shown(&result.times(|o| o.suspected)),
        shown(&verdict),
        pair(&result.times(|o| o.advised)),
        limit,
        number(result.times(|o| o.recovering).median()),
        number(result.times(|o| o.closed).median()),
        scenario.text
    )?;
    writeln!(text, "{}", remarks(result))
}

/// What was not as it should be.
fn remarks(result: &Result) -> String {
    let mut remarks = Vec::new();
    for (verdict, count) in result.verdicts() {
        if !result.scenario.verdicts.contains(&verdict) {
            remarks.push(format!("{count} x {}", verdict.name()));
        }
    }
    for (what, count) in [
        ("FALSE ADVICE", result.count(|o| o.false_advice > 0)),
        ("advice after the end", result.count(|o| o.stale)),
        ("well again too soon", result.count(|o| o.hasty)),
    ] {
        if count > 0 {
            remarks.push(format!("{count} x {what}"));
        }
    }
    if let Advice::Within(limit) = result.scenario.advice {
        let late = result.count(|o| o.advised.is_some_and(|at| at > limit));
        if late > 0 {
            remarks.push(format!("{late} x late"));
        }
    }
    if remarks.is_empty() {
        String::new()
    } else {
        format!("  [{}]", remarks.join(", "))
    }
}

fn sums(text: &mut String, results: &[Result]) -> std::fmt::Result {
    let totals = Totals::of(&results.iter());
    let passed = results.iter().filter(|result| result.passed()).count();
    writeln!(text)?;
    writeln!(
        text,
        "{} runs, {passed} of {} scenarios in full",
        totals.runs,
        results.len()
    )?;
    writeln!(
        text,
        "{:50} {:>9} {:>7} {:>8} {:>7} {:>11} {:>9}",
        "", "precision", "recall", "on time", "false", "advice med", "p95"
    )?;
    writeln!(
        text,
        "{:50} {:>9.3} {:>7.3} {:>8.3} {:>7} {:>11} {:>9}",
        "edgeghost",
        totals.precision(),
        totals.recall(),
        totals.recall_on_time(),
        totals.false_advice,
        number(totals.advised.median()),
        number(totals.advised.quantile(0.95))
    )?;
    for naive in NaiveTotals::of(&results.iter()) {
        writeln!(
            text,
            "{:50} {:>9.3} {:>7.3} {:>8} {:>7} {:>11} {:>9}",
            naive.rule,
            naive.precision,
            naive.recall,
            "",
            naive.false_runs,
            number(naive.times.median()),
            number(naive.times.quantile(0.95))
        )?;
    }
    writeln!(text)?;
    details(text, &totals)
}

fn details(text: &mut String, totals: &Totals) -> std::fmt::Result {
    writeln!(
        text,
        "verdict accuracy {:.3}; false advice on negatives {} of {}; advice after the end {}; \
         well again too soon {}",
        totals.accuracy(),
        totals.false_on_negatives,
        totals.negatives,
        totals.stale,
        totals.hasty
    )?;
    let line = |times: &Times| {
        format!(
            "{}/{}/{}",
            number(times.median()),
            number(times.quantile(0.95)),
            number(times.most())
        )
    };
    writeln!(
        text,
        "where advice is due, median/p95/longest: suspicion {}, verdict {}, advice {}, \
         well again {}, closed {}",
        line(&totals.suspected),
        line(&totals.judged),
        line(&totals.advised),
        line(&totals.recovering),
        line(&totals.closed)
    )
}

fn targets(text: &mut String, results: &[Result]) -> std::fmt::Result {
    writeln!(text)?;
    for target in target::targets(results) {
        writeln!(
            text,
            "{:7} {:55} {:>15}   {}",
            match target.reached {
                Some(true) => "reached",
                Some(false) => "MISSED",
                None => "?",
            },
            target.name,
            target.wanted,
            target.found
        )?;
    }
    writeln!(
        text,
        "8 networks or more, 14 % or more: {}",
        target::dense(results).join(", ")
    )
}

fn calibration(text: &mut String, results: &[Result]) -> std::fmt::Result {
    let bins = |suspicions_only| crate::score::calibration(results.iter(), suspicions_only);
    writeln!(
        text,
        "\nconfidence in a verdict, as said with it, and how often it was right"
    )?;
    writeln!(
        text,
        "{:>15}   {:>22}   {:>30}",
        "said", "with all verdicts", "with those that suspect it"
    )?;
    for (all, suspicions) in bins(false).iter().zip(&bins(true)) {
        let figures = |bin: &Bin| format!("{:>8} {:.3} {:.3}", bin.verdicts, bin.said, bin.so);
        writeln!(
            text,
            "{:>15}   {:>22}   {:>30}",
            format!("{:.3} to {:.3}", all.from, all.until),
            figures(all),
            figures(suspicions)
        )?;
    }
    let sure: Vec<String> = results
        .iter()
        .filter_map(|result| match result.overconfident() {
            0 => None,
            count => Some(format!("{} {count}", result.scenario.id)),
        })
        .collect();
    writeln!(
        text,
        "suspicions with 0.9 or more while the path was well: {}",
        sure.join(", ")
    )
}

fn advice(advice: Advice) -> String {
    match advice {
        Advice::Within(limit) => format!("advice in {limit:.0} s"),
        Advice::Never => "no advice".to_owned(),
        Advice::Either => "either way".to_owned(),
    }
}

fn pair(times: &Times) -> String {
    if times.median().is_none() {
        return "-".to_owned();
    }
    format!("{}/{}", number(times.median()), number(times.most()))
}

fn number(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.0}"))
}
