//! Length of the kernel's tick.

use rustix::time::{ClockId, clock_getres};

/// Length of a jiffy in microseconds, as the kernel itself rounds it (`USEC_PER_SEC / HZ`).
///
/// `HZ` is not in the BTF and stands in no file that every host has. But the resolution of a coarse
/// clock is one tick (`posix_get_coarse_res`, `kernel/time/posix-timers.c`: `TICK_NSEC`).
pub fn microseconds() -> u32 {
    let resolution = clock_getres(ClockId::MonotonicCoarse);
    from_tick(u64::try_from(resolution.tv_nsec).unwrap_or(0))
}

fn from_tick(tick_ns: u64) -> u32 {
    // TICK_NSEC is a second divided by HZ and rounded, so HZ comes back exactly.
    let hz = (1_000_000_000 + tick_ns / 2).checked_div(tick_ns);
    let us = hz.and_then(|hz| 1_000_000_u64.checked_div(hz));
    us.and_then(|us| u32::try_from(us).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hz_that_a_kernel_can_be_built_with() {
        for (hz, tick_ns, us) in [
            (100, 10_000_000, 10_000),
            (250, 4_000_000, 4_000),
            (300, 3_333_333, 3_333),
            (1_000, 1_000_000, 1_000),
            (1_024, 976_563, 976),
        ] {
            assert_eq!(from_tick(tick_ns), us, "HZ {hz}");
        }
        assert_eq!(from_tick(0), 0, "no answer is no measurement");
    }

    #[test]
    fn this_kernel_has_a_tick() {
        assert!((900..=10_000).contains(&microseconds()));
    }
}
