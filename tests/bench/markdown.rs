//! The file of a whole run as the tables that the README shows, so that nobody copies a figure by
//! hand.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use edgeghost_tests::binary;
use serde::Deserialize;

use crate::budget;
use crate::report::number;

/// Options of `table`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What `suite --json` wrote [default: bench/results.json of this repository]
    file: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Document {
    about: About,
    figures: Vec<Figure>,
    budgets: Vec<Budget>,
    without_figure: Vec<Without>,
}

#[derive(Deserialize)]
struct About {
    command: String,
    at: String,
    kernel: String,
    machine: String,
    processor: Option<String>,
    processors: u32,
}

#[derive(Deserialize)]
struct Figure {
    id: String,
    what: String,
    unit: String,
    median: f64,
    min: f64,
    max: f64,
}

#[derive(Deserialize)]
struct Budget {
    figure: String,
    at_most: f64,
    why: String,
    outcome: String,
}

#[derive(Deserialize)]
struct Without {
    what: String,
    why: String,
}

/// The tables.
pub(crate) fn report(options: &Options) -> Result<String> {
    let file = match &options.file {
        Some(file) => file.clone(),
        None => binary::fixtures().join("../../bench/results.json"),
    };
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let document: Document =
        serde_json::from_str(&text).with_context(|| file.display().to_string())?;
    let mut out = document.about.line();
    out.push_str("\n| budget | at most | measured | from, to | |\n|---|---|---|---|---|\n");
    for budget in &document.budgets {
        let figure = document.figure(&budget.figure);
        let (median, range) = figure.map_or_else(Default::default, |figure| {
            (number(figure.median), figure.range())
        });
        let (at_most, outcome) = (number(budget.at_most), &budget.outcome);
        let _ = writeln!(
            out,
            "| {} | {at_most} | {median} | {range} | {outcome} |",
            budget.why
        );
    }
    out.push_str("\n| | median | from, to |\n|---|---|---|\n");
    for id in budget::shown()? {
        let figure = document.figure(&id);
        let figure = figure.with_context(|| format!("{} has no {id}", file.display()))?;
        let (median, range) = (number(figure.median), figure.range());
        let (what, unit) = (&figure.what, &figure.unit);
        let _ = writeln!(out, "| {what} | {median} {unit} | {range} |");
    }
    if !document.without_figure.is_empty() {
        out.push_str("\nWithout a figure:\n\n");
    }
    for without in &document.without_figure {
        let _ = writeln!(out, "- {}: {}", without.what, without.why);
    }
    Ok(out)
}

impl About {
    fn line(&self) -> String {
        let day = self.at.split('T').next().unwrap_or_default();
        let model = self.processor.as_deref().unwrap_or("processor unknown");
        format!(
            "Measured on {day} by `{}` on Linux {} ({}; {} processors, {model}):\n",
            self.command, self.kernel, self.machine, self.processors
        )
    }
}

impl Document {
    fn figure(&self, id: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.id == id)
    }
}

impl Figure {
    /// Nothing where there was one round only.
    fn range(&self) -> String {
        if self.min < self.max {
            format!("{} to {}", number(self.min), number(self.max))
        } else {
            String::new()
        }
    }
}
