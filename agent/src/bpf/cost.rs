//! What the programs cost, by the kernel's own run statistics (`kernel.bpf_stats_enabled`).

use std::os::fd::{AsFd as _, AsRawFd as _};

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

/// Runs that the kernel left out of one program since it was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramMissed {
    /// Tracepoint.
    pub name: String,
    /// Times that it was met while it ran already on the same CPU (`recursion_misses`, Linux 5.12).
    pub runs: u64,
}

/// Programs that runs were left out of.
pub(super) fn missed(ebpf: &Ebpf) -> Vec<ProgramMissed> {
    let mut missed: Vec<_> = ebpf
        .programs()
        .filter_map(|(name, program)| {
            let fd = program.fd().ok()?.as_fd().as_raw_fd();
            let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).ok()?;
            let runs = recursion_misses(&info)?;
            (runs > 0).then(|| ProgramMissed {
                name: name.to_owned(),
                runs,
            })
        })
        .collect();
    missed.sort_by(|a, b| a.name.cmp(&b.name));
    missed
}

/// Out of what the kernel shows of a program (`bpf_prog_show_fdinfo`).
fn recursion_misses(info: &str) -> Option<u64> {
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("recursion_misses:"));
    line?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misses_are_read_where_the_kernel_tells_them() {
        let told = "pos:\t0\nprog_type:\t26\nrun_cnt:\t5\nrecursion_misses:\t17\n";
        assert_eq!(recursion_misses(told), Some(17));
        assert_eq!(recursion_misses("pos:\t0\nprog_type:\t26\n"), None);
    }
}
