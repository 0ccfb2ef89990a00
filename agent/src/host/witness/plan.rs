//! Who is asked for, when and for how long: pure planning, no sockets and no clock.

use std::collections::{BTreeMap, VecDeque};

use super::bounds::{Bounds, HOPS_EVERY_S};
use crate::event::VerdictName;
use crate::flow::Local;
use crate::hash::fnv1a;

const SECOND_NS: u64 = 1_000_000_000;

/// The rest between rounds doubles so often.
const DOUBLINGS: u32 = 3;

/// Networks whose good word shows that not all of the public path is bad. With fewer, who is bad
/// may be one of two.
const GOOD_WORDS: u32 = 2;

/// A suspicion that comes back within this time goes on where it was: the rest stays long.
const SAME_CASE_NS: u64 = 900 * SECOND_NS;

/// How an address stands, as far as witnesses go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Those who use it are too few to tell: ask.
    Suspect,
    /// It is told what it is; once begun, asking goes on, so that advice and recovery rest on
    /// fresh evidence.
    Told,
    /// Nothing to ask about.
    Calm,
}

/// What is known of an address at a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The address.
    pub local: Local,
    /// Its verdict as it was told last.
    pub verdict: VerdictName,
    /// Public networks that speak in its favour now.
    pub good: u32,
}

impl Look {
    fn standing(&self, control: bool) -> Standing {
        match self.verdict {
            VerdictName::PublicSuspect | VerdictName::PublicSilent => Standing::Suspect,
            VerdictName::ClientSide if self.good < GOOD_WORDS => Standing::Suspect,
            VerdictName::PublicDegradedNoControl if control => Standing::Suspect,
            VerdictName::PublicDegradedNoControl
            | VerdictName::PublicOnlyCollapse
            | VerdictName::PublicPartial
            | VerdictName::Recovering => Standing::Told,
            VerdictName::InsufficientEvidence
            | VerdictName::Healthy
            | VerdictName::ClientSide
            | VerdictName::HostWide
            | VerdictName::PrivateOnly
            | VerdictName::LocalCongestion => Standing::Calm,
        }
    }

    /// Whether the way to its peers is worth a look.
    const fn is_open(&self, standing: Standing) -> bool {
        matches!(standing, Standing::Suspect)
            || matches!(
                self.verdict,
                VerdictName::PublicOnlyCollapse
                    | VerdictName::PublicDegradedNoControl
                    | VerdictName::PublicPartial
            )
    }
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Ask the targets.
    Round {
        /// From this address.
        local: Local,
        /// Why.
        verdict: VerdictName,
        /// Rounds begun in this run, this one included.
        number: u64,
    },
    /// End the round that is under way: the suspicion is gone.
    End,
    /// Look at the way.
    Hops {
        /// From this address.
        local: Local,
        /// Why.
        verdict: VerdictName,
    },
}

/// One address under suspicion.
#[derive(Debug, Clone, Copy)]
struct Case {
    look: Look,
    standing: Standing,
    rounds: u32,
    due_ns: u64,
    calm_since_ns: Option<u64>,
}

/// Plans rounds and views for all addresses together.
#[derive(Debug)]
pub struct Planner {
    bounds: Bounds,
    control: bool,
    hops: bool,
    cases: BTreeMap<Local, Case>,
    running: Option<Local>,
    number: u64,
    begun: VecDeque<u64>,
    viewed_ns: Option<u64>,
}

impl Planner {
    /// Nothing is suspect yet; `control` if a private target may be asked, `hops` if ways may be
    /// looked at.
    pub const fn new(bounds: Bounds, control: bool, hops: bool) -> Self {
        Self {
            bounds,
            control,
            hops,
            cases: BTreeMap::new(),
            running: None,
            number: 0,
            begun: VecDeque::new(),
            viewed_ns: None,
        }
    }

