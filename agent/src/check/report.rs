//! What was found: a line each as it comes, or one JSON document at the end.

use std::io::{self, Write};

use serde::Serialize;

/// Findings on their way out.
pub(super) struct Report<'a, W> {
    out: &'a mut W,
    json: bool,
    findings: Vec<Finding>,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Ok,
    /// The agent runs, with less.
    Warn,
    /// The agent does not run.
    Fail,
}

#[derive(Debug, Serialize)]
struct Finding {
    name: String,
    state: State,
    message: String,
}

/// Everything.
#[derive(Debug, Serialize)]
struct Document<'a> {
    version: &'static str,
    /// Whether the agent can run here.
    fit: bool,
    checks: &'a [Finding],
}

impl<'a, W: Write> Report<'a, W> {
    pub(super) const fn new(out: &'a mut W, json: bool) -> Self {
        Self {
            out,
            json,
            findings: Vec::new(),
        }
    }

    /// It is as it should be.
    pub(super) fn ok(&mut self, name: &str, words: &str) -> io::Result<()> {
        self.add(name, State::Ok, words)
    }

    /// The agent runs without it.
    pub(super) fn warn(&mut self, name: &str, words: &str) -> io::Result<()> {
        self.add(name, State::Warn, words)
    }

    /// The agent does not run without it.
    pub(super) fn fail(&mut self, name: &str, words: &str) -> io::Result<()> {
        self.add(name, State::Fail, words)
    }

    fn add(&mut self, name: &str, state: State, words: &str) -> io::Result<()> {
        if !self.json {
            let mark = match state {
                State::Ok => "ok",
                State::Warn => "warn",
                State::Fail => "FAIL",
            };
            writeln!(self.out, "{mark:<5}{name:<24}{words}")?;
            self.out.flush()?;
        }
        self.findings.push(Finding {
            name: name.to_owned(),
            state,
            message: words.to_owned(),
        });
        Ok(())
    }

    /// All is found.
    pub(super) fn finish(self, fit: bool) -> io::Result<()> {
        if self.json {
            let document = Document {
                version: env!("CARGO_PKG_VERSION"),
                fit,
                checks: &self.findings,
            };
            serde_json::to_writer_pretty(&mut *self.out, &document)?;
            writeln!(self.out)?;
        }
        Ok(())
    }
}
