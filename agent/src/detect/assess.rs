//! From the evidence on one local address to a judgement.

use std::collections::BTreeMap;

use super::evidence::{Count, FAST, Horizon, NOW, Prefix, SLOW};
use super::likelihood::{
    PRIVATE_ORDINARY, PUBLIC_ORDINARY, Posterior, network_llr, posterior, prefix_llr,
};
use crate::path::{Network, PathClass};

/// A network votes for "bad" from here on, and for "good" below [`GOOD`].
const BAD: f64 = 1.0;
const GOOD: f64 = -0.5;

/// Posterior from which the public path is convicted.
const CONVICTED: f64 = 0.90;
/// Independent networks that must say so.
const NETWORKS: u32 = 3;
/// Their share among the networks that say anything.
const SHARE: f64 = 0.70;
/// Below this share of bad networks it is somebody's own trouble.
const PARTIAL: f64 = 0.30;
/// Private segments without trouble that make a control group: 30 without a loss exclude a loss
/// rate of 10 % (rule of three).
const CONTROL_SEGMENTS: f64 = 30.0;
/// Public segments below which nothing can be said.
const ENOUGH: f64 = 10.0;

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

/// Numbers of one side.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Judged {
    /// Networks with evidence.
    pub networks: u32,
    /// Of these: bad.
    pub bad: u32,
    /// Of these: good.
    pub good: u32,
    /// Segments retransmitted, faded.
    pub retransmitted: f64,
    /// Segments delivered, faded.
    pub delivered: f64,
    /// Median congestion window over the prefixes' most recent flows.
    pub cwnd_p50: Option<u32>,
}

impl Judged {
    /// Retransmitted among all.
    pub fn ratio(&self) -> Option<f64> {
        let trials = self.retransmitted + self.delivered;
        (trials > 0.0).then(|| self.retransmitted / trials)
    }
}

/// The vote of one network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vote {
    /// The network.
    pub network: Network,
    /// Whether it is on the private side.
    pub private: bool,
    /// Prefixes with evidence.
    pub prefixes: usize,
    /// Segments retransmitted, faded.
    pub retransmitted: f64,
    /// Segments delivered, faded.
    pub delivered: f64,
    /// Log likelihood ratio of "bad" against "ordinary", natural, capped.
    pub llr: f64,
}

/// All that a judgement rests on.
#[derive(Debug, Clone, PartialEq)]
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
    /// The private side is there, and well.
    pub control: bool,
    /// The public side loses right now, not only a while ago.
    pub ongoing: bool,
    /// By the newest evidence alone, the public side is well again.
    pub well_again: bool,
}

impl Assessment {
    /// Probability that the public path is at fault. Without a control group the host cannot be
    /// told from it.
    pub fn confidence(&self) -> f64 {
        let Posterior {
            healthy,
            public,
            host,
            ..
        } = self.posterior;
        let other = if self.control {
            healthy
        } else {
            healthy + host
        };
        if public + other > 0.0 {
            public / (public + other)
        } else {
            0.0
        }
    }

    /// Probability that the public side is bad, for whatever reason.
    pub fn public_bad(&self) -> f64 {
        self.posterior.public + self.posterior.host
    }

    /// Judges the prefixes of one local address.
    pub(super) fn of<'a>(
        now_ns: u64,
        prefixes: impl Iterator<Item = (PathClass, &'a Prefix)> + Clone,
    ) -> Self {
        let full = [FAST, SLOW];
        let (public, mut votes) = side(now_ns, prefixes.clone(), false, &full);
        let (private, of_private) = side(now_ns, prefixes.clone(), true, &full);
        let (public_votes, private_votes) = (sum(&votes), sum(&of_private));
        votes.extend(of_private);
        let posterior = posterior(public_votes, private_votes);
        let control = private.retransmitted + private.delivered >= CONTROL_SEGMENTS
            && private_votes < 0.0
            && private.bad == 0;
        let (now, _) = side(now_ns, prefixes.clone(), false, &[NOW]);
        let (fast, of_fast) = side(now_ns, prefixes, false, &[FAST]);
        let raw = judge(&posterior, &public, &private, control);
        Self {
            raw,
            posterior,
            public,
            private,
            votes,
            control,
            ongoing: now.ratio().is_some_and(|ratio| ratio >= 0.035),
            well_again: is_well(&fast, sum(&of_fast), private_votes, &now),
        }
    }
}

