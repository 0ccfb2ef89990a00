//! From the evidence on one local address to a judgement.

use super::change::Told;
use super::freshness::Freshness;
use super::networks::{Networks, Reach, View};
use super::params::{
    ANSWERS, CHANGE_MARGIN, CHANGE_PRIOR, CONTROL, DECIDED, OWN, PARTIAL, SEEN_BY, SIBLING,
    SILENT_IS_FAULT,
};
use super::posterior::Posterior;
use super::prefix::Prefix;
use super::side::{Judged, Vote};
use super::silence::Silence;
use super::trial::Trial;
use super::trouble::Trouble;
use super::verdict::{Grounds, Raw, judge};
use crate::path::PathClass;

/// All that a judgement rests on.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a gate of its own, open or shut"
)]
pub struct Assessment {
    /// The judgement.
    pub raw: Raw,
    /// Probabilities of the explanations.
    pub posterior: Posterior,
    /// Public side.
    pub public: Judged,
    /// Private side.
    pub private: Judged,
    /// How each network voted.
    pub votes: Vec<Vote>,
    /// Judged by the newest evidence, or by more of it ...
    pub reach: Reach,
    /// ... by what was sent, or by answers.
    pub trial: Trial,
    /// What must share the host's fate is there, and well: the private side, other addresses.
    pub control: bool,
    /// What other addresses of the host say of it, nats; never more than 0.
    pub siblings: f64,
    /// The public side loses right now, not only a while ago.
    pub ongoing: bool,
    /// The kinds of trial by which it does.
    pub(super) ongoing_by: [(Trial, bool); 2],
    /// By the newest evidence alone, the public side is well again.
    pub well_again: bool,
    /// Something public was heard of as long ago as evidence lasts.
    pub heard: bool,
    /// Who is silent.
    pub silence: Silence,
    /// What the host did to its own packets.
    pub trouble: Trouble,
    /// That can explain the retransmissions.
    pub explained: bool,
    /// Probability that the public side is bad by the newest evidence alone.
    pub(super) recently_bad: f64,
    /// Share of public segments sent again, by the newest evidence alone.
    pub recent_ratio: Option<f64>,
    /// What this address says in favour of the host, to others.
    pub(super) acquits: f64,
    /// Public answers were acknowledged as they should be; `None` if there were too few.
    pub(super) answered_well: Option<bool>,
    /// Of the public prefixes that say anything, the share that is bad; `None` if they are few.
    pub(super) bad_prefixes: Option<f64>,
}

/// What a judgement takes into account besides the prefixes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances {
    /// Now, seconds.
    pub(super) now: u64,
    /// Nothing before this counts.
    pub(super) since: Option<u64>,
    /// The public side has been bad since then, if it is: the control group is what was well in
    /// the very same seconds.
    pub(super) bad_since: Option<u64>,
    /// On most paths of the address segments overtake each other.
    pub(super) overtaking: bool,
    /// Answers were acknowledged as they should be, before.
    pub(super) answered_well: bool,
    /// See [`super::params::OWN`].
    pub(super) own: f64,
    /// See [`Assessment::siblings`].
    pub(super) siblings: f64,
    pub(super) silence: Silence,
    pub(super) trouble: Trouble,
}

impl Assessment {
    /// Probability that the public path is at fault.
    pub fn confidence(&self) -> f64 {
        self.posterior.public
    }

    /// Probability of what a judgement says.
    pub fn confidence_in(&self, told: Told) -> f64 {
        let Posterior {
            healthy,
            public,
            host,
            private,
        } = self.posterior;
        match told {
            Told::Raw(Raw::HostWide) => host,
            Told::Raw(Raw::PrivateOnly) => private,
            // The host's own count stands; all that could be wrong is that a path is bad besides.
            Told::Raw(Raw::LocalCongestion) => 1.0 - public,
            Told::Raw(Raw::PublicSilent) => SILENT_IS_FAULT,
            Told::Raw(Raw::InsufficientEvidence | Raw::Healthy | Raw::ClientSide) => healthy,
            Told::Raw(
                Raw::PublicSuspect
                | Raw::PublicPartial
                | Raw::PublicOnlyCollapse
                | Raw::PublicDegradedNoControl,
            ) => public,
            Told::Recovering => 1.0 - self.recently_bad,
        }
    }

    /// Probability that the public side is bad, for whatever reason.
    pub fn public_bad(&self) -> f64 {
        self.posterior.public_bad()
    }

