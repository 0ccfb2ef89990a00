//! What a row of the decision table advises, before it is put together.

use crate::event::Command;

/// The parts of an advice that a row decides.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) summary: String,
    pub(super) hypothesis: String,
    pub(super) not_seen: Vec<String>,
    pub(super) blast_radius: String,
    pub(super) cost_if_wrong: String,
    pub(super) run_from: String,
    pub(super) preconditions: Vec<String>,
    pub(super) commands: Vec<Command>,
    pub(super) risks: Vec<String>,
    pub(super) rollback: Vec<Command>,
    pub(super) verification: Vec<String>,
}

impl Plan {
    /// One that only looks; what is to be changed is for whoever looked.
    pub(super) fn looking(summary: impl Into<String>, hypothesis: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            hypothesis: hypothesis.into(),
            not_seen: texts(&[BEYOND, HEALTH]),
            blast_radius: "None: these commands only look.".to_owned(),
            cost_if_wrong: "The time it takes to look.".to_owned(),
            run_from: "On this host, and where a command says otherwise there.".to_owned(),
            verification: texts(&[
                "In this stream: the verdict of the address turns to `healthy` and stays there.",
            ]),
            ..Self::default()
        }
    }
}

/// What no host can see of its way out.
pub(super) const BEYOND: &str = "What lies beyond the interface: route tables and network ACLs of \
    the VPC, the internet gateway, the regional edge and transit look alike from here.";
/// What no host can see of its provider.
pub(super) const HEALTH: &str =
    "What AWS knows: see the AWS Health Dashboard for the region and zone first.";

pub(super) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}
