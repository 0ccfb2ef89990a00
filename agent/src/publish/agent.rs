//! The agent about itself.

use edgeghost_common::NetnsTotals;

use super::Note;
use crate::bpf::{ProbeOutcome, ProbeState};
use crate::event::{
    AgentHealth, AgentStart, AgentStop, ConfigInfo, Ec2Info, Event, Health, KernelInfo, NetnsCount,
    Probe, SandboxInfo, Severity, SinkHealth, SinkState, StartInfo, StopInfo, Time,
};

/// Namespaces told at most.
const MAX_NETNS: usize = 64;

/// What `agent_start` tells.
pub struct StartFacts<'a> {
    /// Release and machine of the kernel.
    pub kernel: KernelInfo,
    /// How each program fared.
    pub probes: &'a [ProbeOutcome],
    /// The configuration.
    pub config: ConfigInfo,
    /// What is known of EC2.
    pub ec2: Ec2Info,
    /// What the agent took from itself.
    pub sandbox: Option<SandboxInfo>,
}

/// First event of a run.
pub fn start(facts: StartFacts<'_>) -> Note {
    let attached = facts
        .probes
        .iter()
        .filter(|probe| probe.state == ProbeState::Attached)
        .count();
    let message = format!(
        "edgeghost {} watches this host: {attached} of {} probes attached on kernel {}",
        env!("CARGO_PKG_VERSION"),
        facts.probes.len(),
        facts.kernel.release,
    );
    let failed = facts
        .probes
        .iter()
        .any(|probe| matches!(probe.state, ProbeState::Failed(_)));
    let event = Event::AgentStart(Box::new(AgentStart {
        agent: StartInfo {
            pid: std::process::id(),
            kernel: facts.kernel,
            probes: facts.probes.iter().map(probe).collect(),
            config: facts.config,
            ec2: facts.ec2,
            sandbox: facts.sandbox,
        },
    }));
    let severity = if failed {
        Severity::Warn
    } else {
        Severity::Info
    };
    Note {
        time: Time::now(),
        severity,
        message,
        event,
    }
}

/// How the agent fares.
pub fn health(health: Health) -> Note {
    let lost: Vec<_> = health
        .lost
        .iter()
        .filter(|lost| lost.count > 0)
        .map(|lost| format!("{} {}", lost.count, lost.reason))
        .collect();
    let failing: Vec<_> = health.sinks.iter().filter_map(failing).collect();
    let mut message = if lost.is_empty() {
        "nothing lost since the last report".to_owned()
    } else {
        format!("not delivered since the last report: {}", lost.join(", "))
    };
    for sink in &failing {
        message.push_str("; ");
        message.push_str(sink);
    }
    Note {
        time: Time::now(),
        severity: if lost.is_empty() && failing.is_empty() {
            Severity::Info
        } else {
            Severity::Warn
        },
        message,
        event: Event::AgentHealth(Box::new(AgentHealth { agent: health })),
    }
}

/// What there is to say of a sink that takes no events.
fn failing(sink: &SinkHealth) -> Option<String> {
    let name = sink.path.as_deref().unwrap_or("standard output");
    match (sink.state, &sink.error) {
        (SinkState::Working, _) => None,
        (SinkState::Closed, _) => Some(format!("{name} has no reader any more")),
        (SinkState::Failing, error) => Some(format!(
            "{name} takes no events for {:.0} s now ({}); {} incidents and recommendations wait \
             for it on disk",
            sink.failing_seconds.unwrap_or_default(),
            error.as_deref().unwrap_or("it is not known why"),
            sink.spooled
        )),
    }
}

/// Last event of a run.
pub fn stop(info: StopInfo) -> Note {
    let message = format!(
        "edgeghost stops after {:.0} s: {}",
        info.uptime_seconds, info.reason
    );
    let event = Event::AgentStop(AgentStop { agent: info });
    Note {
        time: Time::now(),
        severity: Severity::Info,
        message,
        event,
    }
}

/// Totals of namespaces, those with most retransmissions first.
pub fn netns(totals: &[(u32, NetnsTotals)]) -> Vec<NetnsCount> {
    totals
        .iter()
        .take(MAX_NETNS)
        .map(|(netns, totals)| NetnsCount {
            netns: *netns,
            segments: totals.segments,
            bytes: totals.bytes,
            syn_acks: totals.syn_acks,
            failed: totals.failed,
        })
        .collect()
}

fn probe(outcome: &ProbeOutcome) -> Probe {
    let (state, reason) = match &outcome.state {
        ProbeState::Attached => (crate::event::ProbeState::Attached, None),
        ProbeState::Unsupported(lack) => {
            (crate::event::ProbeState::Unsupported, Some(lack.clone()))
        }
        ProbeState::Failed(reason) => (
            crate::event::ProbeState::Failed,
            Some(reason.chars().take(2_000).collect()),
        ),
    };
    Probe {
        name: outcome.name.to_owned(),
        state,
        reason,
    }
}
