//! What the agent took from itself.

use schemars::JsonSchema;
use serde::Serialize;

/// What the agent may still do, once its programs run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SandboxInfo {
    /// Effective user id.
    pub uid: u32,
    /// Effective capabilities that were kept, as `CAP_BPF`; it began with more.
    pub capabilities: Vec<String>,
    /// Whether no program that is started can gain privileges (`PR_SET_NO_NEW_PRIVS`).
    pub no_new_privileges: bool,
    /// The filter of system calls.
    pub seccomp: Fence,
    /// The filter of files.
    pub landlock: Fence,
}

/// One of the kernel's means against a process that was taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Fence {
    /// How it is.
    pub state: FenceState,
    /// Version of Landlock's interface that is used (`landlock_create_ruleset(2)`); absent for
    /// others, and while it is not in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abi: Option<u32>,
    /// Why it is not in force, or not whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// State of such a means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FenceState {
    /// In force.
    On,
    /// In force, and what it forbids ends the agent.
    Strict,
    /// In force as far as this kernel knows it.
    Partial,
    /// Not wanted.
    Off,
    /// Wanted, and this kernel does not have it or refused it.
    Failed,
}