/// Well again: the newest evidence acquits, at least one network says so, few say otherwise, and
/// something was delivered lately.
fn is_well(fast: &Judged, votes: f64, private_votes: f64, now: &Judged) -> bool {
    let posterior = posterior(votes, private_votes.min(0.0));
    let voting = f64::from(fast.bad + fast.good);
    posterior.public + posterior.host < 0.2
        && fast.good >= 1
        && f64::from(fast.bad) < PARTIAL * voting
        && now.delivered > 0.0
}

/// First rule that fits.
fn judge(posterior: &Posterior, public: &Judged, private: &Judged, control: bool) -> Raw {
    let public_bad = posterior.public + posterior.host;
    let voting = f64::from(public.bad + public.good);
    let share = if voting > 0.0 {
        f64::from(public.bad) / voting
    } else {
        0.0
    };
    let private_ratio = private.ratio().unwrap_or(0.0);
    let public_ratio = public.ratio().unwrap_or(0.0);
    let host = posterior.host > 0.8
        && private.retransmitted + private.delivered >= 15.0
        && private_ratio >= (public_ratio / 3.0).max(0.025);
    let convicted = public_bad >= CONVICTED && public.bad >= NETWORKS && share >= SHARE;
    if host {
        Raw::HostWide
    } else if posterior.private > 0.5 {
        Raw::PrivateOnly
    } else if convicted {
        if control {
            Raw::PublicOnlyCollapse
        } else {
            Raw::PublicDegradedNoControl
        }
    } else if public.bad >= NETWORKS && share >= PARTIAL {
        Raw::PublicPartial
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

/// Numbers and votes of one side. Of several horizons, the stronger evidence of a prefix counts.
fn side<'a>(
    now_ns: u64,
    prefixes: impl Iterator<Item = (PathClass, &'a Prefix)>,
    private: bool,
    horizons: &[Horizon],
) -> (Judged, Vec<Vote>) {
    let ordinary = if private {
        PRIVATE_ORDINARY
    } else {
        PUBLIC_ORDINARY
    };
    let mut networks: BTreeMap<Network, (Vec<f64>, Count)> = BTreeMap::new();
    let mut windows = Vec::new();
    for (class, prefix) in prefixes {
        if (class == PathClass::Private) != private {
            continue;
        }
        let (llr, count) = strongest(now_ns, prefix, horizons, ordinary);
        if count.trials() <= 0.0 {
            continue;
        }
        windows.push(prefix.cwnd);
        let (llrs, sum) = networks.entry(prefix.network).or_default();
        llrs.push(llr);
        sum.add(count);
    }
    let votes: Vec<_> = networks
        .into_iter()
        .map(|(network, (llrs, count))| Vote {
            network,
            private,
            prefixes: llrs.len(),
            retransmitted: count.retransmitted,
            delivered: count.delivered,
            llr: network_llr(llrs.iter().copied()),
        })
        .collect();
    windows.sort_unstable();
    (
        judged(&votes, windows.get(windows.len() / 2).copied()),
        votes,
    )
}

/// The numbers of a side out of its votes.
fn judged(votes: &[Vote], cwnd_p50: Option<u32>) -> Judged {
    let mut judged = Judged {
        cwnd_p50,
        ..Judged::default()
    };
    for vote in votes {
        judged.networks += 1;
        judged.bad += u32::from(vote.llr > BAD);
        judged.good += u32::from(vote.llr < GOOD);
        judged.retransmitted += vote.retransmitted;
        judged.delivered += vote.delivered;
    }
    judged
}

fn sum(votes: &[Vote]) -> f64 {
    votes.iter().map(|vote| vote.llr).sum()
}

fn strongest(
    now_ns: u64,
    prefix: &Prefix,
    horizons: &[Horizon],
    ordinary: super::likelihood::Beta,
) -> (f64, Count) {
    horizons
        .iter()
        .map(|horizon| {
            let count = prefix.count(now_ns, *horizon);
            (
                prefix_llr(count.retransmitted, count.trials(), ordinary),
                count,
            )
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap_or_default()
}
