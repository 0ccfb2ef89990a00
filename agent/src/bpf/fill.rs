//! How full the ring buffer is: the kernel shows where its two ends stand in the first two pages
//! of its memory (kernel/bpf/ringbuf.c, `struct bpf_ringbuf`).

use std::ffi::c_void;
use std::io;
use std::os::fd::BorrowedFd;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// The two ends, as the kernel moves them.
#[derive(Debug)]
pub(super) struct Ends {
    consumer: Page,
    producer: Page,
}

impl Ends {
    /// Those of the ring buffer `ring`.
    pub(super) fn of(ring: BorrowedFd<'_>) -> io::Result<Self> {
        Ok(Self {
            consumer: Page::map(ring, 0)?,
            producer: Page::map(ring, 1)?,
        })
    }

    /// Bytes that wait to be taken, those of their headers included.
    pub(super) fn waiting(&self) -> u64 {
        let taken = self.consumer.position();
        self.producer.position().saturating_sub(taken)
    }
}

/// A page of it, read only.
#[derive(Debug)]
struct Page(*mut c_void);

// SAFETY: the memory belongs to nobody in particular, and is only ever read, atomically.
unsafe impl Send for Page {}

impl Page {
    fn map(ring: BorrowedFd<'_>, number: u64) -> io::Result<Self> {
        let size = rustix::param::page_size();
        let offset = number * size as u64;
        // SAFETY: a new mapping, which nothing else of this process lies in.
        let page = unsafe {
            mmap(
                null_mut(),
                size,
                ProtFlags::READ,
                MapFlags::SHARED,
                ring,
                offset,
            )
        }?;
        Ok(Self(page))
    }

    /// `unsigned long` at its beginning: bytes since the ring was made.
    fn position(&self) -> u64 {
        // SAFETY: mapped as long as this lives, aligned to a page, and all programs are of 64 bits.
        // Of memory that may only be read, no other than relaxed loads are allowed (std::sync::atomic,
        // "Atomic accesses to read-only memory"); nothing else is read by what it says.
        unsafe { &*self.0.cast::<AtomicU64>() }.load(Ordering::Relaxed)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: the whole of what was mapped, to which no reference is left.
        let unmapped = unsafe { munmap(self.0, rustix::param::page_size()) };
        if let Err(error) = unmapped {
            log::debug!("a page of the ring buffer stays mapped: {error}");
        }
    }
}
