//! `edgeghost runbook`: a recommendation as a shell script.

mod find;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::remedy::runbook::{BadReport, script};
use crate::shown::shown;
use find::Found;

/// The actions that there is a script for, as they are published. The script finds the address by
/// what is known of it.
const REASSOCIATE: [&str; 2] = ["reassociate_elastic_ip", "find_address_then_reassociate"];

/// Why no script is printed.
#[derive(Debug, Error)]
pub enum RunbookError {
    /// An incident is named, and not where its recommendation is.
    #[error(
        "where is the recommendation of incident {incident}? The configuration has no file for \
         events; name one that holds them: `edgeghost runbook {incident} --events FILE` (- for \
         standard input)"
    )]
    NoEvents {
        /// The incident.
        incident: String,
    },
    /// The events cannot be opened.
    #[error("cannot read the events {path}: {source}")]
    Open {
        /// File.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The events cannot be read on.
    #[error("{path}, line {line}: {problem}")]
    Line {
        /// File.
        path: String,
        /// Number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// No recommendation there.
    #[error("{path} holds no recommendation{whose}; {instead}")]
    None {
        /// File.
        path: String,
        /// ` of incident …`, if one is named.
        whose: String,
        /// What it holds instead.
        instead: String,
    },
    /// The recommendation is no re-association.
    #[error("there is nothing to run: the advice{whose} is {action}: {summary}")]
    NothingToRun {
        /// ` of incident …`, if it says so.
        whose: String,
        /// The action.
        action: String,
        /// Its summary.
        summary: String,
    },
    /// The recommendation says what it cannot mean.
    #[error(transparent)]
    Bad(#[from] BadReport),
    /// The script cannot be written.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// Prints the script for `what`: a file with events (`-` for standard input), whose last
/// recommendation counts, or the id of an incident in the files `events`, the oldest first.
pub fn run(what: &Path, events: &[PathBuf], out: &mut impl Write) -> Result<(), RunbookError> {
    let incident = what.to_string_lossy();
    let found = match events {
        [] if names_incident(what) => {
            return Err(RunbookError::NoEvents {
                incident: incident.into_owned(),
            });
        }
        [] => find::recommendation(&[what.to_owned()], None)?,
        events => find::recommendation(events, Some(&incident))?,
    };
    let whose = of(found.report.incident.as_deref());
    if !REASSOCIATE.contains(&found.action.as_str()) {
        return Err(RunbookError::NothingToRun {
            whose,
            action: shown(&found.action),
            summary: shown(&found.summary),
        });
    }
    let script = script(&found.report)?;
    warn(&found, &whose);
    out.write_all(script.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Whether `what` is the id of an incident, not a file: `eg-` and 16 hex digits, as the detector
/// makes them.
pub fn names_incident(what: &Path) -> bool {
    let digits = what.to_str().and_then(|name| name.strip_prefix("eg-"));
    !what.exists()
        && digits.is_some_and(|digits| {
            digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
}

fn warn(found: &Found, whose: &str) {
    if let Some(time) = &found.closed {
        log::warn!(
            "the incident was closed at {}: the path is well again, and there may be nothing to do",
            shown(time)
        );
    }
    log::info!(
        "runbook{whose}: save it, read it, try `sh FILE --check`, then `sh FILE`; not on the host \
         that the address belongs to"
    );
}

/// ` of incident …`, or nothing.
fn of(incident: Option<&str>) -> String {
    incident.map_or_else(String::new, |id| format!(" of incident {}", shown(id)))
}
