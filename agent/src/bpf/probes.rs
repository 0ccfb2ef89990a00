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

/// Attached in this order: the end of a flow is known before its beginning, so that no state
/// outlives its socket.
const PROBES: &[Probe] = &[
    Probe {
        name: "tcp_destroy_sock",
        required: false,
    },
    Probe {
        name: "inet_sock_set_state",
        required: false,
    },
    Probe {
        name: "tcp_retransmit_skb",
        required: true,
    },
    Probe {
        name: "tcp_retransmit_synack",
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
    let mut outcomes = Vec::with_capacity(PROBES.len());
    for probe in PROBES {
        let state = match lacks(probe.name) {
            Some(lack) => ProbeState::Unsupported(lack),
            None => match attach_one(ebpf, btf, probe.name) {
                Ok(()) => ProbeState::Attached,
                Err(reason) => ProbeState::Failed(reason),
            },
        };
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

fn attach_one(ebpf: &mut Ebpf, btf: &Btf, name: &str) -> Result<(), String> {
    let program = ebpf.program_mut(name).ok_or("not in the eBPF object")?;
    let program: &mut BtfTracePoint = program.try_into().map_err(chain)?;
    program.load(name, btf).map_err(chain)?;
    program.attach().map_err(chain)?;
    Ok(())
}

/// The error with all that lies behind it; the verifier's log is in there.
fn chain(error: aya::programs::ProgramError) -> String {
    format!("{:#}", anyhow::Error::new(error))
}