    /// Judges the prefixes of one local address.
    pub(super) fn of<'a>(
        at: &Circumstances,
        prefixes: impl Iterator<Item = (PathClass, &'a Prefix)>,
    ) -> Self {
        let (mut public, mut private) = (Networks::default(), Networks::default());
        let mut freshness = Freshness::default();
        for (class, prefix) in prefixes {
            let stalled = prefix.is_stalled(at.now);
            let is_private = class == PathClass::Private;
            let since = at.since.or(at.bad_since.filter(|_| is_private));
            let mut windows = prefix.windows(at.now, since);
            if at.overtaking || prefix.overtakes(at.now) {
                windows = windows.without_duplicates();
            }
            if is_private {
                private.add(prefix, &windows, stalled, (true, OWN));
            } else {
                public.add(prefix, &windows, stalled, (false, at.own));
                freshness.add(&windows, stalled);
            }
        }
        public.weigh();
        private.weigh();
        let posterior = |view: View| {
            Posterior::of(
                public.votes(view),
                private.votes(view),
                at.siblings,
                share(view.1) * at.since.map_or(1.0, |_| CHANGE_PRIOR),
            )
        };
        let view = strongest(posterior, at.answered_well);
        let posterior = posterior(view);
        let (public_side, private_side) = (public.judged(view), private.judged(view));
        let control =
            private.votes(view) + at.siblings <= CONTROL && private_side.bad <= private_side.good;
        let recently_bad = recently_bad(&public, &private);
        let explained = at.trouble.explains(freshness.retransmitted());
        let raw = judge(&Grounds {
            posterior: &posterior,
            public: &public_side,
            private: &private_side,
            control,
            margin: at.since.map_or(0.0, |_| CHANGE_MARGIN),
            silence: at.silence,
            cut_off: at.trouble.is_cut_off(freshness.delivered()),
            explained,
        });
        let mut votes = public.list(view, false);
        votes.extend(private.list(view, true));
        Self {
            raw,
            posterior,
            public: public_side,
            private: private_side,
            votes,
            reach: view.0,
            trial: view.1,
            control,
            siblings: at.siblings,
            ongoing: freshness.is_ongoing(view.1),
            ongoing_by: Trial::ALL.map(|trial| (trial, freshness.is_ongoing(trial))),
            well_again: is_well(&public, recently_bad) && !freshness.is_stalled(),
            recently_bad,
            recent_ratio: public.numbers((Reach::Recent, Trial::Sent)).ratio(),
            heard: public.numbers((Reach::Slow, Trial::Sent)).networks > 0,
            silence: at.silence,
            trouble: at.trouble,
            explained,
            acquits: acquittal(&public, &private),
            answered_well: answered_well(&public),
            bad_prefixes: public.bad_prefixes(),
        }
    }
}

/// By which evidence to judge: the first that leaves no doubt, else that which finds most amiss;
/// answers only if they were ever well, for paths differ much in what they make of them; but
/// whoever finds the host sick is heard, for it takes more evidence to see that both sides are bad than that one is.
fn strongest(posterior: impl Fn(View) -> Posterior, answered_well: bool) -> View {
    let mut view = (Reach::Fast, Trial::Sent);
    let mut most = posterior(view);
    for other in [
        (Reach::Slow, Trial::Sent),
        (Reach::Fast, Trial::Answered),
        (Reach::Slow, Trial::Answered),
    ] {
        if other.1 == Trial::Answered && !answered_well {
            continue;
        }
        let found = posterior(other);
        let host = found.healthy < 0.5 && found.host > most.host;
        let decided = most.healthy < DECIDED;
        if (!decided && found.healthy < most.healthy) || host {
            (view, most) = (other, found);
        }
    }
    view
}

/// Whether public answers were acknowledged as they should be.
fn answered_well(public: &Networks) -> Option<bool> {
    let side = public.numbers((Reach::Slow, Trial::Answered));
    let enough = side.received.min(side.delivered) >= ANSWERS;
    enough.then(|| side.bad == 0 || side.share() < PARTIAL)
}

/// Share of the faults that show by this kind of trial.
fn share(trial: Trial) -> f64 {
    let [sent, answered] = SEEN_BY;
    match trial {
        Trial::Sent => sent,
        Trial::Answered => answered,
    }
}

/// Probability that the public side is bad by the newest evidence alone.
fn recently_bad(public: &Networks, private: &Networks) -> f64 {
    Trial::ALL
        .map(|trial| {
            let view = (Reach::Recent, trial);
            let private_votes = private.votes(view).min(0.0);
            Posterior::of(public.votes(view), private_votes, 0.0, share(trial)).public_bad()
        })
        .into_iter()
        .fold(0.0, f64::max)
}

/// Well again: the newest evidence acquits, at least one network says so, few say otherwise.
fn is_well(public: &Networks, recently_bad: f64) -> bool {
    let side = public.numbers((Reach::Recent, Trial::Sent));
    recently_bad < 0.2 && side.good >= 1 && side.share() < PARTIAL
}

/// What an address says in favour of the host it is on: anything of it that is well, shows that
/// the host is.
fn acquittal(public: &Networks, private: &Networks) -> f64 {
    let of = |side: &Networks| side.votes((Reach::Recent, Trial::Sent)).min(0.0);
    (of(public) + of(private)).max(SIBLING)
}
