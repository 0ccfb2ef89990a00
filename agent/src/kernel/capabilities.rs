//! What this process may do.

use std::fs;
use std::io;

/// Capability numbers (include/uapi/linux/capability.h).
const SYS_ADMIN: u32 = 21;
const PERFMON: u32 = 38;
const BPF: u32 = 39;

/// Names of the capabilities that this process lacks to load and attach tracing programs; empty
/// if it can. `CAP_SYS_ADMIN` stands for both (kernels before 5.8 know nothing else).
pub fn missing() -> io::Result<Vec<&'static str>> {
    let status = fs::read_to_string("/proc/self/status")?;
    effective(&status).map(missing_of).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "no CapEff line in /proc/self/status",
        )
    })
}

pub(crate) fn effective(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

fn missing_of(effective: u64) -> Vec<&'static str> {
    let has = |number: u32| effective & (1 << number) != 0;
    if has(SYS_ADMIN) {
        return Vec::new();
    }
    [(BPF, "CAP_BPF"), (PERFMON, "CAP_PERFMON")]
        .into_iter()
        .filter(|(number, _)| !has(*number))
        .map(|(_, name)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_read_from_the_status() {
        let status = "Name:\tx\nCapInh:\t0000000000000000\nCapEff:\t000000c000000000\n";
        assert_eq!(effective(status), Some(0xc0_0000_0000));
        assert_eq!(effective("Name:\tx\n"), None);
    }

    #[test]
    fn both_or_sys_admin_will_do() {
        assert_eq!(missing_of(0), ["CAP_BPF", "CAP_PERFMON"]);
        assert_eq!(missing_of(1 << 39), ["CAP_PERFMON"]);
        assert!(missing_of((1 << 38) | (1 << 39)).is_empty());
        assert!(missing_of(1 << 21).is_empty());
    }
}
