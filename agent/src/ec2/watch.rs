//! Follows the metadata on a thread of its own: whatever the service does, the daemon never waits
//! for it.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::endpoint::Endpoint;
use super::imds::{Absence, Imds};
use super::metadata::{self, Depth, Metadata};
use crate::clock::Clock;

/// While an incident is open, it is asked this often.
const HURRIED: Duration = Duration::from_secs(5);

/// After the first failure it is asked again this soon; each further one doubles it, up to the
/// ordinary time.
const RETRY: Duration = Duration::from_secs(2);

/// All of the metadata must be read within this.
pub const READ_LIMIT: Duration = Duration::from_secs(2);

/// How to follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where it is; nothing is asked if this is empty.
    pub endpoints: Vec<Endpoint>,
    /// How often it is read.
    pub refresh: Duration,
}

/// What is known of the metadata at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The last that was read in full.
    pub known: Option<Arc<Metadata>>,
    /// When that was, `CLOCK_MONOTONIC` nanoseconds.
    pub read_ns: Option<u64>,
    /// Why the last attempt failed, if it did.
    pub absence: Option<Absence>,
    /// The last request that was answered, well or not; see [`MetadataWatch::ask`].
    pub answered: u64,
    /// Attempts so far.
    pub attempts: u64,
}

/// Follows the metadata.
pub struct MetadataWatch {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    reading: Reading,
    asked: u64,
    hurry: bool,
}

impl MetadataWatch {
    /// Begins to follow it.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let off = settings.endpoints.is_empty();
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                reading: Reading {
                    known: None,
                    read_ns: None,
                    absence: Some(if off { Absence::Off } else { Absence::Waiting }),
                    answered: 0,
                    attempts: 0,
                },
                asked: 0,
                hurry: false,
            }),
            changed: Condvar::new(),
        });
        if !off {
            let shared = Arc::clone(&shared);
            // It ends with the process: nothing it does needs an end of its own.
            std::thread::Builder::new()
                .name("metadata".to_owned())
                .spawn(move || follow(&shared, &settings))?;
        }
        Ok(Self { shared })
    }

    /// Reads it once, and starts nothing that would follow it.
    pub fn once(settings: &Settings) -> Reading {
        let read = || {
            let (nothing, deadline) = (Arc::default(), Instant::now() + READ_LIMIT);
            let mut imds = Imds::new(settings.endpoints.clone());
            metadata::read(
                &mut imds,
                &nothing,
                Depth::All,
                &mut BTreeSet::new(),
                deadline,
            )
        };
        let read = if settings.endpoints.is_empty() {
            Err(Absence::Off)
        } else {
            read()
        };
        Reading {
            read_ns: read.is_ok().then(Clock::monotonic_ns),
            absence: read.as_ref().err().copied(),
            known: read.ok().map(Arc::new),
            answered: 0,
            attempts: 1,
        }
    }

    /// What is known now.
    pub fn latest(&self) -> Reading {
        self.shared.lock().reading.clone()
    }

    /// What is known after the first attempt, or after `limit`.
    pub fn first(&self, limit: Duration) -> Reading {
        let until = Instant::now() + limit;
        let mut state = self.shared.lock();
        while state.reading.attempts == 0 && state.reading.absence != Some(Absence::Off) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.shared.wait(state, left);
        }
        state.reading.clone()
    }

    /// Wants the mappings read now. The number of the request: [`Reading::answered`] reaches it
    /// when that is done, or has failed.
    pub fn ask(&self) -> u64 {
        let mut state = self.shared.lock();
        state.asked += 1;
        let number = state.asked;
        drop(state);
        self.shared.changed.notify_all();
        number
    }

    /// Reads it more often while an incident is open.
    pub fn hurry(&self, hurry: bool) {
        let mut state = self.shared.lock();
        if state.hurry != hurry {
            state.hurry = hurry;
            drop(state);
            self.shared.changed.notify_all();
        }
    }
}

impl Shared {
    /// A thread that panicked while it held the lock left a whole state behind.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout(state, limit);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until it is time to read again, `since` the last time.
    fn wait_for_turn(&self, since: Instant, refresh: Duration, failures: u32) -> u64 {
        let mut state = self.lock();
        loop {
            if state.asked > state.reading.answered {
                return state.asked;
            }
            let due = since + pause(refresh, state.hurry, failures);
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return state.asked;
            }
            state = self.wait(state, left);
        }
    }
}

fn follow(shared: &Shared, settings: &Settings) {
    let mut imds = Imds::new(settings.endpoints.clone());
    let mut told = BTreeSet::new();
    let mut before = Arc::new(Metadata::default());
    let mut failures = 0_u32;
    let mut whole = None::<Instant>;
    let mut asked = 0;
    loop {
        let begin = Instant::now();
        let depth = match whole {
            Some(at) if at.elapsed() < settings.refresh => Depth::Mappings,
            _ => Depth::All,
        };
        let read = metadata::read(&mut imds, &before, depth, &mut told, begin + READ_LIMIT);
        let mut state = shared.lock();
        match read {
            Ok(metadata) => {
                failures = 0;
                if depth == Depth::All {
                    whole = Some(begin);
                }
                before = Arc::new(metadata);
                state.reading.known = Some(Arc::clone(&before));
                state.reading.read_ns = Some(Clock::monotonic_ns());
                state.reading.absence = None;
            }
            Err(absence) => {
                failures = failures.saturating_add(1);
                state.reading.absence = Some(absence);
            }
        }
        state.reading.answered = asked;
        state.reading.attempts += 1;
        drop(state);
        shared.changed.notify_all();
        asked = shared.wait_for_turn(begin, settings.refresh, failures);
    }
}

/// Time from one attempt to the next.
fn pause(refresh: Duration, hurry: bool, failures: u32) -> Duration {
    let ordinary = if hurry { HURRIED.min(refresh) } else { refresh };
    match failures.checked_sub(1) {
        None => ordinary,
        Some(further) => {
            let retry = RETRY * 2_u32.saturating_pow(further.min(10));
            retry.min(refresh).max(if hurry { ordinary } else { RETRY })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_back_off_and_an_incident_hurries() {
        let minute = Duration::from_mins(1);
        let seconds = |hurry, failures| pause(minute, hurry, failures).as_secs();
        assert_eq!([seconds(false, 0), seconds(true, 0)], [60, 5]);
        let course: Vec<_> = (1..8).map(|failures| seconds(false, failures)).collect();
        assert_eq!(course, [2, 4, 8, 16, 32, 60, 60]);
        let course: Vec<_> = (1..8).map(|failures| seconds(true, failures)).collect();
        assert_eq!(course, [5, 5, 8, 16, 32, 60, 60]);
        assert_eq!(seconds(false, u32::MAX), 60);
    }

    #[test]
    fn switched_off_it_does_not_wait() {
        let watch = MetadataWatch::start(Settings {
            endpoints: Vec::new(),
            refresh: Duration::from_secs(1),
        });
        let first = watch.unwrap().first(Duration::from_mins(1));
        assert_eq!(first.absence, Some(Absence::Off));
        let once = MetadataWatch::once(&Settings {
            endpoints: Vec::new(),
            refresh: Duration::from_secs(1),
        });
        assert_eq!(once.absence, Some(Absence::Off));
    }
}
