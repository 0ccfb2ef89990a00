//! What may be spent: `bench/budgets.toml`, held against what was measured.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::figure::Figure;

const TEXT: &str = include_str!("../../bench/budgets.toml");

/// One promise about one figure's median.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budget {
    /// Id of the figure.
    pub(crate) figure: String,
    /// The most that its median may be, in the figure's own unit.
    pub(crate) at_most: f64,
    /// The promise in words.
    pub(crate) why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    /// Figures that the README shows besides.
    shown: Vec<String>,
    budget: Vec<Budget>,
}

/// All budgets, in the file's order.
pub(crate) fn all() -> Result<Vec<Budget>> {
    Ok(document()?.budget)
}

/// Ids of the figures that the README shows besides.
pub(crate) fn shown() -> Result<Vec<String>> {
    Ok(document()?.shown)
}

fn document() -> Result<Document> {
    toml::from_str(TEXT).context("bench/budgets.toml cannot be read")
}

/// What became of a budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Verdict {
    /// Spent so much, at most what was promised.
    Met(f64),
    /// More than promised.
    Missed(f64),
    /// Its figure was not measured in this run.
    NotMeasured,
}

impl Budget {
    /// Holds it against what was measured.
    pub(crate) fn judge(&self, figures: &[Figure]) -> Verdict {
        let Some(figure) = figures.iter().find(|figure| figure.id == self.figure) else {
            return Verdict::NotMeasured;
        };
        let median = figure.median();
        if median <= self.at_most {
            Verdict::Met(median)
        } else {
            Verdict::Missed(median)
        }
    }

    /// As the JSON file has it.
    pub(crate) fn document(&self, verdict: Verdict) -> Value {
        let (outcome, median) = match verdict {
            Verdict::Met(median) => ("met", Some(median)),
            Verdict::Missed(median) => ("missed", Some(median)),
            Verdict::NotMeasured => ("not measured", None),
        };
        json!({
            "figure": self.figure,
            "at_most": self.at_most,
            "median": median,
            "outcome": outcome,
            "why": self.why,
        })
    }
}
