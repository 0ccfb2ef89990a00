//! What was advised on an address before: the same is not advised again and again.

use std::collections::VecDeque;

use super::change::Escalation;
use super::params::{COUNSEL_PATIENCE, DAY_S, FLAPPING, FLAPPING_S, Params, SECOND};
use super::verdict::Raw;

/// What advice is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The usual step.
    Advise,
    /// The one after it.
    Escalate(Escalation),
}

/// What was advised on one address, and when; nanoseconds.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The usual step, within the last day.
    advised: VecDeque<u64>,
    /// Another than the usual one.
    escalated: Option<u64>,
    /// Incidents opened, the last few.
    opened: VecDeque<u64>,
    /// Counsel by verdict: not more than there are verdicts.
    counselled: Vec<(Raw, u64)>,
}

impl History {
    /// An incident opened.
    pub(super) fn note_opened(&mut self, now_ns: u64) {
        self.opened.push_back(now_ns);
        if self.opened.len() > FLAPPING {
            self.opened.pop_front();
        }
    }

    /// The incident that opened last turned out to be none of the path's.
    pub(super) fn take_back_opened(&mut self) {
        self.opened.pop_back();
    }

    /// The usual step was advised.
    pub(super) fn note_advised(&mut self, now_ns: u64) {
        self.advised
            .retain(|at| within(*at, now_ns, DAY_S * SECOND));
        self.advised.push_back(now_ns);
    }

    /// The next step was.
    pub(super) const fn note_escalated(&mut self, now_ns: u64) {
        self.escalated = Some(now_ns);
    }

    /// What is due on an incident that was confirmed; nothing if all there is was said lately.
    pub(super) fn next(&self, now_ns: u64, params: &Params) -> Option<Next> {
        let Some(reason) = self.objection(now_ns, params) else {
            return Some(Next::Advise);
        };
        let said = self
            .escalated
            .is_some_and(|at| within(at, now_ns, params.cooldown_ns));
        (!said).then_some(Next::Escalate(reason))
    }

    fn objection(&self, now_ns: u64, params: &Params) -> Option<Escalation> {
        let advised = |span_ns| {
            let recent = self
                .advised
                .iter()
                .filter(|at| within(**at, now_ns, span_ns));
            recent.count()
        };
        let recent = |at: &&u64| within(**at, now_ns, FLAPPING_S * SECOND);
        if advised(params.cooldown_ns) > 0 {
            Some(Escalation::Repeated)
        } else if advised(DAY_S * SECOND) >= params.advices_a_day {
            Some(Escalation::Exhausted)
        } else if self.opened.iter().filter(recent).count() >= FLAPPING {
            Some(Escalation::Flapping)
        } else {
            None
        }
    }

    /// Whether counsel on a verdict that was told at `since_ns` is due; then it counts as given.
    pub(super) fn counsel(
        &mut self,
        now_ns: u64,
        (verdict, since_ns): (Raw, u64),
        params: &Params,
    ) -> bool {
        let Some(patience) = patience(verdict) else {
            return false;
        };
        let waited = now_ns.saturating_sub(since_ns) as f64;
        if waited < patience * params.counsel_ns as f64 {
            return false;
        }
        self.counselled
            .retain(|(_, at)| within(*at, now_ns, params.cooldown_ns));
        let said = self.counselled.iter().any(|(known, _)| *known == verdict);
        if !said {
            self.counselled.push((verdict, now_ns));
        }
        !said
    }

    /// Whether anything in it still counts: then the address must not be forgotten.
    pub(super) fn matters(&self, now_ns: u64, params: &Params) -> bool {
        let span_ns = params.cooldown_ns.max(DAY_S * SECOND);
        let last = self.advised.back().max(self.escalated.as_ref());
        last.is_some_and(|at| within(*at, now_ns, span_ns))
    }
}

const fn within(at_ns: u64, now_ns: u64, span_ns: u64) -> bool {
    now_ns.saturating_sub(at_ns) < span_ns
}

