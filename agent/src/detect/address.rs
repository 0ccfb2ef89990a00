//! Everything about one local address.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::assess::{Assessment, Circumstances};
use super::change::{Change, Progress};
use super::hindsight::{Hindsight, Prefixes, public};
use super::incident::Course;
use super::onset;
use super::params::{
    CALM_S, CHANGE, CHANGE_S, FORGET_S, MAX_NETWORKS, MEMORY_S, OVERTAKING, OWN, OWN_MAX,
    OWN_TIME_S, Params, SECOND,
};
use super::prefix::Prefix;
use super::silence::{Arrivals, Heard, Silence, silence};
use super::trouble::Trouble;
use crate::flow::FlowSample;
use crate::path::{PathClass, Prefix as PrefixName};

/// One local address.
#[derive(Debug)]
pub(super) struct Address {
    prefixes: Prefixes,
    /// How often each network is heard of, the private ones apart.
    arrivals: Heard,
    /// When something was last delivered to any public one, seconds.
    public_last: u64,
    /// When segments were last seen to overtake each other, anywhere.
    overtaken: Option<u64>,
    /// What need not be remembered was last forgotten, seconds.
    forgot: u64,
    course: Course,
    /// Heard of last, seconds.
    last: u64,
    assessment: Option<Assessment>,
    assessed: u64,
    /// Something was heard that a judgement could change by.
    news: bool,
    /// How often prefixes are bad by themselves here.
    own: f64,
    /// Answers were acknowledged as they should be, once.
    answered_well: bool,
    /// Since when the host's own trouble explains the losses, seconds.
    explained_since: Option<u64>,
}

impl Address {
    pub(super) fn new() -> Self {
        Self {
            prefixes: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            public_last: 0,
            overtaken: None,
            forgot: 0,
            course: Course::default(),
            last: 0,
            assessment: None,
            assessed: 0,
            news: true,
            own: OWN,
            answered_well: false,
            explained_since: None,
        }
    }

    /// Takes in a sample. Whether it is of a prefix not known before.
    pub(super) fn observe(&mut self, sample: &FlowSample) -> bool {
        let at = sample.time_ns / SECOND;
        self.last = self.last.max(at);
        let name = (sample.class, PrefixName::of(sample.key.peer, sample.class));
        let before = self.prefixes.len();
        let prefix = self
            .prefixes
            .entry(name)
            .or_insert_with(|| Prefix::new(sample.network));
        // What waited may be let go by this very sample.
        self.news |= prefix.waits() || sample.retransmitted > 0 || sample.duplicates > 0;
        prefix.observe(sample);
        if sample.reordered > 0 {
            self.overtaken = self.overtaken.max(Some(at));
        }
        if sample.delivered > 0 {
            let network = (sample.class == PathClass::Private, sample.network);
            if sample.class != PathClass::Private {
                self.public_last = self.public_last.max(at);
            }
            if self.arrivals.len() < MAX_NETWORKS || self.arrivals.contains_key(&network) {
                self.arrivals
                    .entry(network)
                    .or_insert_with(|| Arrivals::first(at))
                    .note(at);
            }
        }
        self.prefixes.len() > before
    }

    /// Forgets the evidence of all prefixes that share addresses with these ranges.
    pub(super) fn forget_ranges(&mut self, ranges: &[IpNet]) {
        let before = self.prefixes.len();
        self.prefixes.retain(|(_, name), _| {
            let own = name.range();
            let shares = |range: &IpNet| range.contains(&own) || own.contains(range);
            !ranges.iter().any(shares)
        });
        self.news |= self.prefixes.len() < before;
    }

    /// Prefixes known.
    pub(super) fn len(&self) -> usize {
        self.prefixes.len()
    }

    /// Forgets the eighth of the prefixes that was silent longest, to make room. How many.
    pub(super) fn make_room(&mut self) -> usize {
        let mut silent: Vec<(u64, (PathClass, PrefixName))> = self
            .prefixes
            .iter()
            .map(|(name, prefix)| (prefix.last(), *name))
            .collect();
        silent.sort_unstable();
        silent.truncate(silent.len().div_ceil(8));
        for (_, name) in &silent {
            self.prefixes.remove(name);
        }
        silent.len()
    }

