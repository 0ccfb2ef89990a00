//! Every number that judgement rests on: meaning, unit, and what moving it does.
//!
//! Where they come from: chosen by what they mean, then kept because they did well on the
//! scenario benchmark (`cargo xtask scenarios`); none was fitted to a single scenario.

/// Whole seconds.
pub(super) const SECOND: u64 = 1_000_000_000;

/// How the detector judges over time; nanoseconds. These can be configured (`[detect]`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// The public side must have been bad for so long, counted from its onset, before advice.
    /// Shorter: advice on disturbances that pass by themselves. Longer: a later fix.
    pub confirm_ns: u64,
    /// The verdict of a collapse must have stood for so long before advice.
    pub hold_ns: u64,
    /// It must be well for so long before an incident closes.
    pub recovered_ns: u64,
    /// No second advice of the same kind within this time; what comes meanwhile gets the next step.
    pub cooldown_ns: u64,
    /// Advice on an address so often in 24 hours at most.
    pub advices_a_day: usize,
    /// A verdict that is no collapse must have stood for so long before counsel on it.
    pub counsel_ns: u64,
    /// A judgement must stand for so long before it is told. Shorter: verdicts flicker.
    pub settle_ns: u64,
}

// Evidence of one prefix.

/// Nothing older than this is evidence, seconds.
pub(super) const MEMORY_S: u64 = 600;
/// Seconds with traffic kept per prefix; older ones make room. Bounds memory, and must cover
/// [`LOOK_BACK_S`].
pub(super) const SECONDS_KEPT: usize = 192;
/// Evidence fades from this age on, seconds ...
pub(super) const FRESH_S: f64 = 30.0;
/// ... by half every so many seconds. Shorter: sparse hosts never gather enough. Longer: slow to
/// see that something changed.
pub(super) const HALF_LIFE_S: f64 = 120.0;
/// Retransmissions of a flow that made no progress for longer than this, seconds, count as
/// [`STALE_SEGMENTS`] at most when it does: the peer was away and came back.
pub(super) const STALE_ESCROW_S: u64 = 150;
/// See [`STALE_ESCROW_S`].
pub(super) const STALE_SEGMENTS: u32 = 2;
/// Flows per prefix whose retransmissions wait for progress.
pub(super) const MAX_WAITING: usize = 256;

/// How far back to look: the newest `segments` (or `turns`, for the way in), at least `min_s`
/// seconds of them, none older than `max_s`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Horizon {
    pub(super) segments: f64,
    pub(super) turns: f64,
    pub(super) max_s: u64,
    pub(super) min_s: u64,
}

/// Sees a change soon.
pub(super) const FAST: Horizon = Horizon {
    segments: 40.0,
    turns: 20.0,
    max_s: 300,
    min_s: 10,
};
/// Sees losses that come in long bursts, and losses just above the ordinary.
pub(super) const SLOW: Horizon = Horizon {
    segments: 160.0,
    turns: 60.0,
    max_s: 600,
    min_s: 60,
};
/// Whether it is well again: what has been silent since abstains.
pub(super) const RECENT: Horizon = Horizon {
    segments: 40.0,
    turns: 20.0,
    max_s: 75,
    min_s: 15,
};

// How much a count speaks for a bad path.

/// Losses come in bursts, so segments sent are worth less than independent trials: this many count
/// as one (design effect). Larger: slower, and less misled by a burst.
pub(super) const DESIGN_EFFECT: f64 = 1.5;
/// Answers lie apart in time.
pub(super) const DESIGN_EFFECT_IN: f64 = 1.0;
/// However much a prefix sends, it counts as no more trials than this: volume is not breadth.
pub(super) const MAX_TRIALS: f64 = 60.0;
/// Fewer trials than this say nothing.
pub(super) const MIN_TRIALS: f64 = 2.0;

/// Shares of collapses that show in what is sent, and of those that show only in what is
/// received. More for the second: inbound loss convicts with fewer networks.
pub(super) const SEEN_BY: [f64; 2] = [0.8, 0.2];

/// So many answers that were acknowledged as they should be, before those that were not mean
/// anything.
pub(super) const ANSWERS: f64 = 60.0;
/// Prefixes on which segments were seen to overtake each other within [`MEMORY_S`], and their share
/// among those that report duplicates, from which on duplicates mean nothing on any.
pub(super) const OVERTAKING: (usize, f64) = (2, 0.1);

