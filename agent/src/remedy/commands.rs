//! The command lines of an advice, with what is known filled in and the rest marked.

use crate::event::{Command, Target};

/// Fills the target's values into commands, and remembers which were missing.
pub(super) struct Values<'a> {
    target: &'a Target,
    missing: Vec<&'static str>,
}

impl<'a> Values<'a> {
    pub(super) const fn new(target: &'a Target) -> Self {
        Self {
            target,
            missing: Vec::new(),
        }
    }

    /// Names of the placeholders used so far, in order of first use.
    pub(super) fn into_missing(self) -> Vec<String> {
        self.missing.into_iter().map(str::to_owned).collect()
    }

    pub(super) fn region(&mut self) -> String {
        self.fill(self.target.region.as_deref(), "REGION")
    }

    pub(super) fn allocation_id(&mut self) -> String {
        self.fill(self.target.allocation_id.as_deref(), "ALLOCATION_ID")
    }

    pub(super) fn association_id(&mut self) -> String {
        self.fill(self.target.association_id.as_deref(), "ASSOCIATION_ID")
    }

    pub(super) fn network_interface_id(&mut self) -> String {
        self.fill(
            self.target.network_interface_id.as_deref(),
            "NETWORK_INTERFACE_ID",
        )
    }

    pub(super) fn private_ip(&mut self) -> String {
        let known = self.target.private_ip.map(|address| address.to_string());
        self.fill(known.as_deref(), "PRIVATE_IP")
    }

    /// A placeholder is in capitals between angle brackets: a shell refuses it, so a command that
    /// was not completed does nothing.
    fn fill(&mut self, known: Option<&str>, name: &'static str) -> String {
        if let Some(value) = known {
            return value.to_owned();
        }
        if !self.missing.contains(&name) {
            self.missing.push(name);
        }
        format!("<{name}>")
    }
}

/// A command that only looks.
pub(super) fn look(purpose: &str, command: String) -> Command {
    Command {
        purpose: purpose.to_owned(),
        command,
        changes: false,
    }
}

/// A command that changes something.
pub(super) fn change(purpose: &str, command: String) -> Command {
    Command {
        purpose: purpose.to_owned(),
        command,
        changes: true,
    }
}
