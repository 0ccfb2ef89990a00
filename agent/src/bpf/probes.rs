//! The table of programs, and attaching them.

use aya::programs::BtfTracePoint;
use aya::{Btf, Ebpf};

use super::object::LoadError;

/// A program and what it means to be without it.
struct Probe {
    /// Name of the tracepoint and of the program.
    name: &'static str,
    /// Whether the agent is of any use without it.
    required: bool,
}

/// Attached in this order. Retransmissions are seen before any flow is known: one in between would
/// look as if it had failed, for the socket counts it and nothing told of it. The end of a flow is
/// known before its beginning, so that no state outlives its socket.
const PROBES: &[Probe] = &[
    Probe {
        name: "tcp_retransmit_skb",
        required: true,
    },
    Probe {
        name: "tcp_retransmit_synack",
        required: false,
    },
    Probe {
        name: "tcp_destroy_sock",
        required: false,
    },
    Probe {
        name: "inet_sock_set_state",
        required: false,
    },
    Probe {
        name: "tcp_probe",
        required: true,
    },
    Probe {
        name: "kfree_skb",
        required: false,
    },
];

/// How a program fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeOutcome {
    /// Tracepoint.
    pub name: &'static str,
    /// State.
    pub state: ProbeState,
}

/// State of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeState {
    /// Attached.
    Attached,
    /// This kernel does not have what the program needs; what that is.
    Unsupported(String),
    /// The kernel has it, and refused.
    Failed(String),
}

/// Names of the tracepoints that are needed, and of those that are used where they exist.
pub fn names() -> impl Iterator<Item = (&'static str, bool)> {
    PROBES.iter().map(|probe| (probe.name, probe.required))
}

/// Attaches every program that this kernel has all for; `lacks` says what is missing for one. A
/// required one that cannot be attached is an error; another one's failure is an outcome.
pub(super) fn attach(
    ebpf: &mut Ebpf,
    btf: &Btf,
    lacks: impl Fn(&str) -> Option<String>,
) -> Result<Vec<ProbeOutcome>, LoadError> {
    // The verifier takes its time with each: all are loaded before the first is attached.
    let loaded: Vec<Result<(), ProbeState>> = PROBES
        .iter()
        .map(|probe| match lacks(probe.name) {
            Some(lack) => Err(ProbeState::Unsupported(lack)),
            None => load(ebpf, btf, probe.name).map_err(ProbeState::Failed),
        })
        .collect();
    let mut outcomes = Vec::with_capacity(PROBES.len());
    for (probe, loaded) in PROBES.iter().zip(loaded) {
        let attached = loaded.and_then(|()| hook(ebpf, probe.name).map_err(ProbeState::Failed));
        let state = attached.map_or_else(|state| state, |()| ProbeState::Attached);
        if probe.required
            && let ProbeState::Failed(reason) | ProbeState::Unsupported(reason) = state
        {
            return Err(LoadError::Probe {
                name: probe.name,
                reason,
            });
        }
        outcomes.push(ProbeOutcome {
            name: probe.name,
            state,
        });
    }
    Ok(outcomes)
}

fn load(ebpf: &mut Ebpf, btf: &Btf, name: &str) -> Result<(), String> {
    program(ebpf, name)?.load(name, btf).map_err(chain)
}

fn hook(ebpf: &mut Ebpf, name: &str) -> Result<(), String> {
    program(ebpf, name)?.attach().map(drop).map_err(chain)
}

fn program<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut BtfTracePoint, String> {
    let program = ebpf.program_mut(name).ok_or("not in the eBPF object")?;
    program.try_into().map_err(chain)
}

/// The error with all that lies behind it; the verifier's log is in there.
fn chain(error: aya::programs::ProgramError) -> String {
    format!("{:#}", anyhow::Error::new(error))
}
