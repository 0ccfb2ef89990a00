//! Taking records out of the ring buffer.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use aya::maps::{Map, MapData, MapError, RingBuf};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The ring buffer's reading end.
pub struct Records {
    ring: RingBuf<MapData>,
}

impl Records {
    pub(super) fn new(map: Map) -> Result<Self, MapError> {
        Ok(Self {
            ring: map.try_into()?,
        })
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
