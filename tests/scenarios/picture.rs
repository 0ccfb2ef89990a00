//! A recording as a picture: how the evidence on one address gathers, and what comes of it.
//!
//! The recording goes through the agent's pipeline as in `edgeghost replay`; what is drawn is what
//! the detector rests on at each tick, and what is told.

mod svg;

use std::collections::VecDeque;
use std::fs::File;
use std::io::BufRead as _;
use std::net::IpAddr;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, ensure};
use edgeghost::clock::Clock;
use edgeghost::config::Config;
use edgeghost::event::{self, IncidentState, Time};
use edgeghost::flow::FlowSample;
use edgeghost::path::{Classifier, PathClass};
use edgeghost::pipeline::{Output, Pipeline};
use edgeghost::publish;
use edgeghost::unpack;
use edgeghost_tests::event::Event;

use crate::judge::{is_advice, named};
use crate::table::Verdict;

/// Shares of segments sent again are over so many ticks.
const MEAN: usize = 10;
/// Odds from which the public path is convicted, 90 to 10, as nats.
const CONVICTED: f64 = 2.197_224_577_336_219_6;

/// The address at one tick. Of two numbers, the first is the public side's.
struct Tick {
    at: f64,
    /// Share of segments sent again, if there were any.
    again: [Option<f64>; 2],
    /// Sum of the votes of the networks.
    votes: [f64; 2],
    /// Sum of public votes from which the public path is convicted.
    needed: Option<f64>,
    /// Probability that the public path is at fault.
    at_fault: f64,
}

/// What was told, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Verdict(Verdict),
    Opened,
    Advice,
    Closed,
}

/// All that is drawn; times are seconds after the first tick.
#[derive(Default)]
struct Story {
    ticks: Vec<Tick>,
    told: Vec<(f64, Told)>,
    /// When the fault was there, if somebody knows.
    fault: Option<(f64, f64)>,
}

/// Draws what `recording` has of `address`.
pub(crate) fn draw(recording: &Path, address: IpAddr, fault: &[f64]) -> Result<String> {
    let context = || format!("cannot read the recording {}", recording.display());
    let lines = unpack::reader(File::open(recording).with_context(context)?)?.lines();
    let mut projector = Projector::new(address);
    for (number, line) in lines.enumerate() {
        let event = Event::new(line.with_context(context)?, Instant::now());
        let place = || format!("{}, line {}", recording.display(), number + 1);
        projector.take(&event).with_context(place)?;
    }
    let mut story = projector.story;
    ensure!(!story.ticks.is_empty(), "nothing is judged of {address}");
    if let [from, until] = *fault {
        ensure!(from < until, "a fault ends after it begins");
        story.fault = Some((from, until));
    }
    Ok(svg::picture(&story))
}

/// The recording on its way through the pipeline.
struct Projector {
    address: IpAddr,
    pipeline: Pipeline,
    classifier: Classifier,
    output: Output,
    first_ns: Option<u64>,
    /// Segments of each side sent again and delivered since the last tick, and in ticks before.
    now: [(u64, u64); 2],
    before: VecDeque<[(u64, u64); 2]>,
    story: Story,
}

impl Projector {
    fn new(address: IpAddr) -> Self {
        Self {
            address,
            pipeline: Pipeline::new(&Config::default(), None),
            classifier: Classifier::default(),
            output: Output::default(),
            first_ns: None,
            now: [(0, 0); 2],
            before: VecDeque::new(),
            story: Story::default(),
        }
    }

    fn take(&mut self, event: &Event) -> Result<()> {
        match event.name() {
            "agent_start" if self.first_ns.is_none() => {
                let path = Path::new("of the recording");
                let config = Config::parse(event.text("agent.config.toml"), path)?;
                self.pipeline = Pipeline::new(&config, config.systems()?);
            }
            "context" => {
                let known: event::Context = serde_json::from_str(&event.line)?;
                let known = publish::recorded_context(&known);
                self.pipeline.context(&known.map_err(|e| anyhow!(e))?);
            }
            "flow_sample" => {
                let sample: event::FlowSample = serde_json::from_str(&event.line)?;
                let sample = publish::recorded(&sample);
                self.count(&sample);
                self.pipeline.replay(sample);
            }
            "host_sample" => {
                let host: event::HostSample = serde_json::from_str(&event.line)?;
                let wall = event.text("timestamp");
                let wall: Time = wall.parse().map_err(|error| anyhow!("{wall}: {error}"))?;
                self.tick(&host.host_sample, wall);
            }
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, sample: &FlowSample) {
        if sample.key.local == self.address {
            let class = self.classifier.classify(sample.key.peer);
            let (again, delivered) = &mut self.now[usize::from(class == PathClass::Private)];
            *again += sample.retransmitted;
            *delivered += sample.delivered;
        }
    }

    fn tick(&mut self, host: &event::SampledHost, wall: Time) {
        let now_ns = host.monotonic_ns;
        let news = publish::recorded_host(host);
        let clock = Clock::at(now_ns, wall);
        if host.last {
            self.pipeline.finish(now_ns, &news, clock, &mut self.output);
        } else {
            self.pipeline.tick(now_ns, &news, clock, &mut self.output);
        }
        let first_ns = *self.first_ns.get_or_insert(now_ns);
        let at = now_ns.saturating_sub(first_ns) as f64 / 1e9;
        for note in self.output.notes.drain(..) {
            let told = told(&note.event, self.address);
            self.story.told.extend(told.map(|told| (at, told)));
        }
        self.before.push_back(std::mem::take(&mut self.now));
        if self.before.len() > MEAN {
            self.before.pop_front();
        }
        let again = [0, 1].map(|side| share(self.before.iter().map(|sides| sides[side])));
        // Of namespaces that have the same address, the one with most to tell.
        let judged = self.pipeline.assessments();
        let judged = judged.filter(|(local, _)| local.address == self.address);
        let Some((_, judged)) = judged.max_by_key(|(_, judged)| judged.votes.len()) else {
            return;
        };
        let votes = [false, true].map(|private| {
            let of = judged.votes.iter().filter(|vote| vote.private == private);
            of.map(|vote| vote.llr).sum()
        });
        // The odds are those before any vote, times what the votes say.
        let odds = (judged.posterior.public / judged.posterior.healthy).ln();
        let needed = CONVICTED - (odds - votes[0]);
        self.story.ticks.push(Tick {
            at,
            again,
            votes,
            needed: needed.is_finite().then_some(needed),
            at_fault: judged.posterior.public,
        });
    }
}

fn share(counts: impl Iterator<Item = (u64, u64)>) -> Option<f64> {
    let (again, delivered) = counts.fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
    let all = again + delivered;
    (all > 0).then(|| again as f64 / all as f64)
}

fn told(event: &event::Event, address: IpAddr) -> Option<Told> {
    match event {
        event::Event::Verdict(event) if event.network.local.address == address => {
            Some(Told::Verdict(named(event.verdict.name)))
        }
        event::Event::Incident(event) if event.network.local.address == address => {
            match event.incident.state {
                IncidentState::Opened => Some(Told::Opened),
                IncidentState::Updated => None,
                IncidentState::Closed => Some(Told::Closed),
            }
        }
        event::Event::Recommendation(event)
            if event.network.local.address == address && is_advice(event) =>
        {
            Some(Told::Advice)
        }
        _ => None,
    }
}