/// How many times [`Params::counsel_ns`] a verdict must stand; `None` if it asks for nothing, or
/// has advice of its own. Those that come and go with a client wait longer.
const fn patience(verdict: Raw) -> Option<f64> {
    match verdict {
        Raw::InsufficientEvidence | Raw::Healthy | Raw::PublicOnlyCollapse => None,
        Raw::ClientSide | Raw::PublicSuspect => Some(COUNSEL_PATIENCE),
        Raw::PublicPartial
        | Raw::PublicDegradedNoControl
        | Raw::PublicSilent
        | Raw::HostWide
        | Raw::PrivateOnly
        | Raw::LocalCongestion => Some(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::PARAMS;
    use super::*;

    const HOUR: u64 = 3_600 * SECOND;

    #[test]
    fn the_same_is_not_advised_again_but_the_next_step_is_once() {
        let mut history = History::default();
        assert_eq!(history.next(HOUR, &PARAMS), Some(Next::Advise));
        history.note_advised(HOUR);
        let again = Some(Next::Escalate(Escalation::Repeated));
        assert_eq!(history.next(HOUR + 1, &PARAMS), again);
        history.note_escalated(HOUR + 1);
        assert_eq!(history.next(HOUR + 2, &PARAMS), None);
        assert_eq!(history.next(HOUR + PARAMS.cooldown_ns - 1, &PARAMS), None);
        let later = HOUR + PARAMS.cooldown_ns;
        assert_eq!(history.next(later, &PARAMS), Some(Next::Advise));
    }

    #[test]
    fn no_more_than_so_many_a_day() {
        let mut history = History::default();
        let mut now_ns = HOUR;
        for _ in 0..PARAMS.advices_a_day {
            assert_eq!(history.next(now_ns, &PARAMS), Some(Next::Advise));
            history.note_advised(now_ns);
            now_ns += PARAMS.cooldown_ns;
        }
        let enough = Some(Next::Escalate(Escalation::Exhausted));
        assert_eq!(history.next(now_ns, &PARAMS), enough);
        assert!(history.matters(now_ns, &PARAMS));
        let tomorrow = HOUR + DAY_S * SECOND;
        assert_eq!(history.next(tomorrow, &PARAMS), Some(Next::Advise));
        assert!(!history.matters(now_ns + DAY_S * SECOND, &PARAMS));
    }

    #[test]
    fn incidents_that_follow_each_other_are_flapping() {
        let mut history = History::default();
        let minutes = |minutes: u64| minutes * 60 * SECOND;
        for at in [0, 20] {
            history.note_opened(minutes(at));
            assert_eq!(history.next(minutes(at), &PARAMS), Some(Next::Advise));
        }
        history.note_opened(minutes(40));
        let flapping = Some(Next::Escalate(Escalation::Flapping));
        assert_eq!(history.next(minutes(41), &PARAMS), flapping);
        assert_eq!(history.next(minutes(60), &PARAMS), Some(Next::Advise));
    }

    #[test]
    fn counsel_is_given_once_on_each_verdict_that_stands() {
        let mut history = History::default();
        let wait = PARAMS.counsel_ns;
        let mut due = |verdict, now_ns| history.counsel(now_ns, (verdict, HOUR), &PARAMS);
        assert!(!due(Raw::HostWide, HOUR + wait - 1));
        assert!(due(Raw::HostWide, HOUR + wait));
        assert!(!due(Raw::HostWide, HOUR + wait + 1));
        assert!(due(Raw::PrivateOnly, HOUR + wait + 2), "another verdict");
        assert!(!due(Raw::ClientSide, HOUR + wait));
        assert!(due(Raw::ClientSide, HOUR + 3 * wait));
        for calm in [
            Raw::Healthy,
            Raw::InsufficientEvidence,
            Raw::PublicOnlyCollapse,
        ] {
            assert!(!due(calm, u64::MAX), "{calm:?}");
        }
        assert!(due(Raw::HostWide, HOUR + wait + PARAMS.cooldown_ns));
    }
}
