//! Taking back what was done, in reverse order, on every way out.

use anyhow::Result;

type Step = Box<dyn FnOnce() -> Result<()> + Send + Sync>;

/// A stack of steps that take something back. Each is pushed right after what it undoes was done,
/// so an error or a panic in the middle undoes exactly what had been done by then.
#[derive(Default)]
pub struct Undo {
    steps: Vec<(String, Step)>,
}

impl Undo {
    /// Nothing to take back yet.
    pub const fn new() -> Self {
        Self { steps: Vec::new() }
    }

    /// Remembers how to take back `what`, which has just been done.
    pub fn push(
        &mut self,
        what: impl Into<String>,
        step: impl FnOnce() -> Result<()> + Send + Sync + 'static,
    ) {
        self.steps.push((what.into(), Box::new(step)));
    }

    /// Leaves everything as it is.
    pub fn forget(&mut self) {
        self.steps.clear();
    }

    /// Takes everything back now, and returns what could not be.
    pub fn run(&mut self) -> Vec<String> {
        let mut failures = Vec::new();
        while let Some((what, step)) = self.steps.pop() {
            if let Err(error) = step() {
                failures.push(format!("{what}: {error:#}"));
            }
        }
        failures
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        for failure in self.run() {
            crate::tool::complain(&format!("could not clean up {failure}"));
        }
    }
}

impl std::fmt::Debug for Undo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.steps.iter().map(|(what, _)| what))
            .finish()
    }
}
