//! What the course of an address leads to.

use super::verdict::Raw;

/// Something to tell.
#[derive(Debug, Clone, Copy, PartialEq)]
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
    /// It would have, but for what was advised before: the next step, not the same again.
    Escalate {
        /// See `Opened`.
        onset_ns: u64,
        /// Why.
        reason: Escalation,
    },
    /// A verdict that asks for something has stood for long enough to say what. Never for an
    /// address to be touched.
    Counsel {
        /// The verdict.
        verdict: Raw,
        /// Told since then, `CLOCK_MONOTONIC` nanoseconds.
        since_ns: u64,
        /// Onset of the incident, if one is open.
        onset_ns: Option<u64>,
    },
    /// Somebody acted, and it did not help.
    NotRecovered {
        /// See `Opened`.
        onset_ns: u64,
        /// Before and after.
        repair: Repair,
    },
    /// An incident closed.
    Closed {
        /// See `Opened`.
        onset_ns: u64,
        /// How.
        closing: Closing,
        /// Before and after, if it is well after advice or after a change of the mapping.
        repair: Option<Repair>,
    },
}

/// Why the next step is advised, and not the usual one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Escalation {
    /// The usual one was advised on this address within the cool-down.
    Repeated,
    /// It was advised as often as it may be in a day.
    Exhausted,
    /// One incident follows the other.
    Flapping,
    /// The mapping was renewed, and it did not help.
    NotRecovered,
}

/// What the public side was like before somebody acted, and after.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Repair {
    /// The mapping of the address was last seen to change, `CLOCK_MONOTONIC` nanoseconds.
    pub changed_ns: Option<u64>,
    /// Share of public segments sent again, at its worst before anybody acted.
    pub before: Option<f64>,
    /// The same by the newest evidence alone.
    pub after: Option<f64>,
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
    /// It turned out to be the host's own trouble.
    OtherCause,
}

/// How far an address is on the way to advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a gate of its own, open or shut"
)]
pub struct Progress {
    /// The public side has been bad since then, counted from the onset, nanoseconds.
    pub bad_since_ns: Option<u64>,
    /// The verdict has been a collapse since then.
    pub collapsed_since_ns: Option<u64>,
    /// It has been well again since then.
    pub well_since_ns: Option<u64>,
    /// An incident is open.
    pub open: bool,
    /// Advice was given on it.
    pub advised: bool,
    /// Enough networks turned bad at its onset, and not each at a time of its own.
    pub together: bool,
    /// All else spoke for advice, but the last seconds looked ordinary.
    pub passed: bool,
}