/// Log likelihood ratio of a prefix that was heard of within [`STALL_ALIVE_S`] before
/// [`STALL_SEGMENTS`] retransmissions in a row went unanswered, and not since. Six to one: the
/// peer may have vanished.
pub(super) const STALL_LLR: f64 = 1.791_759_469_228_055;
/// See [`STALL_LLR`].
pub(super) const STALL_SEGMENTS: u64 = 3;
/// See [`STALL_LLR`], seconds.
pub(super) const STALL_ALIVE_S: u64 = 60;
/// A stall that is older than this says nothing any more, seconds: by then the peer is gone.
pub(super) const STALL_MAX_S: u64 = 150;

// How far a network speaks for the path.

/// Probability that a prefix is bad by itself: its own last mile. Learned upwards from here, see
/// [`OWN_MAX`].
pub(super) const OWN: f64 = 0.05;
/// The most that is learned: more, and no number of bad prefixes would convict.
pub(super) const OWN_MAX: f64 = 0.30;
/// It is learned over so many seconds, only while the address is well.
pub(super) const OWN_TIME_S: f64 = 21_600.0;
/// Probability that a whole network is bad by itself: its provider. With [`OWN`] it caps what one
/// network can say: 2.4 nats with one prefix, 3.5 with any number.
pub(super) const NETWORK_BAD: f64 = 0.03;
/// Probability that a prefix looks fine although the path is collapsed: lucky, or idle. It caps
/// what one network can say against a collapse: 1.9 nats.
pub(super) const LOOKS_FINE: f64 = 0.15;
/// Prior odds of each fault. Smaller: more networks are needed.
pub(super) const PRIOR: f64 = 0.01;

/// A network votes for "bad" from here on, nats ...
pub(super) const BAD: f64 = 1.0;
/// ... and for "good" below.
pub(super) const GOOD: f64 = -0.5;

// From votes to a verdict.

/// Posterior from which the public path is convicted.
pub(super) const CONVICTED: f64 = 0.90;
/// Probability of health below which there is no doubt that something is amiss.
pub(super) const DECIDED: f64 = 0.05;
/// Independent networks that must say so. Fewer: three coincident clients convict an address.
pub(super) const NETWORKS: u32 = 3;
/// Share of networks that are bad when a large part of the internet is, and not the path to all of
/// it. What the networks say must be likelier if it is all: about 67 % of them bad, where all are
/// decided. Larger: slower, and losses in bursts are missed.
pub(super) const PART: f64 = 0.65;
/// Below this share of bad networks it is somebody's own trouble.
pub(super) const PARTIAL: f64 = 0.30;
/// Votes of the control group below which it acquits the host, nats; about twelve segments in the
/// same seconds without a loss. Lower: thin control groups never suffice.
pub(super) const CONTROL: f64 = -0.8;
/// Most that one other address of the host can say in its favour, nats.
pub(super) const SIBLING: f64 = -3.0;
/// Public segments below which nothing can be said.
pub(super) const ENOUGH: f64 = 10.0;

/// Loss that counts as "still going on", as a share of the last [`NOW_S`] seconds ...
pub(super) const ONGOING: f64 = 0.035;
/// ... with at least so many segments ...
pub(super) const NOW_SEGMENTS: f64 = 40.0;
/// ... each prefix counting no more than so many.
pub(super) const NOW_CAP: f64 = 20.0;
/// See [`ONGOING`].
pub(super) const NOW_S: u64 = 25;
/// On sparse hosts: half the share, over so many seconds.
pub(super) const NOW_SPARSE_S: u64 = 60;
/// Likewise for answers that peers had twice.
pub(super) const ONGOING_IN: f64 = 0.07;

/// It has passed, and nothing is advised, where the last seconds are so much likelier on an ordinary
/// path than on one that goes on as it was, nats: twenty to one. Smaller: a lucky moment delays
/// advice. Larger: advice on what ended seconds ago.
pub(super) const PASSED: f64 = 3.0;
/// The last so many seconds ...
pub(super) const PASSED_S: u64 = 15;
/// ... and no fewer than so many, for losses are told later than deliveries.
pub(super) const PASSED_LEAST_S: u64 = 5;

/// Networks turn bad together if they were not bad before the onset, but for so many seconds, and
/// are soon after it.
pub(super) const TOGETHER_MARGIN_S: u64 = 15;
/// A busy prefix, of which only the last [`SECONDS_KEPT`] seconds are known, must be known for so
/// many seconds before that, or it does not count.
pub(super) const TOGETHER_SEEN_S: u64 = 30;

