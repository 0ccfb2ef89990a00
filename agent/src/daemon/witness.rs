//! Witnesses at work: what the pipeline tells makes rounds begin and end.

use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::config;
use crate::event::{Event, HopsDestination, VerdictName, WitnessEnd};
use crate::flow::Local;
use crate::host::own_netns;
use crate::host::witness::{Bounds, Look, PASSES, Planner, Round, Step, Target, View, Visit, look};
use crate::path::PathClass;
use crate::pipeline::Pipeline;
use crate::publish::{self, Note, RoundTold};

/// Everything about witnesses; there is none where the configuration names no target.
pub(super) struct Witnesses {
    targets: Vec<Target>,
    /// The control among them.
    private: Option<Target>,
    bounds: Bounds,
    netns: u32,
    planner: Planner,
    /// Verdicts as they were told last, of addresses of this namespace.
    verdicts: BTreeMap<Local, VerdictName>,
    /// The public peer with most retransmissions of the last window that had any.
    worst: BTreeMap<Local, IpAddr>,
    /// The target that fared best in the last round.
    best: BTreeMap<Local, SocketAddr>,
    round: Option<Running>,
    views: JoinSet<Vec<Viewed>>,
}

/// A round under way.
struct Running {
    round: Round,
    told: RoundTold,
    local: Local,
    begun: Instant,
}

/// A look at a way that is over.
pub(super) struct Viewed {
    local: Local,
    verdict: VerdictName,
    destination: HopsDestination,
    view: io::Result<View>,
}

/// What happened meanwhile.
pub(super) enum News {
    /// A connection is over; nothing if the round is.
    Visit(Option<(usize, Visit)>),
    /// Looks at ways are.
    Viewed(Vec<Viewed>),
}

impl Witnesses {
    /// None, unless there are targets.
    pub(super) fn new(settings: &config::Witness) -> Option<Self> {
        if !settings.is_on() {
            return None;
        }
        let targets: Vec<Target> = settings.all().collect();
        let cost = settings.cost();
        log::info!(
            "witnesses: {} target(s), at most {} connections and {} UDP packets an hour, and only \
             while an address is suspect",
            targets.len(),
            cost.connections,
            cost.hop_packets
        );
        let bounds = settings.bounds();
        Some(Self {
            targets,
            private: settings.private,
            bounds,
            netns: own_netns(),
            planner: Planner::new(bounds, settings.private.is_some(), settings.hops),
            verdicts: BTreeMap::new(),
            worst: BTreeMap::new(),
            best: BTreeMap::new(),
            round: None,
            views: JoinSet::new(),
        })
    }

    /// Takes in what a tick gave to tell and how addresses are judged now; does what is due, and
    /// adds to `notes` what is to be told of that.
    pub(super) fn tick(&mut self, now_ns: u64, pipeline: &Pipeline, notes: &mut Vec<Note>) {
        for note in &*notes {
            self.hear(&note.event);
        }
        let mut looks = Vec::new();
        for (local, assessment) in pipeline.assessments() {
            let verdict = self.verdicts.get(&local);
            looks.extend(verdict.map(|verdict| Look {
                local,
                verdict: *verdict,
                good: assessment.public.good,
            }));
        }
        let known = |local: &Local| looks.iter().any(|look| look.local == *local);
        self.verdicts.retain(|local, _| known(local));
        self.worst.retain(|local, _| known(local));
        self.best.retain(|local, _| known(local));
        self.planner.see(&looks, now_ns);
        while let Some(step) = self.planner.next(now_ns) {
            match step {
                Step::Round {
                    local,
                    verdict,
                    number,
                } => notes.extend(self.begin((local, verdict, number), pipeline, now_ns)),
                Step::End => notes.extend(self.end(WitnessEnd::NoLongerSuspect, now_ns)),
                Step::Hops { local, verdict } => self.view(local, verdict),
            }
        }
    }

    /// What happens next: a connection or a look is over.
    pub(super) async fn news(&mut self) -> News {
        let visit = async {
            match &mut self.round {
                Some(running) => running.round.next().await,
                None => pending().await,
            }
        };
        let viewed = async {
            loop {
                match self.views.join_next().await {
                    Some(Ok(viewed)) => return viewed,
                    // Ended from outside: there is nothing to tell.
                    Some(Err(_)) => {}
                    None => pending::<()>().await,
                }
            }
        };
        tokio::select! {
            visit = visit => News::Visit(visit),
            viewed = viewed => News::Viewed(viewed),
        }
    }

