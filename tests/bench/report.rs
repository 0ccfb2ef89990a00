//! What a whole run found: shown as it comes, and kept as a JSON file.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::budget::{self, Verdict};
use crate::figure::Figure;

/// Figures, and what could not be measured.
#[derive(Debug, Default)]
pub(crate) struct Report {
    figures: Vec<Figure>,
    without: Vec<(String, String)>,
}

impl Report {
    /// Takes a figure, and shows it.
    pub(crate) fn figure(&mut self, figure: Option<Figure>) {
        let Some(figure) = figure else {
            return;
        };
        let spread = if figure.rounds() > 1 {
            format!(
                "  ({} to {}, {} rounds)",
                number(figure.min()),
                number(figure.max()),
                figure.rounds()
            )
        } else {
            String::new()
        };
        say(format_args!(
            "  {:<58} {:>9} {}{spread}",
            figure.what,
            number(figure.median()),
            figure.unit
        ));
        self.figures.push(figure);
    }

    /// Takes note of what there is no figure for, and why: it was not run, or never came.
    pub(crate) fn without(&mut self, what: impl Into<String>, why: impl Into<String>) {
        let (what, why) = (what.into(), why.into());
        say(format_args!("  {what:<58}         - {why}"));
        self.without.push((what, why));
    }

    /// Shows the budgets, and tells whether each whose figure was measured is met.
    pub(crate) fn budgets(&self) -> Result<bool> {
        say(format_args!("\nBudgets"));
        let mut good = true;
        for budget in budget::all()? {
            let (word, median) = match budget.judge(&self.figures) {
                Verdict::Met(median) => ("met", number(median)),
                Verdict::Missed(median) => ("MISSED", number(median)),
                Verdict::NotMeasured => ("not measured", "-".to_owned()),
            };
            good &= word != "MISSED";
            say(format_args!(
                "  {:<58} {median:>9} of at most {:<7} {word}",
                budget.why,
                number(budget.at_most)
            ));
        }
        Ok(good)
    }

    /// The whole as a JSON document, with what `about` tells of the run.
    pub(crate) fn document(&self, about: &Value) -> Result<String> {
        let figures: Vec<Value> = self.figures.iter().map(Figure::document).collect();
        let budgets: Vec<Value> = budget::all()?
            .iter()
            .map(|budget| budget.document(budget.judge(&self.figures)))
            .collect();
        let without: Vec<Value> = self
            .without
            .iter()
            .map(|(what, why)| json!({ "what": what, "why": why }))
            .collect();
        let document = json!({
            "about": about,
            "figures": figures,
            "budgets": budgets,
            "without_figure": without,
        });
        let mut text = serde_json::to_string_pretty(&document).context("cannot write JSON")?;
        let _ = writeln!(text);
        Ok(text)
    }
}

/// Tells people something now: a run takes minutes.
pub(crate) fn say(text: std::fmt::Arguments<'_>) {
    // Nobody listening any more is no reason to stop: the file is still written.
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Short enough for a table: three significant digits.
pub(crate) fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.001 => 3,
        _ => 1,
    };
    format!("{value:.digits$}")
}
