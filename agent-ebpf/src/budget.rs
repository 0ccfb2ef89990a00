//! The token bucket that bounds detail records.

use edgeghost_common::Counter;

use crate::maps;

/// Saved-up credit of one CPU.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Bucket {
    /// Nanoseconds of credit.
    credit_ns: u64,
    /// When it was last topped up.
    at_ns: u64,
}

/// Pays for one detail record, or says that it must be left out, as `counter`.
#[inline(always)]
pub(crate) fn pay(now_ns: u64, counter: Counter) -> Result<(), Counter> {
    let settings = maps::settings()?;
    let Some(bucket) = maps::BUDGET.get_ptr_mut(0) else {
        return Err(counter);
    };
    // SAFETY: this CPU's own slot.
    let bucket = unsafe { &mut *bucket };
    let mut credit = bucket.credit_ns + now_ns.saturating_sub(bucket.at_ns);
    if credit > settings.record_burst_ns {
        credit = settings.record_burst_ns;
    }
    bucket.at_ns = now_ns;
    let affordable = credit >= settings.record_cost_ns;
    bucket.credit_ns = if affordable {
        credit - settings.record_cost_ns
    } else {
        credit
    };
    if affordable { Ok(()) } else { Err(counter) }
}
