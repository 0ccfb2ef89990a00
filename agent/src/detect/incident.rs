//! What becomes of judgements over time: an incident opens, is advised upon, and closes.

use super::address::Params;
use super::assess::{Assessment, Raw};

const SECOND: u64 = 1_000_000_000;

/// An open incident is told again this often.
const UPDATE_NS: u64 = 60 * SECOND;

/// Something to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The judgement is another one. `recovering` stands for [`Raw`] while an incident heals.
    Verdict {
        /// Before; `None` for the first.
        previous: Option<Told>,
        /// Now.
        now: Told,
    },
    /// An incident opened.
    Opened {
        /// When the public side turned bad, `CLOCK_MONOTONIC` nanoseconds.
        onset_ns: u64,
    },
    /// An open incident, told again.
    Updated {
        /// See `Opened`.
        onset_ns: u64,
    },
    /// The time has come for advice.
    Advise {
        /// See `Opened`.
        onset_ns: u64,
    },
    /// An incident closed.
    Closed {
        /// See `Opened`.
        onset_ns: u64,
        /// How.
        closing: Closing,
    },
}

/// A judgement as told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// As judged.
    Raw(Raw),
    /// A collapse is over; watching whether it stays so.
    Recovering,
}

/// How an incident closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// The evidence is gone: nothing public has moved for as long as evidence lasts.
    Silence,
    /// After advice was given.
    AfterAdvice,
    /// By itself.
    ByItself,
}

/// Memory of one address.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// Since when the public side has been bad on two networks or more.
    bad_since: Option<u64>,
    /// Since when the verdict has been a collapse.
    collapsed_since: Option<u64>,
    open: Option<Open>,
    advised_ns: Option<u64>,
    told: Option<Told>,
    candidate: Option<(Told, u64)>,
}

#[derive(Debug)]
struct Open {
    onset_ns: u64,
    updated_ns: u64,
    advised: bool,
    well_since: Option<u64>,
}

impl Course {
    pub(super) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    pub(super) fn step(
        &mut self,
        now_ns: u64,
        assessment: &Assessment,
        params: &Params,
        onset: impl FnOnce() -> Option<u64>,
    ) -> Vec<Change> {
        self.note_times(now_ns, assessment);
        let mut changes = Vec::new();
        let told = self.tell(now_ns, assessment, params);
        changes.extend(told);
        changes.extend(self.open_or_update(now_ns, params, onset));
        changes.extend(self.advise(now_ns, assessment, params));
        changes.extend(self.close(now_ns, assessment, params));
        changes
    }

    fn note_times(&mut self, now_ns: u64, assessment: &Assessment) {
        let bad = assessment.public_bad() > 0.5 && assessment.public.bad >= 2;
        self.bad_since = if bad {
            self.bad_since.or(Some(now_ns))
        } else {
            None
        };
        let collapsed = assessment.raw == Raw::PublicOnlyCollapse && assessment.ongoing;
        self.collapsed_since = if collapsed {
            self.collapsed_since.or(Some(now_ns))
        } else {
            None
        };
        if let Some(open) = &mut self.open {
            let well = assessment.well_again && !assessment.ongoing;
            open.well_since = if well {
                open.well_since.or(Some(now_ns))
            } else {
                None
            };
        }
    }

    /// The judgement that holds. While an incident is open, old and new evidence mix: until the
    /// new alone acquits, what looks milder than a collapse is no judgement of its own.
    fn judgement(&self, assessment: &Assessment) -> Option<Told> {
        let Some(open) = &self.open else {
            return Some(Told::Raw(assessment.raw));
        };
        if open.well_since.is_some() {
            return Some(Told::Recovering);
        }
        let grave = matches!(
            assessment.raw,
            Raw::PublicOnlyCollapse
                | Raw::PublicDegradedNoControl
                | Raw::HostWide
                | Raw::PrivateOnly
        );
        grave.then_some(Told::Raw(assessment.raw))
    }

    /// The judgement to tell, if it changed and stood for a moment.
    fn tell(&mut self, now_ns: u64, assessment: &Assessment, params: &Params) -> Option<Change> {
        let now = self.judgement(assessment)?;
        if self.told == Some(now) {
            self.candidate = None;
            return None;
        }
        let since = match self.candidate {
            Some((candidate, since)) if candidate == now => since,
            _ => now_ns,
        };
        self.candidate = Some((now, since));
        // Nothing is told of an address of which nothing was ever known.
        let mute = self.told.is_none() && now == Told::Raw(Raw::InsufficientEvidence);
        if mute || now_ns.saturating_sub(since) < params.settle_ns {
            return None;
        }
        self.candidate = None;
        let previous = self.told.replace(now);
        Some(Change::Verdict { previous, now })
    }

    fn open_or_update(
        &mut self,
        now_ns: u64,
        params: &Params,
        onset: impl FnOnce() -> Option<u64>,
    ) -> Option<Change> {
        if let Some(open) = &mut self.open {
            if now_ns.saturating_sub(open.updated_ns) < UPDATE_NS {
                return None;
            }
            open.updated_ns = now_ns;
            return Some(Change::Updated {
                onset_ns: open.onset_ns,
            });
        }
        let since = self.collapsed_since?;
        if now_ns.saturating_sub(since) < params.settle_ns {
            return None;
        }
        let onset_ns = onset().or(self.bad_since).unwrap_or(since);
        self.open = Some(Open {
            onset_ns,
            updated_ns: now_ns,
            advised: false,
            well_since: None,
        });
        Some(Change::Opened { onset_ns })
    }

    fn advise(&mut self, now_ns: u64, assessment: &Assessment, params: &Params) -> Option<Change> {
        let open = self.open.as_mut().filter(|open| !open.advised)?;
        let long_enough = |since: Option<u64>, least| {
            since.is_some_and(|since| now_ns.saturating_sub(since) >= least)
        };
        let cool = self
            .advised_ns
            .is_none_or(|last| now_ns.saturating_sub(last) >= params.cooldown_ns);
        if !assessment.ongoing
            || !cool
            || !long_enough(self.bad_since, params.confirm_ns)
            || !long_enough(self.collapsed_since, params.hold_ns)
        {
            return None;
        }
        open.advised = true;
        self.advised_ns = Some(now_ns);
        Some(Change::Advise {
            onset_ns: open.onset_ns,
        })
    }

    fn close(&mut self, now_ns: u64, assessment: &Assessment, params: &Params) -> Option<Change> {
        let open = self.open.as_ref()?;
        // Whoever suffered may have gone away, or the address with them.
        let silent = assessment.public.networks == 0;
        let over = silent
            || open
                .well_since
                .is_some_and(|since| now_ns.saturating_sub(since) >= params.recovered_ns);
        if !over || assessment.ongoing {
            return None;
        }
        let closing = match (silent, open.advised) {
            (true, _) => Closing::Silence,
            (false, true) => Closing::AfterAdvice,
            (false, false) => Closing::ByItself,
        };
        let onset_ns = open.onset_ns;
        self.open = None;
        self.bad_since = None;
        self.collapsed_since = None;
        Some(Change::Closed { onset_ns, closing })
    }
}
