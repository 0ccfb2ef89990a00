//! What becomes of judgements over time: an incident opens, is advised upon, and closes.

use super::assess::Assessment;
use super::change::{Change, Closing, Escalation, Progress, Told};
use super::hindsight::Hindsight;
use super::history::{History, Next};
use super::open::Open;
use super::params::{ONSET_CREDIT_S, OTHER_CAUSE_S, Params, RECOVERING_S, SECOND};
use super::spell::Spell;
use super::verdict::Raw;

/// An open incident is told again this often.
const UPDATE_NS: u64 = 60 * SECOND;

/// Memory of one address.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// The public side has been bad on two networks or more, counted from the onset.
    bad: Spell,
    /// The verdict has been a collapse.
    collapsed: Spell,
    /// The verdict has been that it is the host's own trouble.
    other_cause: Spell,
    open: Option<Open>,
    history: History,
    told: Option<Told>,
    /// It was told then.
    told_ns: u64,
    candidate: Option<(Told, u64)>,
    /// The mapping of the address changed since the last step; whether it has one now.
    remapped: Option<bool>,
    settled: Option<u64>,
}

impl Course {
    /// Since when the public side has been bad, nanoseconds, counted from the onset.
    pub(super) const fn bad_since(&self) -> Option<u64> {
        self.bad.since()
    }

    pub(super) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Since when it has been well, if the step that was just made closed an incident for that:
    /// what was before is settled.
    pub(super) const fn take_settled(&mut self) -> Option<u64> {
        self.settled.take()
    }

    /// How far it has come.
    pub(super) fn progress(&self) -> Progress {
        let open = self.open.as_ref();
        Progress {
            bad_since_ns: self.bad.since(),
            collapsed_since_ns: self.collapsed.since(),
            well_since_ns: open.and_then(|open| open.well_since),
            open: open.is_some(),
            advised: open.is_some_and(|open| open.advised),
            together: open.is_some_and(|open| open.together),
            passed: open.is_some_and(|open| open.passed),
        }
    }

    pub(super) fn step(
        &mut self,
        now_ns: u64,
        assessment: &Assessment,
        params: &Params,
        hindsight: &Hindsight<'_>,
    ) -> Vec<Change> {
        let onset = || hindsight.onset().map(|second| second * SECOND);
        self.note_times(now_ns, assessment, &onset);
        let mut changes = Vec::new();
        let told = self.tell(now_ns, assessment, params);
        changes.extend(told);
        changes.extend(self.open_or_update(now_ns, assessment, params, onset));
        changes.extend(self.not_recovered(now_ns, assessment));
        changes.extend(self.advise(now_ns, assessment, params, hindsight));
        changes.extend(self.close(now_ns, assessment, params));
        changes.extend(self.counsel(now_ns, assessment, params));
        changes
    }

    fn note_times(
        &mut self,
        now_ns: u64,
        assessment: &Assessment,
        onset: &impl Fn() -> Option<u64>,
    ) {
        if assessment.explained {
            // Whatever was bad until now, the host may have been at fault.
            self.bad = Spell::default();
            self.collapsed = Spell::default();
        }
        let bad =
            assessment.public_bad() > 0.5 && assessment.public.bad >= 2 && !assessment.explained;
        self.bad.note(now_ns, bad, || {
            let earliest = now_ns.saturating_sub(ONSET_CREDIT_S * SECOND);
            onset().unwrap_or(now_ns).clamp(earliest, now_ns)
        });
        let collapsed = assessment.raw == Raw::PublicOnlyCollapse && assessment.ongoing;
        self.collapsed.note(now_ns, collapsed, || now_ns);
        let other = matches!(assessment.raw, Raw::HostWide | Raw::LocalCongestion);
        self.other_cause.note(now_ns, other, || now_ns);
        if let Some(open) = &mut self.open {
            if let Some(mapped) = self.remapped.take() {
                open.repair.note_change(now_ns, mapped);
            }
            if collapsed {
                open.repair.note_loss(assessment);
            }
            let well = assessment.well_again && !assessment.ongoing;
            open.well_since = if well {
                open.well_since.or(Some(now_ns))
            } else {
                None
            };
        }
        self.remapped = None;
    }

    /// The mapping of the address changed, and is there now, or not.
    pub(super) const fn note_remap(&mut self, mapped: bool) {
        self.remapped = Some(mapped);
    }

    /// What was advised on the address still counts.
    pub(super) fn matters(&self, now_ns: u64, params: &Params) -> bool {
        self.is_open() || self.history.matters(now_ns, params)
    }

    /// The judgement that holds. While an incident is open, old and new evidence mix: until the
    /// new alone acquits, what looks milder than a collapse is no judgement of its own; and that
    /// nothing is heard of any more fits one.
    fn judgement(&self, now_ns: u64, assessment: &Assessment, params: &Params) -> Option<Told> {
        let Some(open) = &self.open else {
            return Some(Told::Raw(assessment.raw));
        };
        // It is to be told before the incident closes, however soon that is.
        let soon_ns = (params.recovered_ns / 2).min(RECOVERING_S * SECOND);
        if open.is_well_for(now_ns, soon_ns) {
            return Some(Told::Recovering);
        }
        let grave = matches!(
            assessment.raw,
            Raw::PublicOnlyCollapse
                | Raw::PublicDegradedNoControl
                | Raw::HostWide
                | Raw::PrivateOnly
                | Raw::LocalCongestion
        );
        grave.then_some(Told::Raw(assessment.raw))
    }

