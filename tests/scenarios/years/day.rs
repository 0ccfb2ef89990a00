//! A day of ordinary traffic on a host, with the troubles that ordinary days have.
//!
//! Not packet by packet, which would take as long as the day: each prefix gets a count of
//! segments and losses for each quarter of a minute. Rates of trouble are assumptions.

use edgeghost::flow::FlowSample;
use edgeghost::path::Classifier;
use edgeghost_tests::quiet;

use super::HostKind;
use crate::random::Random;
use crate::sim;
use crate::table::Local;

/// Seconds that one count stands for.
pub(super) const WINDOW: f64 = 15.0;
/// Windows of a day.
pub(super) const WINDOWS: usize = 5_760;
/// Windows in which a prefix stays active, or silent.
const SPELL: usize = 20;
/// Trouble is remembered by the detector for so long after it, windows.
const AFTERMATH: usize = 20;
/// How much the loss of a window varies around the prefix's: pseudo-counts of a Beta law.
const STEADINESS: f64 = 25.0;
const DAY: f64 = 86_400.0;

/// Whose fault a bad spell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// A prefix's own.
    Client,
    /// A provider's.
    Provider,
    /// A backbone's, which many providers share.
    Backbone,
    /// All of the public path, for seconds.
    Blip,
}

impl Cause {
    pub(crate) const ALL: [Self; 4] = [Self::Client, Self::Provider, Self::Backbone, Self::Blip];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Client => "client noise",
            Self::Provider => "provider outage",
            Self::Backbone => "backbone",
            Self::Blip => "blip everywhere",
        }
    }
}

struct Spell {
    from: usize,
    until: usize,
    loss: f64,
    cause: Cause,
    prefixes: Vec<bool>,
}

/// A day.
pub(super) struct Day {
    random: Random,
    segments: f64,
    duty: f64,
    /// Loss of each prefix on this day, if nothing happens.
    usual: Vec<f64>,
    active: Vec<bool>,
    spells: Vec<Spell>,
    /// The prefixes' peers, and after them the neighbours.
    flows: Vec<FlowSample>,
    counts: Vec<Count>,
    samples: Vec<FlowSample>,
}

/// What one flow came to in a window.
struct Count {
    time_ns: u64,
    flow: usize,
    delivered: u64,
    again: u64,
}

impl Day {
    pub(super) fn new(host: &HostKind, mut random: Random) -> Self {
        let networks = usize::from(host.networks);
        let count = networks * usize::from(host.prefixes);
        let mobile: Vec<bool> = (0..networks).map(|_| random.chance(host.mobile)).collect();
        let provider = |prefix: usize| prefix / usize::from(host.prefixes);
        let usual = (0..count)
            .map(|prefix| {
                let mobile = mobile.get(provider(prefix)).is_some_and(|mobile| *mobile);
                let (median, deviation) = if mobile { (0.012, 0.8) } else { (0.004, 0.9) };
                random.log_normal(median, deviation).min(0.09)
            })
            .collect();
        let mut day = Self {
            segments: host.segments,
            duty: host.duty,
            usual,
            active: vec![false; count],
            spells: Vec::new(),
            flows: flows(host),
            counts: Vec::new(),
            samples: Vec::new(),
            random,
        };
        day.happen(host, provider);
        day
    }

    /// What happens on this day: each prefix has trouble of its own now and then, each provider
    /// once a week, a backbone once a month, and once a week everything for some seconds.
    fn happen(&mut self, host: &HostKind, provider: impl Fn(usize) -> usize) {
        let count = self.usual.len();
        for prefix in 0..count {
            if self.occurs(1.0 / host.days_between_episodes) {
                let only = (0..count).map(|other| other == prefix).collect();
                self.spell(Cause::Client, 1_200.0, (0.05, 0.30), only);
            }
        }
        for network in 0..usize::from(host.networks) {
            if self.occurs(1.0 / 7.0) {
                let whole = (0..count).map(|other| provider(other) == network).collect();
                self.spell(Cause::Provider, 900.0, (0.05, 0.30), whole);
            }
        }
        if self.occurs(1.0 / 30.0) {
            let share = self.random.between((0.2, 0.6));
            let networks: Vec<bool> = (0..host.networks)
                .map(|_| self.random.chance(share))
                .collect();
            let hit = |prefix| networks.get(provider(prefix)).is_some_and(|hit| *hit);
            self.spell(
                Cause::Backbone,
                600.0,
                (0.05, 0.20),
                (0..count).map(hit).collect(),
            );
        }
        if self.occurs(1.0 / 7.0) {
            self.spell(Cause::Blip, 12.0, (0.30, 0.60), vec![true; count]);
        }
    }

