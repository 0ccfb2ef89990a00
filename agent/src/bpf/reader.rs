//! Taking records out of the ring buffer.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use aya::maps::{Map, MapData, MapError, RingBuf};
use edgeghost_common::limits::RING_BYTES;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::fill::Ends;

/// The ring buffer's reading end.
pub struct Records {
    ring: RingBuf<MapData>,
    ends: Option<Ends>,
    /// The most bytes that waited when it was looked at.
    fullest: u64,
}

/// How full the ring buffer was, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingReading {
    /// At its fullest.
    pub fullest: u64,
    /// When it is full.
    pub capacity: u64,
}

impl Records {
    pub(super) fn new(map: Map) -> Result<Self, MapError> {
        let ring: RingBuf<MapData> = map.try_into()?;
        let ends = Ends::of(ring.as_fd())
            .inspect_err(|error| log::warn!("how full the ring buffer is cannot be told: {error}"));
        Ok(Self {
            ring,
            ends: ends.ok(),
            fullest: 0,
        })
    }

    /// How full the ring was, at its fullest since [`Self::forget_fullest`]; nothing where that
    /// cannot be seen.
    pub fn fill(&self) -> Option<RingReading> {
        self.ends.as_ref().map(|_| RingReading {
            fullest: self.fullest,
            capacity: u64::from(RING_BYTES),
        })
    }

    /// It is told, and counts from now on.
    pub fn forget_fullest(&mut self) {
        self.fullest = 0;
    }

    /// A handle that becomes readable when the programs see the ring fill up. Must be called
    /// within a tokio runtime.
    pub fn crowded(&self) -> io::Result<Crowded> {
        let ring = self.ring.as_fd().try_clone_to_owned()?;
        // SAFETY: the descriptor is owned by the handle, so it stays open as long as it is
        // registered.
        let registered = unsafe { AsyncFd::register_with_interest(ring, Interest::READABLE) };
        Ok(Crowded(registered?))
    }

    /// Hands up to `limit` waiting records to `each`, and returns how many there were.
    pub fn drain(&mut self, limit: usize, mut each: impl FnMut(&[u8])) -> usize {
        // It is never fuller than right before it is emptied.
        let waiting = self.ends.as_ref().map_or(0, Ends::waiting);
        self.fullest = self.fullest.max(waiting);
        let mut taken = 0;
        while taken < limit {
            let Some(record) = self.ring.next() else {
                break;
            };
            each(&record);
            taken += 1;
        }
        taken
    }
}

/// Wakes when the ring fills up.
pub struct Crowded(AsyncFd<OwnedFd>);

impl Crowded {
    /// Waits for the ring to fill up.
    pub async fn wait(&self) -> io::Result<()> {
        self.0.readable().await?.clear_ready();
        Ok(())
    }
}
