//! The configuration, read again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigInfo;

/// `config_reload`: the configuration was read again, for SIGHUP.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConfigReload {
    /// The agent.
    pub agent: ReloadInfo,
}

/// What came of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReloadInfo {
    /// What is in force from now on.
    pub config: ConfigInfo,
    /// What changed.
    pub reload: Reload,
}

/// What changed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Reload {
    /// What came of it.
    pub state: ReloadState,
    /// Settings that changed and are in force, as `window.seconds`.
    pub applied: Vec<String>,
    /// Settings that are changed in the file and not in force: a restart brings them.
    pub needs_restart: Vec<String>,
    /// Why what was read is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What came of reading the configuration again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReloadState {
    /// It says the same.
    Unchanged,
    /// Something changed; what can be is in force.
    Applied,
    /// It is wrong, and what was in force before stays so.
    Refused,
}
