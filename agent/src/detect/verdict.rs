//! From votes to a judgement, without regard to time: the first rule that fits.

use super::params::{CONVICTED, ENOUGH, NETWORKS, ONGOING, PARTIAL};
use super::posterior::Posterior;
use super::side::Judged;
use super::silence::Silence;

/// Judgement without regard to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in event::VerdictName")]
pub enum Raw {
    InsufficientEvidence,
    Healthy,
    ClientSide,
    PublicSuspect,
    PublicPartial,
    PublicOnlyCollapse,
    PublicDegradedNoControl,
    PublicSilent,
    HostWide,
    PrivateOnly,
    LocalCongestion,
}

impl Raw {
    /// A whole side is bad.
    pub(super) const fn is_grave(self) -> bool {
        matches!(
            self,
            Self::PublicOnlyCollapse
                | Self::PublicDegradedNoControl
                | Self::HostWide
                | Self::PrivateOnly
        )
    }

    /// Nothing that anybody would have to look at.
    pub(super) const fn is_calm(self) -> bool {
        matches!(
            self,
            Self::InsufficientEvidence | Self::Healthy | Self::ClientSide
        )
    }
}

/// What a judgement rests on.
pub(super) struct Grounds<'a> {
    pub(super) posterior: &'a Posterior,
    pub(super) public: &'a Judged,
    pub(super) private: &'a Judged,
    /// What must share the host's fate is there, and well.
    pub(super) control: bool,
    /// So much likelier it must be that all networks are bad than that a part of them is, nats.
    pub(super) margin: f64,
    pub(super) silence: Silence,
    /// More packets found no route than were delivered.
    pub(super) cut_off: bool,
    /// The host's own trouble can explain the retransmissions.
    pub(super) explained: bool,
}

/// First rule that fits.
pub(super) fn judge(grounds: &Grounds<'_>) -> Raw {
    let Grounds {
        posterior, public, ..
    } = *grounds;
    if grounds.explained {
        return explained(grounds);
    }
    if host_is_bad(grounds) || grounds.silence == Silence::Both {
        Raw::HostWide
    } else if posterior.private > 0.5 {
        Raw::PrivateOnly
    } else if is_convicted(posterior, public, grounds.margin) {
        if grounds.control {
            Raw::PublicOnlyCollapse
        } else {
            Raw::PublicDegradedNoControl
        }
    } else if public.bad - public.stalled >= NETWORKS && public.share() >= PARTIAL {
        Raw::PublicPartial
    } else if grounds.silence == Silence::Public {
        Raw::PublicSilent
    } else if public.bad >= 1 && public.good == 0 {
        Raw::PublicSuspect
    } else if public.bad >= 1 {
        Raw::ClientSide
    } else if public.retransmitted + public.delivered < ENOUGH {
        Raw::InsufficientEvidence
    } else {
        Raw::Healthy
    }
}

/// While the host is in trouble of its own, losses are its own.
fn explained(grounds: &Grounds<'_>) -> Raw {
    let lossy = grounds.public.ratio().is_some_and(|ratio| ratio >= ONGOING);
    let bad = grounds.posterior.public_bad() > 0.5
        || grounds.posterior.private > 0.5
        || lossy
        || grounds.public.stalled > 0
        || grounds.silence != Silence::None
        || grounds.cut_off;
    if bad {
        Raw::LocalCongestion
    } else {
        Raw::Healthy
    }
}

/// Both sides are bad, and the private one comparably: a few losses of its own do not make a sick
/// host.
fn host_is_bad(grounds: &Grounds<'_>) -> bool {
    let private = grounds.private;
    let trials = private.retransmitted + private.delivered;
    let public_ratio = grounds.public.ratio().unwrap_or_default();
    let comparable = trials >= 15.0
        && private
            .ratio()
            .is_some_and(|ratio| ratio >= (public_ratio / 3.0).max(0.025));
    grounds.posterior.host > 0.8 && (comparable || private.stalled > 0)
}

/// The public path itself is bad, and not some who use it.
fn is_convicted(posterior: &Posterior, public: &Judged, margin: f64) -> bool {
    posterior.public_bad() >= CONVICTED
        && public.bad >= NETWORKS
        && public.all_against_part > margin
}