    /// Takes in how every address stands at `now_ns`. What is not among them has no verdict any
    /// more.
    pub fn see(&mut self, looks: &[Look], now_ns: u64) {
        for case in self.cases.values_mut() {
            if !looks.iter().any(|look| look.local == case.look.local) {
                case.standing = Standing::Calm;
            }
        }
        for look in looks {
            let standing = look.standing(self.control);
            if standing == Standing::Suspect || look.is_open(standing) {
                self.cases.entry(look.local).or_insert(Case {
                    look: *look,
                    standing,
                    rounds: 0,
                    due_ns: now_ns,
                    calm_since_ns: None,
                });
            }
            if let Some(case) = self.cases.get_mut(&look.local) {
                (case.look, case.standing) = (*look, standing);
            }
        }
        for case in self.cases.values_mut() {
            case.calm_since_ns = match case.standing {
                Standing::Calm => case.calm_since_ns.or(Some(now_ns)),
                Standing::Suspect | Standing::Told => None,
            };
        }
        self.cases.retain(|_, case| {
            case.calm_since_ns
                .is_none_or(|since| now_ns.saturating_sub(since) < SAME_CASE_NS)
        });
    }

    /// What to do at `now_ns`, if anything. To be asked until there is nothing.
    pub fn next(&mut self, now_ns: u64) -> Option<Step> {
        if let Some(running) = self.running {
            let calm = |case: &Case| case.standing == Standing::Calm;
            return self
                .cases
                .get(&running)
                .is_none_or(calm)
                .then_some(Step::End);
        }
        // The view comes first: a round would be seen in it.
        self.view(now_ns).or_else(|| self.round(now_ns))
    }

    /// The round that was under way is over.
    pub fn ended(&mut self, now_ns: u64) {
        let Some(case) = self.running.take().and_then(|of| self.cases.get_mut(&of)) else {
            return;
        };
        let doublings = case.rounds.saturating_sub(1).min(DOUBLINGS);
        let pause_ns = u64::try_from(self.bounds.pause.as_nanos()).unwrap_or(u64::MAX);
        case.due_ns = now_ns.saturating_add(pause_ns.saturating_mul(1 << doublings));
    }

    fn round(&mut self, now_ns: u64) -> Option<Step> {
        let hour_ns = 3_600 * SECOND_NS;
        self.begun.retain(|at| now_ns.saturating_sub(*at) < hour_ns);
        if self.begun.len() >= self.bounds.rounds_per_hour {
            return None;
        }
        let case = self
            .cases
            .values_mut()
            .filter(|case| match case.standing {
                Standing::Suspect => true,
                Standing::Told => case.rounds > 0,
                Standing::Calm => false,
            })
            .filter(|case| case.due_ns <= now_ns)
            .min_by_key(|case| case.due_ns)?;
        case.rounds = case.rounds.saturating_add(1);
        self.number += 1;
        self.begun.push_back(now_ns);
        self.running = Some(case.look.local);
        Some(Step::Round {
            local: case.look.local,
            verdict: case.look.verdict,
            number: self.number,
        })
    }

    /// A view waits for the first round of a suspicion: that is what is in a hurry.
    fn view(&mut self, now_ns: u64) -> Option<Step> {
        let rested = self
            .viewed_ns
            .is_none_or(|at| now_ns.saturating_sub(at) >= HOPS_EVERY_S * SECOND_NS);
        if !self.hops || !rested {
            return None;
        }
        let case = self.cases.values().find(|case| {
            let asked = case.rounds > 0 || case.standing != Standing::Suspect;
            asked && case.look.is_open(case.standing)
        })?;
        self.viewed_ns = Some(now_ns);
        Some(Step::Hops {
            local: case.look.local,
            verdict: case.look.verdict,
        })
    }
}

/// When connection number `visit` of `visits` to a target is due, seconds from the begin of a
/// round of `seconds`: evenly spread, and off the beat by what `seed` makes of it, so that targets
/// are not asked in step.
pub(super) fn due_s(seed: &str, visit: u32, visits: u32, seconds: f64) -> f64 {
    let hash = fnv1a(format!("{seed}/{visit}").bytes());
    let share = f64::from(u32::try_from(hash >> 32).unwrap_or_default()) / f64::from(u32::MAX);
    let slot = seconds / f64::from(visits.max(1));
    slot * (f64::from(visit) + share / 2.0)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