    /// Judges as of `now_ns`. `siblings` is what other addresses say of the host.
    pub(super) fn tick(
        &mut self,
        now_ns: u64,
        params: &Params,
        siblings: f64,
        trouble: Trouble,
    ) -> (&Assessment, Vec<Change>) {
        let now = now_ns / SECOND;
        let due = self.is_due(now, trouble);
        let assessment = match self.assessment.take().filter(|_| !due) {
            Some(assessment) => assessment,
            None => self.judge(now, siblings, trouble),
        };
        let hindsight = Hindsight {
            prefixes: &self.prefixes,
            now,
            trial: assessment.trial,
            own: self.own,
        };
        let changes = self.course.step(now_ns, &assessment, params, &hindsight);
        if let Some(settled_ns) = self.course.take_settled() {
            for prefix in self.prefixes.values_mut() {
                prefix.settle(settled_ns / SECOND);
            }
        }
        (self.assessment.insert(assessment), changes)
    }

    pub(super) const fn last(&self) -> Option<&Assessment> {
        self.assessment.as_ref()
    }

    /// How far it is on the way to advice.
    pub(super) fn progress(&self) -> Progress {
        self.course.progress()
    }

    /// See [`Course::note_remap`].
    pub(super) const fn note_remap(&mut self, mapped: bool) {
        self.course.note_remap(mapped);
    }

    pub(super) fn is_forgotten(&self, now_ns: u64, params: &Params) -> bool {
        !self.course.matters(now_ns, params) && self.last.saturating_add(FORGET_S) < now_ns / SECOND
    }

    /// While all is well and no loss is heard of, a judgement holds for some seconds: votes only
    /// fade meanwhile.
    fn is_due(&self, now: u64, trouble: Trouble) -> bool {
        let calm = self
            .assessment
            .as_ref()
            .is_some_and(|last| last.raw.is_calm() && last.posterior.healthy > 0.9);
        self.news
            || !calm
            || self.course.is_open()
            || !trouble.is_none()
            || now >= self.assessed.saturating_add(CALM_S)
            || silence(&self.arrivals, self.public_last, now) != Silence::None
    }

    fn judge(&mut self, now: u64, siblings: f64, trouble: Trouble) -> Assessment {
        self.forget(now);
        let circumstances = Circumstances {
            now,
            since: None,
            bad_since: self.course.bad_since().map(|since| since / SECOND),
            overtaking: self.overtakes(now),
            answered_well: self.answered_well,
            own: self.own,
            siblings,
            silence: silence(&self.arrivals, self.public_last, now),
            trouble,
        };
        let assess = |circumstances: &Circumstances| {
            let prefixes = self.prefixes.iter();
            let of = prefixes.map(|((class, _), prefix)| (*class, prefix));
            Assessment::of(circumstances, of)
        };
        let mut assessment = assess(&circumstances);
        for since in self.onsets_in_doubt(now, &assessment) {
            let alone = assess(&Circumstances {
                since: Some(since),
                ..circumstances
            });
            if alone.raw.is_grave() {
                assessment = alone;
                break;
            }
        }
        self.answered_well |= assessment.answered_well == Some(true);
        self.learn(now, &assessment);
        self.note_trouble(now, &assessment);
        self.assessed = now;
        self.news = false;
        assessment
    }

    /// The onsets, by each kind of trial, that are clear and recent, if what was before them still
    /// clouds the judgement: then the evidence since is worth a look of its own.
    fn onsets_in_doubt(&self, now: u64, assessment: &Assessment) -> Vec<u64> {
        if assessment.explained || assessment.raw.is_grave() {
            return Vec::new();
        }
        let ongoing = assessment.ongoing_by.into_iter().filter(|(_, is)| *is);
        let onsets = ongoing.filter_map(|(trial, _)| onset::of(public(&self.prefixes), now, trial));
        onsets
            .filter(|(onset, change)| *change >= CHANGE && onset.saturating_add(CHANGE_S) >= now)
            .map(|(onset, _)| onset)
            .collect()
    }

