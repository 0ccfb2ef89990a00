//! What the agent has said so far, and when.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Instant;

use edgeghost_tests::event::Event;

use crate::phase::Phase;
use crate::stage::WEB3;

/// The two paths that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Public,
    Private,
}

impl Side {
    pub(crate) const ALL: [Self; 2] = [Self::Public, Self::Private];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

/// One path over one window, or over the windows of a phase.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Look {
    pub(crate) delivered: u64,
    pub(crate) retransmitted: u64,
    pub(crate) cwnd_p50: Option<u64>,
    pub(crate) cwnd_min: Option<u64>,
}

impl Look {
    fn of(event: &Event) -> Self {
        let cwnd = |quantile: &str| event.get(&format!("path.snd_cwnd.{quantile}")).as_u64();
        Self {
            delivered: event.count("path.segments_delivered"),
            retransmitted: event.count("path.segments_retransmitted"),
            cwnd_p50: cwnd("p50"),
            cwnd_min: cwnd("min"),
        }
    }

    /// Retransmitted among retransmitted and delivered segments.
    pub(crate) fn ratio(&self) -> Option<f64> {
        let all = self.delivered + self.retransmitted;
        (all > 0).then(|| self.retransmitted as f64 / all as f64)
    }
}

/// All windows of one path in one phase.
#[derive(Debug, Default)]
struct Windows(Vec<Look>);

impl Windows {
    fn sum(&self) -> Look {
        let mut medians: Vec<u64> = self.0.iter().filter_map(|look| look.cwnd_p50).collect();
        medians.sort_unstable();
        Look {
            delivered: self.0.iter().map(|look| look.delivered).sum(),
            retransmitted: self.0.iter().map(|look| look.retransmitted).sum(),
            cwnd_p50: medians.get(medians.len() / 2).copied(),
            cwnd_min: self.0.iter().filter_map(|look| look.cwnd_min).min(),
        }
    }
}

/// When something was first said.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    pub(crate) healthy: Option<Instant>,
    pub(crate) suspect: Option<Instant>,
    pub(crate) collapse: Option<Instant>,
    pub(crate) incident: Option<Instant>,
    pub(crate) recommendation: Option<Instant>,
    pub(crate) recovering: Option<Instant>,
    pub(crate) closed: Option<Instant>,
    pub(crate) recovered: Option<Instant>,
}

/// What to show of an event.
#[derive(Debug)]
pub(crate) enum News {
    Paths([Option<Look>; 2]),
    Verdict,
    Incident,
    Recommendation,
}

/// Everything said.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    pub(crate) marks: Marks,
    pub(crate) last_verdict: String,
    /// Every verdict so far.
    pub(crate) verdicts: BTreeSet<String>,
    /// Nothing that is wrong from here on is the address's fault.
    pub(crate) advice_is_wrong: bool,
    /// The advice.
    pub(crate) advice: Option<Event>,
    /// The latest that the host itself had to say.
    pub(crate) evidence: Option<Event>,
    /// The sockets when the incident opened.
    pub(crate) sockets: Option<Event>,
    /// Something that should not have been said.
    pub(crate) wrong: Option<String>,
    windows: BTreeMap<(Phase, Side), Windows>,
    current: [Option<Look>; 2],
}

impl Watch {
    /// Takes in an event, and returns what there is to show.
    pub(crate) fn take(&mut self, event: &Event, phase: Phase) -> Option<News> {
        let ours = event.text("network.local.address").parse() == Ok(IpAddr::from(WEB3));
        match event.name() {
            "path_window" if ours => self.window(event, phase),
            "verdict" if ours => {
                self.verdict(event, phase);
                Some(News::Verdict)
            }
            "incident" if ours => {
                self.incident(event);
                Some(News::Incident)
            }
            "recommendation" if event.is_advice() => {
                self.recommendation(event, phase, ours);
                Some(News::Recommendation)
            }
            "host_evidence" if ours => {
                self.evidence = Some(event.clone());
                None
            }
            "socket_snapshot" if ours => {
                self.sockets.get_or_insert_with(|| event.clone());
                None
            }
            _ => None,
        }
    }

    /// Both paths of one window make one line; a path that is silent leaves its half empty.
    fn window(&mut self, event: &Event, phase: Phase) -> Option<News> {
        let side = Side::ALL
            .into_iter()
            .find(|side| side.name() == event.text("path.class"))?;
        let look = Look::of(event);
        self.windows.entry((phase, side)).or_default().0.push(look);
        let before = self.current[side as usize].replace(look);
        if before.is_some() {
            let mut complete = [None; 2];
            complete[side as usize] = before;
            return Some(News::Paths(complete));
        }
        let both = self.current.iter().all(Option::is_some);
        both.then(|| News::Paths(std::mem::take(&mut self.current)))
    }

    fn verdict(&mut self, event: &Event, phase: Phase) {
        let name = event.text("verdict.name");
        name.clone_into(&mut self.last_verdict);
        self.verdicts.insert(name.to_owned());
        let mark = match name {
            "healthy" => &mut self.marks.healthy,
            "public_suspect" if phase == Phase::Collapse => &mut self.marks.suspect,
            "public_only_collapse" => &mut self.marks.collapse,
            "recovering" => &mut self.marks.recovering,
            _ => return,
        };
        mark.get_or_insert(event.at);
        if name == "public_only_collapse" && phase == Phase::Healthy {
            self.wrong = Some("a collapse was seen before there was one".to_owned());
        }
    }

    fn incident(&mut self, event: &Event) {
        if event.text("incident.outcome") == "recovered" {
            self.marks.recovered.get_or_insert(event.at);
        }
        match event.text("incident.state") {
            "opened" => self.marks.incident.get_or_insert(event.at),
            "closed" => self.marks.closed.get_or_insert(event.at),
            _ => return,
        };
    }

    fn recommendation(&mut self, event: &Event, phase: Phase, ours: bool) {
        if !ours {
            let address = event.text("network.local.address");
            self.wrong = Some(format!("advice for {address}, where nothing is wrong"));
        } else if self.advice_is_wrong {
            self.wrong = Some("advice touches the address, which is not at fault".to_owned());
        } else if phase == Phase::Healthy {
            self.wrong = Some("advice was given before anything was wrong".to_owned());
        } else if self.marks.recommendation.is_some() {
            self.wrong = Some("advice was given a second time".to_owned());
        }
        self.marks.recommendation.get_or_insert(event.at);
        self.advice.get_or_insert_with(|| event.clone());
    }

    /// Sums of a path over a phase.
    pub(crate) fn sum(&self, phase: Phase, side: Side) -> Look {
        self.windows
            .get(&(phase, side))
            .map(Windows::sum)
            .unwrap_or_default()
    }
}