// Silence.

/// Arrivals that one network can miss by itself, nats: `-ln NETWORK_BAD`.
pub(super) const MISSED_CAP: f64 = 3.506_557_897_319_982;
/// A network that had been missed by more than this, nats, when the last of the others was heard of,
/// did not fall silent with them.
pub(super) const MISSED_BEFORE: f64 = 2.5;
/// Unless it was heard of no more than so many seconds before: what is underway still arrives.
pub(super) const TOGETHER_S: u64 = 30;
/// Missed arrivals, summed over networks, that make silence: four networks at least.
pub(super) const MISSED: f64 = 14.0;
/// Probability that silence of the public side is a fault of its path: clients are also sent
/// elsewhere on purpose, all at once.
pub(super) const SILENT_IS_FAULT: f64 = 0.5;
/// How often a network is heard of is averaged over so many seconds.
pub(super) const ARRIVALS_TIME_S: f64 = 300.0;

// Time.

/// How far back the onset is looked for, seconds.
pub(super) const LOOK_BACK_S: u64 = 180;
/// The change at the onset must be so clear, nats of all prefixes' losses taken together, before
/// the evidence since then is looked at by itself ...
pub(super) const CHANGE: f64 = 10.0;
/// ... with priors so much smaller, for the moment was chosen to fit ...
pub(super) const CHANGE_PRIOR: f64 = 0.1;
/// ... and so much likelier, nats, that all networks are bad than that a part of them is: in a few
/// seconds, few have had their say ...
pub(super) const CHANGE_MARGIN: f64 = 1.0;
/// ... and no longer ago than so many seconds: later, the newest evidence is all from since then.
pub(super) const CHANGE_S: u64 = 150;
/// How much earlier than the first suspicion the onset counts for the confirmation, seconds.
pub(super) const ONSET_CREDIT_S: u64 = 30;
/// What was bad stays bad over gaps of so many seconds: losses in long bursts have gaps.
pub(super) const DIP_S: u64 = 30;
/// It must be well for so long, or for half of [`Params::recovered_ns`], before that is told,
/// seconds; flapping has calm spells.
pub(super) const RECOVERING_S: u64 = 45;
/// The host itself is at fault for so long before an incident of the address is given up, seconds.
pub(super) const OTHER_CAUSE_S: u64 = 30;
/// So long after the mapping was renewed, a path that is as bad as before has not recovered, seconds:
/// by then the newest evidence is all from since.
pub(super) const OUTCOME_S: u64 = 120;
/// So many incidents on an address within [`FLAPPING_S`] are flapping.
pub(super) const FLAPPING: usize = 3;
/// See [`FLAPPING`], seconds.
pub(super) const FLAPPING_S: u64 = 3_600;
/// A day, seconds.
pub(super) const DAY_S: u64 = 86_400;
/// What comes and goes with a client must stand so many times longer before counsel on it.
pub(super) const COUNSEL_PATIENCE: f64 = 2.5;
/// Local trouble is remembered for so long, seconds.
pub(super) const LOCAL_S: u64 = 30;
/// What the packet filter dropped is told of so many seconds.
pub(super) const FIREWALL_S: u64 = 120;
/// Share of the retransmissions of the last seconds that local trouble must be able to explain.
pub(super) const LOCAL_SHARE: f64 = 0.2;
/// Fewer packets without a route than this do not tell of a host that is cut off.
pub(super) const CUT_OFF: u64 = 20;
/// Fewer packets dropped on the host than this explain nothing.
pub(super) const LOCAL_LEAST: u64 = 3;
/// While nothing is amiss and no loss is heard of, addresses are judged anew every so many
/// seconds.
pub(super) const CALM_S: u64 = 10;

// Bounds.

/// Local addresses judged at once. A host has a handful; containers bring more.
pub(super) const MAX_ADDRESSES: usize = 1_024;
/// Prefixes remembered at once, over all addresses; about 10 KiB each when busy.
pub(super) const MAX_PREFIXES: usize = 8_192;

/// Networks of an address whose arrivals are kept apart; those that come later are not missed
/// should they fall silent.
pub(super) const MAX_NETWORKS: usize = 16_384;
/// A prefix, or an address, that was silent for so long is forgotten, seconds.
pub(super) const FORGET_S: u64 = 900;
