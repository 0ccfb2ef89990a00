//! What the programs cost, by the kernel's own run statistics (`kernel.bpf_stats_enabled`).

use aya::Ebpf;

/// Cost of one program since it was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramCost {
    /// Tracepoint.
    pub name: String,
    /// Runs.
    pub runs: u64,
    /// Time in it, nanoseconds.
    pub run_time_ns: u64,
}

/// Programs that ran while statistics were on; empty where they are off.
pub(super) fn read(ebpf: &Ebpf) -> Vec<ProgramCost> {
    let mut costs: Vec<_> = ebpf
        .programs()
        .filter_map(|(name, program)| {
            let info = program.info().ok()?;
            let runs = info.run_count();
            (runs > 0).then(|| ProgramCost {
                name: name.to_owned(),
                runs,
                run_time_ns: u64::try_from(info.run_time().as_nanos()).unwrap_or(u64::MAX),
            })
        })
        .collect();
    costs.sort_by(|a, b| a.name.cmp(&b.name));
    costs
}
