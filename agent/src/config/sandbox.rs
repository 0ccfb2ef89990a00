//! `[sandbox]`: what the agent takes from itself once its programs run.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the agent takes from itself once its programs run. Capabilities that are needed no more
/// are dropped in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sandbox {
    /// System calls that the agent never makes: `on` refuses them (`EPERM`) and has the kernel log
    /// them, `strict` kills the agent instead, `off` allows them. `on` by default.
    pub seccomp: UseSeccomp,
    /// Files that the agent never touches: `auto` and `on` refuse them, `off` allows them. Landlock
    /// also hides the processes that sockets belong to; `auto`, the default, therefore leaves it
    /// off where the agent was given `CAP_SYS_PTRACE` (as root has it), which is of use for nothing
    /// else.
    pub landlock: UseLandlock,
    /// Further folders that may be read, as for a file that a reload will name. None by default:
    /// the folders of what the configuration names at the start are allowed.
    pub readable: Vec<PathBuf>,
    /// Further folders that may be written. None by default: those of the outputs are allowed.
    pub writable: Vec<PathBuf>,
}

/// What becomes of system calls that the agent never makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UseSeccomp {
    /// They are refused.
    #[default]
    On,
    /// They end the agent.
    Strict,
    /// They are made.
    Off,
}

/// Whether to use Landlock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UseLandlock {
    /// Unless it would hide what a capability was given to see.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}