    /// The judgement to tell, if it changed and stood for a moment.
    fn tell(&mut self, now_ns: u64, assessment: &Assessment, params: &Params) -> Option<Change> {
        let now = self.judgement(now_ns, assessment, params)?;
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
        self.told_ns = now_ns;
        Some(Change::Verdict { previous, now })
    }

    fn open_or_update(
        &mut self,
        now_ns: u64,
        assessment: &Assessment,
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
        let since = self.collapsed.since()?;
        // Right after trouble of the host's own an incident would be given up at once.
        if assessment.raw != Raw::PublicOnlyCollapse
            || !self.collapsed.has_lasted(now_ns, params.settle_ns)
            || self.has_other_cause(now_ns)
        {
            return None;
        }
        let onset_ns = onset().or(self.bad.since()).unwrap_or(since);
        self.history.note_opened(now_ns);
        self.open = Some(Open::new(onset_ns, now_ns));
        Some(Change::Opened { onset_ns })
    }

    /// The host itself has been at fault for long enough to say so.
    fn has_other_cause(&self, now_ns: u64) -> bool {
        let least_ns = OTHER_CAUSE_S * SECOND;
        self.other_cause.has_lasted(now_ns, least_ns)
    }

    fn advise(
        &mut self,
        now_ns: u64,
        assessment: &Assessment,
        params: &Params,
        hindsight: &Hindsight<'_>,
    ) -> Option<Change> {
        let open = self.open.as_mut().filter(|open| !open.advised)?;
        open.passed = false;
        let together = |onset| hindsight.came_together(onset);
        open.together = open.together
            || together(open.onset_ns / SECOND)
            || hindsight.onset().is_some_and(together);
        // What is told and what is advised are of one piece.
        let told = self.told == Some(Told::Raw(Raw::PublicOnlyCollapse));
        let now = told && assessment.raw == Raw::PublicOnlyCollapse && assessment.ongoing;
        if !now
            || !self.bad.has_lasted(now_ns, params.confirm_ns)
            || !self.collapsed.has_lasted(now_ns, params.hold_ns)
            || !open.together
            // Somebody has just taken the step: first see whether it helps.
            || open.repair.acted()
        {
            return None;
        }
        open.passed = hindsight.has_passed(self.bad.since().unwrap_or_default() / SECOND);
        if open.passed {
            return None;
        }
        let next = self.history.next(now_ns, params)?;
        let onset_ns = open.onset_ns;
        open.advised = true;
        Some(match next {
            Next::Advise => {
                self.history.note_advised(now_ns);
                Change::Advise { onset_ns }
            }
            Next::Escalate(reason) => {
                open.escalated = true;
                self.history.note_escalated(now_ns);
                Change::Escalate { onset_ns, reason }
            }
        })
    }

    /// Somebody acted in vain: that, and what is next.
    fn not_recovered(&mut self, now_ns: u64, assessment: &Assessment) -> Vec<Change> {
        let now = assessment.raw == Raw::PublicOnlyCollapse && assessment.ongoing;
        let Some(open) = self.open.as_mut().filter(|_| now) else {
            return Vec::new();
        };
        if !open.repair.is_in_vain(now_ns) {
            return Vec::new();
        }
        let onset_ns = open.onset_ns;
        let repair = open.repair.figures(assessment);
        let mut changes = vec![Change::NotRecovered { onset_ns, repair }];
        if !open.escalated {
            changes.push(Change::Escalate {
                onset_ns,
                reason: Escalation::NotRecovered,
            });
            self.history.note_escalated(now_ns);
        }
        open.advised = true;
        open.escalated = true;
        changes
    }

    /// What to do about a verdict that is no collapse, if it was told and stands.
    fn counsel(&mut self, now_ns: u64, assessment: &Assessment, params: &Params) -> Option<Change> {
        let Some(Told::Raw(verdict)) = self.told else {
            return None;
        };
        let told = (verdict, self.told_ns);
        let due = assessment.raw == verdict && self.history.counsel(now_ns, told, params);
        due.then_some(Change::Counsel {
            verdict,
            since_ns: self.told_ns,
            onset_ns: self.open.as_ref().map(|open| open.onset_ns),
        })
    }

    fn close(&mut self, now_ns: u64, assessment: &Assessment, params: &Params) -> Option<Change> {
        let open = self.open.as_ref()?;
        // Whoever suffered may have gone away, or the address with them.
        let silent = !assessment.heard;
        let other = self.has_other_cause(now_ns);
        let over = silent || open.is_well_for(now_ns, params.recovered_ns);
        if !other && (!over || assessment.ongoing) {
            return None;
        }
        let closing = match (other, silent, open.advised) {
            (true, ..) => Closing::OtherCause,
            (_, true, _) => Closing::Silence,
            (_, _, true) => Closing::AfterAdvice,
            _ => Closing::ByItself,
        };
        let onset_ns = open.onset_ns;
        let well = closing == Closing::AfterAdvice
            || (closing == Closing::ByItself && open.repair.acted());
        let repair = well.then(|| open.repair.figures(assessment));
        self.settled = open.well_since;
        self.open = None;
        self.bad = Spell::default();
        self.collapsed = Spell::default();
        if closing == Closing::OtherCause {
            self.history.take_back_opened();
        }
        Some(Change::Closed {
            onset_ns,
            closing,
            repair,
        })
    }
}