    /// Forgets what is too old to count.
    fn forget(&mut self, now: u64) {
        for prefix in self.prefixes.values_mut() {
            prefix.forget_waiting(now);
        }
        // What else there is does not count any more, forgotten or not: no hurry.
        if now >= self.forgot.saturating_add(CALM_S) {
            self.forgot = now;
            self.prefixes.retain(|_, prefix| prefix.forget(now));
        }
        let old = |arrivals: &Arrivals| arrivals.last().saturating_add(FORGET_S) < now;
        if self.arrivals.values().any(old) {
            self.arrivals.retain(|_, arrivals| !old(arrivals));
        }
    }

    /// Segments overtake each other on more than a path or two: a router near us. Then it is so on
    /// paths where it was not seen yet, too.
    fn overtakes(&self, now: u64) -> bool {
        if self.overtaken.is_none_or(|at| at + MEMORY_S < now) {
            return false;
        }
        let public = || public(&self.prefixes);
        let overtaking = public().filter(|prefix| prefix.overtakes(now)).count();
        let duplicating = public().filter(|prefix| prefix.has_duplicates(now)).count();
        let (least, share) = OVERTAKING;
        overtaking >= least && overtaking as f64 >= share * duplicating as f64
    }

    /// Learns how often prefixes are bad by themselves, while the address is well: among noisy
    /// clients a bad one says less. Never below [`OWN`], and not during an incident: a slow one
    /// must not teach that it is ordinary.
    fn learn(&mut self, now: u64, assessment: &Assessment) {
        let well = assessment.posterior.public_bad() < 0.2 && !self.course.is_open();
        let Some(share) = assessment.bad_prefixes.filter(|_| well) else {
            return;
        };
        let passed = now.saturating_sub(self.assessed).min(CALM_S) as f64;
        self.own += (share - self.own) * (passed / OWN_TIME_S);
        self.own = self.own.clamp(OWN, OWN_MAX);
    }

    /// What was counted while the host itself was in trouble is no evidence of any path.
    fn note_trouble(&mut self, now: u64, assessment: &Assessment) {
        if assessment.explained {
            let since = now.saturating_sub(assessment.trouble.late_s);
            self.explained_since.get_or_insert(since);
        } else if let Some(since) = self.explained_since.take() {
            for prefix in self.prefixes.values_mut() {
                prefix.discard(since);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::PARAMS;
    use super::*;
    use crate::flow::quiet;
    use crate::host::HostSample;

    /// Ten seconds at a time with a dozen public clients, so many of whom lose segments, and a
    /// private one that is well.
    fn pass(address: &mut Address, seconds: std::ops::Range<u64>, lossy: u8) {
        for at in seconds.step_by(10) {
            for number in 0..12 {
                let mut sample = quiet(&format!("{}.7.7.7", 50 + number));
                sample.time_ns = at * SECOND;
                sample.delivered = 20;
                sample.retransmitted = if number < lossy { 5 } else { 0 };
                address.observe(&sample);
            }
            let mut private = quiet("10.1.1.21");
            private.time_ns = at * SECOND;
            private.delivered = 20;
            address.observe(&private);
            let trouble = super::super::trouble::TroubleHistory::default()
                .note(at * SECOND, &HostSample::default());
            address.tick((at + 1) * SECOND, &PARAMS, 0.0, trouble);
        }
    }

    #[test]
    fn how_often_prefixes_are_bad_by_themselves_is_learned_only_while_well() {
        let mut address = Address::new();
        pass(&mut address, 0..3_600, 0);
        assert!((address.own - OWN).abs() < 1e-12, "{}", address.own);
        pass(&mut address, 3_600..18_000, 3);
        let noisy = address.own;
        assert!((0.08..0.25).contains(&noisy), "{noisy}");
        pass(&mut address, 18_000..18_030, 12);
        let before = address.own;
        pass(&mut address, 18_030..21_600, 12);
        assert!(address.course.is_open());
        assert!(
            (address.own - before).abs() < 1e-12,
            "{before} {}",
            address.own
        );
        pass(&mut address, 21_600..100_000, 0);
        assert!((address.own - OWN).abs() < 1e-3, "{}", address.own);
        assert!(address.own >= OWN);
    }
}
