//! One measured figure: what it is of, and every value that was seen.

use serde_json::{Value, json};

/// A figure, of all rounds in which it was measured.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// What budgets and readers of the JSON file know it by, `group.name`.
    pub(crate) id: String,
    /// What it is, for people.
    pub(crate) what: String,
    /// Of what it is so many: `ns`, `%`, `MiB`, `ratio`...
    pub(crate) unit: &'static str,
    /// One value a round, in the order of rounds; never empty.
    samples: Vec<f64>,
}

impl Figure {
    /// A figure of one or many rounds; none if there was no round.
    pub(crate) fn new(
        id: impl Into<String>,
        what: impl Into<String>,
        unit: &'static str,
        samples: Vec<f64>,
    ) -> Option<Self> {
        (!samples.is_empty()).then(|| Self {
            id: id.into(),
            what: what.into(),
            unit,
            samples,
        })
    }

    /// What is in the middle.
    pub(crate) fn median(&self) -> f64 {
        quantile(&self.samples, 0.5)
    }

    /// The smallest value seen.
    pub(crate) fn min(&self) -> f64 {
        self.samples.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The largest value seen.
    pub(crate) fn max(&self) -> f64 {
        let lowest = f64::NEG_INFINITY;
        self.samples.iter().copied().fold(lowest, f64::max)
    }

    /// Rounds.
    pub(crate) fn rounds(&self) -> usize {
        self.samples.len()
    }

    /// As the JSON file has it.
    pub(crate) fn document(&self) -> Value {
        json!({
            "id": self.id,
            "what": self.what,
            "unit": self.unit,
            "median": short(self.median()),
            "min": short(self.min()),
            "max": short(self.max()),
            "rounds": self.rounds(),
        })
    }
}

/// The value below which `part` of all values lie, 0 to 1; 0 of nothing.
pub(crate) fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1) as f64;
    // An index: within the slice by the bounds of `part`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the length"
    )]
    let at = (last * part.clamp(0.0, 1.0)).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}

/// With four significant digits: more would claim what no measurement here can hold.
fn short(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    format!("{value:.3e}").parse().unwrap_or(value)
}