    /// Takes that in, and gives what is to be told.
    pub(super) fn take(&mut self, news: News, now_ns: u64) -> Vec<Note> {
        match news {
            News::Visit(Some((target, visit))) => {
                if let Some(running) = &mut self.round {
                    running.told.count(target, visit);
                }
                Vec::new()
            }
            News::Visit(None) => self.end(WitnessEnd::Complete, now_ns).into_iter().collect(),
            News::Viewed(views) => views.iter().filter_map(told_view).collect(),
        }
    }

    /// The agent stops: so does everything here.
    pub(super) fn stop(mut self, now_ns: u64) -> Option<Note> {
        self.end(WitnessEnd::Stopped, now_ns)
    }

    fn hear(&mut self, event: &Event) {
        match event {
            Event::Verdict(told) if told.verdict.netns == self.netns => {
                let local = self.local(told.network.local.address);
                self.verdicts.insert(local, told.verdict.name);
            }
            Event::PeerWindow(window) if window.path.netns == self.netns => {
                let peer = window.network.peer.address;
                let ours = self.targets.iter().any(|of| of.at.ip() == peer);
                let bad = window.path.segments_retransmitted > 0;
                if bad && !ours && window.path.class == PathClass::Public {
                    // The worst comes first.
                    let local = self.local(window.network.local.address);
                    self.worst.insert(local, peer);
                }
            }
            _ => {}
        }
    }

    const fn local(&self, address: IpAddr) -> Local {
        Local {
            address,
            netns: self.netns,
        }
    }

    fn begin(
        &mut self,
        (local, verdict, number): (Local, VerdictName, u64),
        pipeline: &Pipeline,
        now_ns: u64,
    ) -> Option<Note> {
        let mut told = RoundTold::new(local, verdict, number, self.bounds.round);
        let mut asked = Vec::new();
        for target in &self.targets {
            let (class, network) = pipeline.place(target.at.ip());
            // The metadata may know better than the configuration which way is public.
            let is_control = self.private.as_ref() == Some(target);
            let fits = (class == PathClass::Private) == is_control;
            if fits && target.at.is_ipv4() == local.address.is_ipv4() {
                told.add(target, class, network, self.bounds.visits(target));
                asked.push(*target);
            }
        }
        if asked.is_empty() {
            log::warn!("nobody can be asked from {local}: no target is of its IP version");
            self.planner.ended(now_ns);
            return None;
        }
        let note = told.begin();
        self.round = Some(Running {
            round: Round::begin(local.address, &asked, &self.bounds, number),
            told,
            local,
            begun: Instant::now(),
        });
        Some(note)
    }

    fn end(&mut self, end: WitnessEnd, now_ns: u64) -> Option<Note> {
        let mut running = self.round.take()?;
        while let Some((target, visit)) = running.round.try_next() {
            running.told.count(target, visit);
        }
        self.planner.ended(now_ns);
        if let Some(best) = running.told.best() {
            self.best.insert(running.local, best);
        }
        Some(running.told.end(end, running.begun.elapsed()))
    }

    /// Looks at the way to the worst peer, and then to a target.
    fn view(&mut self, local: Local, verdict: VerdictName) {
        let target = self.best.get(&local).copied().or_else(|| {
            let public = self
                .targets
                .iter()
                .filter(|of| self.private.as_ref() != Some(of));
            let mut at = public.map(|target| target.at);
            at.find(|at| at.is_ipv4() == local.address.is_ipv4())
        });
        let worst = self.worst.get(&local).copied();
        let destinations = [
            (HopsDestination::WorstPeer, worst),
            (HopsDestination::Target, target.map(|at| at.ip())),
        ];
        // One after the other: routers limit how often they answer a host.
        self.views.spawn(async move {
            let mut views = Vec::new();
            for (destination, to) in destinations {
                let Some(to) = to else { continue };
                views.push(Viewed {
                    local,
                    verdict,
                    destination,
                    view: look(local.address, to, PASSES).await,
                });
            }
            views
        });
    }
}

/// What happens next, if there are witnesses.
pub(super) async fn news(witnesses: Option<&mut Witnesses>) -> News {
    match witnesses {
        Some(witnesses) => witnesses.news().await,
        None => pending().await,
    }
}

fn told_view(viewed: &Viewed) -> Option<Note> {
    let Viewed {
        local,
        verdict,
        destination,
        view,
    } = viewed;
    match view {
        Ok(view) => Some(publish::hops(*local, *verdict, *destination, view)),
        Err(error) => {
            log::warn!("the way from {local} cannot be looked at: {error}");
            None
        }
    }
}