    fn occurs(&mut self, per_day: f64) -> bool {
        self.random.chance(1.0 - libm::exp(-per_day))
    }

    fn spell(&mut self, cause: Cause, mean: f64, range: (f64, f64), prefixes: Vec<bool>) {
        let from = window(self.random.unit() * DAY);
        let length = 1 + window(self.random.exponential(mean));
        let loss = self.random.between(range);
        self.spells.push(Spell {
            from,
            until: from + length,
            loss,
            cause,
            prefixes,
        });
    }

    /// The gravest trouble that the detector may have seen by this window.
    pub(super) fn cause(&self, at: usize) -> Cause {
        let seen = |spell: &&Spell| spell.from <= at && at < spell.until + AFTERMATH;
        let causes = self.spells.iter().filter(seen).map(|spell| spell.cause);
        causes.max().unwrap_or(Cause::Client)
    }

    /// The samples of a window, in order of time.
    pub(super) fn window(&mut self, at: usize) -> &[FlowSample] {
        self.counts.clear();
        let now = |spell: &&Spell| spell.from <= at && at < spell.until;
        let spells: Vec<&Spell> = self.spells.iter().filter(now).collect();
        for prefix in 0..self.usual.len() {
            if at.is_multiple_of(SPELL) {
                self.active[prefix] = self.random.chance(self.duty);
            }
            if !self.active[prefix] {
                continue;
            }
            let mean = self.segments * self.random.exponential(1.0);
            let sent = self.random.poisson(mean);
            if sent > 0 {
                let loss = worst(self.usual[prefix], &spells, prefix);
                let share = self
                    .random
                    .beta(STEADINESS * loss, STEADINESS * (1.0 - loss));
                let again = (0..sent).filter(|_| self.random.chance(share)).count() as u64;
                self.counts.push(Count {
                    time_ns: moment(&mut self.random, at),
                    flow: prefix,
                    delivered: sent - again,
                    again,
                });
            }
        }
        for flow in self.usual.len()..self.flows.len() {
            self.counts.push(Count {
                time_ns: moment(&mut self.random, at),
                flow,
                delivered: 20,
                again: 0,
            });
        }
        // What is sorted is small: samples are not.
        self.counts
            .sort_unstable_by_key(|count| (count.time_ns, count.flow));
        self.samples.clear();
        let flows = &self.flows;
        self.samples
            .extend(self.counts.iter().map(|count| FlowSample {
                time_ns: count.time_ns,
                sent: count.delivered + count.again,
                delivered: count.delivered,
                retransmitted: count.again,
                ..flows[count.flow]
            }));
        &self.samples
    }
}

fn moment(random: &mut Random, window: usize) -> u64 {
    sim::nanos((window as f64 + random.unit()) * WINDOW)
}

/// Loss of a prefix: its usual one, or that of the worst of the spells that it is in.
fn worst(usual: f64, spells: &[&Spell], prefix: usize) -> f64 {
    let hit = |spell: &&&Spell| spell.prefixes.get(prefix) == Some(&true);
    let worst = spells.iter().filter(hit).map(|spell| spell.loss);
    worst.fold(usual, f64::max).max(1e-6)
}

fn flows(host: &HostKind) -> Vec<FlowSample> {
    let neighbours = (1..=2).map(|n| blank(&format!("10.1.1.{n}")));
    (0..host.networks)
        .flat_map(|network| {
            (0..host.prefixes).map(move |prefix| blank(&format!("240.{network}.{prefix}.10")))
        })
        .chain(neighbours)
        .collect()
}

/// A flow to this peer without news.
fn blank(peer: &str) -> FlowSample {
    let peer = peer.parse().unwrap_or(std::net::Ipv4Addr::LOCALHOST.into());
    quiet::flow(
        sim::local(Local::First),
        (peer, 20_000),
        &Classifier::default(),
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds of a day or so, never negative"
)]
fn window(seconds: f64) -> usize {
    (seconds / WINDOW) as usize
}
