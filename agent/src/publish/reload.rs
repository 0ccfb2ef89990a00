//! The configuration, read again.

use super::Note;
use crate::config::{Change, ConfigError};
use crate::event::{
    ConfigInfo, ConfigReload, Event, Reload, ReloadInfo, ReloadState, Severity, Time,
};

/// What came of reading the configuration again; `config` is in force from now on.
pub fn reload(change: Result<&Change, &ConfigError>, config: ConfigInfo, time: Time) -> Note {
    let (severity, message, reload) = match change {
        Ok(change) => told(change),
        Err(error) => refused(error),
    };
    Note {
        time,
        severity,
        message,
        event: Event::ConfigReload(Box::new(ConfigReload {
            agent: ReloadInfo { config, reload },
        })),
    }
}

fn told(change: &Change) -> (Severity, String, Reload) {
    let (applied, restart) = (&change.applied, &change.needs_restart);
    let in_force = format!("in force now: {}", applied.join(", "));
    let later = format!("a restart brings: {}", restart.join(", "));
    let (severity, what, state) = match (applied.is_empty(), restart.is_empty()) {
        (true, true) => (
            Severity::Info,
            "it says the same".to_owned(),
            ReloadState::Unchanged,
        ),
        (false, true) => (Severity::Info, in_force, ReloadState::Applied),
        (true, false) => (Severity::Warn, later, ReloadState::Applied),
        (false, false) => (
            Severity::Warn,
            format!("{in_force}; {later}"),
            ReloadState::Applied,
        ),
    };
    let reload = Reload {
        state,
        applied: applied.clone(),
        needs_restart: restart.clone(),
        error: None,
    };
    (
        severity,
        format!("the configuration was read again: {what}"),
        reload,
    )
}

fn refused(error: &ConfigError) -> (Severity, String, Reload) {
    let error = error.to_string();
    let first = error.lines().next().unwrap_or_default();
    let message = format!(
        "the configuration was read again and is refused, what was in force stays so: {first}"
    );
    let reload = Reload {
        state: ReloadState::Refused,
        applied: Vec::new(),
        needs_restart: Vec::new(),
        error: Some(error),
    };
    (Severity::Warn, message, reload)
}
