//! How many flows the kernel half keeps state for in a hash. The kernel does not tell how full a
//! hash is, nor what its LRU lets go, so the entries are counted: a part at a time, and without a
//! look that would make one of them seem used (kernel/bpf/hashtab.c,
//! `__htab_map_lookup_and_delete_batch`).

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};

use aya::maps::{Map, MapData};
use edgeghost_common::record::FlowState;
use nix::libc;

/// `BPF_MAP_LOOKUP_BATCH` (include/uapi/linux/bpf.h), Linux 5.6.
const LOOKUP_BATCH: libc::c_int = 24;

/// Entries taken in one call: some 300 KiB.
const AT_ONCE: usize = 1_024;

/// Calls at one step. A full map of 65,536 is counted in 16 steps.
const CALLS: usize = 4;

/// Steps that pass before it is counted again: to look through an empty one takes a while, too.
const REST: u32 = 10;

/// How full the map of flows was when it was counted last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowsReading {
    /// Entries.
    pub entries: u64,
    /// Bound.
    pub capacity: u64,
}

/// The map, and how far it has been counted.
#[derive(Debug)]
pub(super) struct Flows {
    map: MapData,
    capacity: u64,
    /// Where to go on, as the kernel has it; nothing before the first part.
    place: Option<u32>,
    so_far: u64,
    entries: Option<u64>,
    rest: u32,
}

/// What the kernel takes for a batch: the part of `union bpf_attr` that is called `batch`.
#[repr(C)]
struct Batch {
    from: u64,
    to: u64,
    keys: u64,
    values: u64,
    count: u32,
    map: u32,
    elem_flags: u64,
    flags: u64,
}

/// Part of a count.
struct Part {
    entries: u32,
    /// Where to go on; nothing at the end.
    next: Option<u32>,
}

impl Flows {
    /// The hash of flows, for `capacity` of them.
    pub(super) fn new(map: Map, capacity: u32) -> Option<Self> {
        let Map::LruHashMap(map) = map else {
            return None;
        };
        Some(Self {
            map,
            capacity: capacity.into(),
            place: None,
            so_far: 0,
            entries: None,
            rest: 0,
        })
    }

    /// The last whole count.
    pub(super) fn read(&self) -> Option<FlowsReading> {
        let capacity = self.capacity;
        self.entries
            .map(|entries| FlowsReading { entries, capacity })
    }

    /// Counts on.
    pub(super) fn step(&mut self) -> io::Result<()> {
        if self.rest > 0 {
            self.rest -= 1;
            return Ok(());
        }
        let mut room = (vec![0; AT_ONCE], vec![FlowState::default(); AT_ONCE]);
        for _ in 0..CALLS {
            let part = self.part(&mut room.0, &mut room.1).inspect_err(|_| {
                // Whatever it is, once a minute is enough to hear of it.
                self.rest = 6 * REST;
                self.place = None;
            })?;
            self.so_far += u64::from(part.entries);
            self.place = part.next;
            if part.next.is_none() {
                self.entries = Some(std::mem::take(&mut self.so_far));
                self.rest = REST;
                break;
            }
        }
        Ok(())
    }

    fn part(&self, keys: &mut [u64], values: &mut [FlowState]) -> io::Result<Part> {
        let from = self.place.unwrap_or_default();
        let mut to = 0_u32;
        let mut batch = Batch {
            from: self.place.map_or(0, |_| &raw const from as u64),
            to: &raw mut to as u64,
            keys: keys.as_mut_ptr() as u64,
            values: values.as_mut_ptr() as u64,
            count: u32::try_from(keys.len().min(values.len())).unwrap_or(0),
            map: self.map.fd().as_fd().as_raw_fd().cast_unsigned(),
            elem_flags: 0,
            flags: 0,
        };
        // SAFETY: every pointer is to memory of this call or of its caller, of the sizes that key
        // (u64) and value (`FlowState`) of the map have and that `count` tells; any bytes are a
        // value of either.
        let done = unsafe {
            libc::syscall(
                libc::SYS_bpf,
                LOOKUP_BATCH,
                &raw mut batch,
                size_of::<Batch>(),
            )
        };
        match io::Error::last_os_error() {
            _ if done == 0 => Ok(Part {
                entries: batch.count,
                next: Some(to),
            }),
            end if end.raw_os_error() == Some(libc::ENOENT) => Ok(Part {
                entries: batch.count,
                next: None,
            }),
            error => Err(error),
        }
    }
}
