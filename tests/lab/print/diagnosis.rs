//! The incident's diagnostic table: what people looked at by hand, a row each, as the agent saw it.

use super::Printer;
use crate::diagnosis::{Diagnosis, Row};

impl Printer {
    pub(crate) fn diagnosis(&self, diagnosis: &Diagnosis) {
        self.say("");
        self.say("What there was to look at, and what the agent found by itself:");
        for row in &diagnosis.rows {
            self.row(row);
        }
    }

    fn row(&self, row: &Row) {
        let number = row.number;
        self.say(&format!("  {number:>2}. {:<28} {}", row.name, row.state));
        for line in &row.lines {
            self.below("", line);
        }
    }
}
