//! All maps, with their size and its reason.

use aya_ebpf::btf_maps::SkStorage;
use aya_ebpf::macros::{btf_map, map};
use aya_ebpf::maps::{Array, LruHashMap, LruPerCpuHashMap, PerCpuArray, RingBuf};
use edgeghost_common::limits::{MAX_DROP_KINDS, MAX_FLOWS, MAX_NETNS, RING_BYTES};
use edgeghost_common::record::FlowState;
use edgeghost_common::{Counter, DropCount, DropKey, NetnsTotals, Settings};

use crate::Outcome;
use crate::budget::Bucket;

/// Records on their way to user space. The loader may set another size.
#[map]
pub(crate) static RECORDS: RingBuf = RingBuf::with_byte_size(RING_BYTES, 0);

/// State per flow, in its socket: found without a hash, gone with the socket at the latest, and
/// charged to it (`sk_omem_alloc`), so there are never more than sockets.
#[btf_map]
pub(crate) static SOCKETS: SkStorage<FlowState> = SkStorage::new();

/// State per flow where a tracing program may not keep it in the socket (before Linux 5.11), by
/// the address of its `struct sock`: valid until `tcp_destroy_sock`, which deletes the entry. LRU,
/// so that a flood of connections cannot fill it for good.
#[map]
pub(crate) static FLOWS: LruHashMap<u64, FlowState> = LruHashMap::with_max_entries(MAX_FLOWS, 0);

/// Totals per network namespace, by inode number. Per CPU: no atomics on the way.
#[map]
pub(crate) static NETNS: LruPerCpuHashMap<u32, NetnsTotals> =
    LruPerCpuHashMap::with_max_entries(MAX_NETNS, 0);

/// Dropped TCP packets by kind. Per CPU: no atomics on the way.
#[map]
pub(crate) static DROPS: LruPerCpuHashMap<DropKey, DropCount> =
    LruPerCpuHashMap::with_max_entries(MAX_DROP_KINDS, 0);

/// One slot per [`Counter`].
#[map]
pub(crate) static COUNTERS: PerCpuArray<u64> = PerCpuArray::with_max_entries(Counter::COUNT, 0);

/// One token bucket per CPU.
#[map]
pub(crate) static BUDGET: PerCpuArray<Bucket> = PerCpuArray::with_max_entries(1, 0);

/// Entry 0: what user space may change while the programs run.
#[map]
pub(crate) static SETTINGS: Array<Settings> = Array::with_max_entries(1, 0);

/// Counts one.
#[inline(always)]
pub(crate) fn count(counter: Counter) {
    if let Some(slot) = COUNTERS.get_ptr_mut(counter as u32) {
        // SAFETY: this CPU's own slot, and programs of one CPU do not interrupt each other in
        // the middle of an addition in a way that would matter to a counter.
        unsafe { *slot += 1 };
    }
}

/// Counts what a step could not do, where others follow it whatever became of it.
#[inline(always)]
pub(crate) fn count_failed(step: Outcome) {
    if let Err(counter) = step {
        count(counter);
    }
}

/// The settings in force.
#[inline(always)]
pub(crate) fn settings() -> Result<&'static Settings, Counter> {
    SETTINGS.get(0).ok_or(Counter::NoSettings)
}
