//! From records to events: decode, put on a path, remember, sum, judge. No I/O and no clock of
//! its own.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;
use crate::detect::{Assessment, Detector, Params, Progress};
use crate::ec2::Context;
use crate::event::{Event, IncidentState, SnapshotMoment, SocketSnapshot, Time};
use crate::flow::{
    DecodeError, FlowKey, FlowSample, FlowTable, Local, Record, SideBySide, Step, Windows, decode,
    side_by_side,
};
use crate::host::HostSample;
use crate::path::{AsTable, AwsRanges, Classifier, Network, PathClass, Ranges};
use crate::publish::{self, HostWitness, Incidents, Note};
use crate::remedy;

/// A judgement must stand for this long before it is told: one breath.
const SETTLE_NS: u64 = 2_000_000_000;

/// So long before advice the surroundings are looked at again: the metadata has two seconds to
/// answer, and ticks come once a second.
const CONTEXT_AHEAD_NS: u64 = 4_000_000_000;

/// About the time between two ticks.
const TICK_NS: u64 = 1_000_000_000;

/// What comes out of the pipeline.
#[derive(Debug, Default)]
pub struct Output {
    /// To tell.
    pub notes: Vec<Note>,
    /// What the detector was fed with, if somebody records it.
    pub samples: Option<Vec<FlowSample>>,
    /// Sockets to look at now, if somebody can.
    pub looks: Option<Vec<Wanted>>,
}

/// Sockets that an incident wants to be looked at in the moment in which it opens or closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The incident's address.
    pub local: Local,
    /// The incident's id.
    pub incident: String,
    /// Which moment.
    pub moment: SnapshotMoment,
    /// The connections.
    pub flows: SideBySide,
}

/// The way from records to events.
pub struct Pipeline {
    ranges: Ranges,
    classifier: Classifier,
    table: FlowTable,
    windows: Windows,
    detector: Detector,
    incidents: Incidents,
    host: HostWitness,
    peers_max: usize,
    window_ns: u64,
    window_began_ns: Option<u64>,
    received: u64,
    undecodable: u64,
}

/// The pipeline's own figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Records taken in.
    pub received: u64,
    /// Of these: not decodable.
    pub undecodable: u64,
    /// Flows remembered.
    pub flows: usize,
    /// Most flows that fit.
    pub flows_capacity: usize,
    /// Flows that had to make room.
    pub flows_evicted: u64,
    /// Peers not summed apart, for want of room.
    pub peers_unsummed: u64,
    /// Samples not summed, for too many local addresses.
    pub unsummed: u64,
    /// Samples not judged, for too many local addresses.
    pub unjudged: u64,
}

impl Pipeline {
    /// A pipeline that knows nothing yet but whose addresses are, if `systems` tells.
    pub fn new(config: &Config, systems: Option<Arc<AsTable>>) -> Self {
        let ranges = Ranges {
            private: config.path.private_cidrs.clone(),
            ..Ranges::default()
        };
        let classifier = Classifier::new(&ranges).with_systems(systems);
        let capacity = usize::try_from(config.flows.table_max).unwrap_or(usize::MAX);
        Self {
            ranges,
            classifier,
            table: FlowTable::new(NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN)),
            windows: Windows::default(),
            detector: Detector::new(params(config)),
            incidents: Incidents::new(config.detect.cooldown_seconds),
            host: HostWitness::default(),
            peers_max: usize::try_from(config.window.peers_max).unwrap_or(usize::MAX),
            window_ns: nanos(config.window.seconds),
            window_began_ns: None,
            received: 0,
            undecodable: 0,
        }
    }

    /// With AWS's published ranges from now on, if there are any: flows that go on are put on their
    /// paths anew.
    pub fn set_aws_ranges(&mut self, aws: Option<Arc<AwsRanges>>) {
        self.classifier = self.classifier.clone().with_aws(aws);
        self.table.reclassify(&self.classifier);
    }

    /// Goes on by another configuration: what of it can change at once. Flows whose path is another
    /// one now are judged there.
    pub fn reconfigure(&mut self, config: &Config) {
        self.detector.set_params(params(config));
        self.incidents.set_cooldown(config.detect.cooldown_seconds);
        self.peers_max = usize::try_from(config.window.peers_max).unwrap_or(usize::MAX);
        self.window_ns = nanos(config.window.seconds);
        self.set_ranges(Ranges {
            private: config.path.private_cidrs.clone(),
            ..self.ranges.clone()
        });
    }

    fn set_ranges(&mut self, ranges: Ranges) {
        if ranges == self.ranges {
            return;
        }
        let changed = ranges.differences(&self.ranges);
        self.classifier = self.classifier.with_ranges(&ranges);
        self.ranges = ranges;
        self.table.reclassify(&self.classifier);
        self.detector.forget(&changed);
    }

    /// Takes in one record; what it gives to tell goes to `out`.
    pub fn take(&mut self, bytes: &[u8], clock: Clock, out: &mut Output) {
        self.received += 1;
        match decode(bytes) {
            Ok(record) => self.take_record(&record, clock, out),
            Err(error) => self.note_undecodable(error),
        }
    }

    /// Takes in the news of a flow as they were recorded.
    pub fn replay(&mut self, mut sample: FlowSample) {
        sample.class = self.classifier.classify(sample.key.peer);
        sample.network = self.classifier.network(sample.key.peer, sample.class);
        sample.judged = self.classifier.judged(sample.key.peer);
        self.observe(&Step {
            sample,
            first_in_window: true,
        });
    }

    /// Takes in what is known of the host's surroundings, in place of what was known before. It
    /// takes effect at once: flows whose path is another one now are judged there, and what they
    /// said of the path they were taken to be on is forgotten.
    pub fn context(&mut self, context: &Context) {
        for (local, mapped) in remedy::moves(self.incidents.context(), context) {
            self.detector.note_remap(local, mapped);
        }
        self.incidents.note_context(context);
        self.host.note_context(context);
        self.set_ranges(Ranges {
            vpc: context.vpc_blocks().collect(),
            own: context.public_addresses().into_iter().collect(),
            region: context.instance.region.clone(),
            ..self.ranges.clone()
        });
    }

    /// Whether what is known of the surroundings should be looked at again now, for advice is
    /// near.
    pub fn wants_context(&self, now_ns: u64) -> bool {
        let soon_ns = now_ns.saturating_add(CONTEXT_AHEAD_NS);
        let params = self.detector.params();
        let lasts = |since: Option<u64>, least_ns: u64| {
            since.is_some_and(|since| soon_ns.saturating_sub(since) >= least_ns)
        };
        self.progresses().any(|progress| {
            progress.open
                && !progress.advised
                && lasts(progress.bad_since_ns, params.confirm_ns)
                && lasts(progress.collapsed_since_ns, params.hold_ns)
        })
    }

    /// Whether an incident is open.
    pub fn has_incident(&self) -> bool {
        self.progresses().any(|progress| progress.open)
    }

    fn progresses(&self) -> impl Iterator<Item = Progress> {
        let addresses = self.detector.assessments();
        addresses.filter_map(|(local, _)| self.detector.progress(local))
    }

    /// Takes in the host's name, for advice to name it.
    pub fn host_name(&mut self, name: &str) {
        self.incidents.note_host_name(name);
    }

    /// Closes the window if it is time, and judges, as of the monotonic time `now_ns`. To be
    /// called about once a second. Tells whether a window was closed.
    pub fn tick(&mut self, now_ns: u64, host: &HostSample, clock: Clock, out: &mut Output) -> bool {
        let began_ns = *self.window_began_ns.get_or_insert(now_ns);
        // Half a tick early is nearer than half a tick late.
        let full = now_ns.saturating_sub(began_ns) + TICK_NS / 2 >= self.window_ns;
        if full {
            self.close_window(now_ns, clock, out);
        }
        self.host.note(now_ns, host);
        for finding in self.detector.tick(now_ns, host) {
            let note = self.incidents.note(&finding, &self.detector, now_ns, clock);
            let Some(mut note) = note else {
                continue;
            };
            let evidence = self.host.testify(&finding, &mut note, now_ns);
            if let Some(looks) = &mut out.looks {
                looks.extend(wanted(&self.table, finding.local, &note.event));
            }
            out.notes.push(note);
            out.notes.extend(evidence);
        }
        if host.detail.is_some() {
            let time = clock.wall(now_ns);
            out.notes.extend(self.host.catch_up(now_ns, time));
        }
        full
    }

    /// Takes in what the sockets of an incident showed, as of the time of its line.
    pub fn sockets(&mut self, snapshot: SocketSnapshot, time: Time, out: &mut Output) {
        self.incidents.note_sockets(&snapshot);
        out.notes.push(publish::sockets(snapshot, time));
    }

    /// Judges for the last time, and tells of the window as far as it got.
    pub fn finish(&mut self, now_ns: u64, host: &HostSample, clock: Clock, out: &mut Output) {
        if !self.tick(now_ns, host, clock, out) {
            self.close_window(now_ns, clock, out);
        }
    }

    /// Which way to a peer, and whose voice it is, by what is known now.
    pub fn place(&self, peer: IpAddr) -> (PathClass, Network) {
        let class = self.classifier.classify(peer);
        (class, self.classifier.network(peer, class))
    }

    /// Peers that suffer, worst first for each local address of the agent's namespace, each with
    /// that address: the way to them is worth a look.
    pub fn sufferers(&self) -> Vec<(IpAddr, IpAddr)> {
        self.host.sufferers()
    }

    /// What every address was last judged by.
    pub fn assessments(&self) -> impl Iterator<Item = (Local, &Assessment)> {
        self.detector.assessments()
    }

    /// How far an address is on the way to advice.
    pub fn progress(&self, local: Local) -> Option<Progress> {
        self.detector.progress(local)
    }

    /// How the detector judges over time.
    pub const fn params(&self) -> &Params {
        self.detector.params()
    }

    fn close_window(&mut self, now_ns: u64, clock: Clock, out: &mut Output) {
        let began_ns = self.window_began_ns.replace(now_ns).unwrap_or(now_ns);
        let seconds = now_ns.saturating_sub(began_ns) as f64 / 1e9;
        let (paths, peers) = self.windows.close(&self.table, self.peers_max);
        self.incidents.note_peers(&peers);
        self.host.note_peers(&peers, now_ns);
        let time = clock.wall(now_ns);
        for path in &paths {
            out.notes.push(publish::path_window(path, seconds, time));
        }
        for peer in &peers {
            out.notes.push(publish::peer_window(peer, seconds, time));
        }
    }

    fn observe(&mut self, step: &Step) {
        self.windows.add(step);
        self.detector.observe(&step.sample);
    }

    /// The pipeline's own figures.
    pub fn figures(&self) -> Figures {
        Figures {
            received: self.received,
            undecodable: self.undecodable,
            flows: self.table.len(),
            flows_capacity: self.table.capacity(),
            flows_evicted: self.table.evicted(),
            peers_unsummed: self.windows.peers_unsummed(),
            unsummed: self.windows.unsummed(),
            unjudged: self.detector.unjudged(),
        }
    }

    fn take_record(&mut self, record: &Record, clock: Clock, out: &mut Output) {
        match record {
            Record::Flow(flow) => {
                let step = self
                    .table
                    .take(flow, &self.classifier, self.windows.number());
                if step.sample.class != PathClass::Loopback {
                    self.observe(&step);
                    if let Some(samples) = &mut out.samples {
                        samples.push(step.sample);
                    }
                }
            }
            Record::Retransmit(retransmit) => {
                if let Some((_, class)) = self.way(&FlowKey::from(&retransmit.ends)) {
                    let time = clock.wall(retransmit.header.time_ns);
                    out.notes.push(publish::retransmit(retransmit, class, time));
                }
            }
            Record::Cwnd(cwnd) => {
                if let Some((_, class)) = self.way(&FlowKey::from(&cwnd.ends)) {
                    out.notes
                        .push(publish::cwnd(cwnd, class, clock.wall(cwnd.header.time_ns)));
                }
            }
            Record::SynAck(syn_ack) => {
                if let Some((key, class)) = self.way(&FlowKey::from(&syn_ack.ends)) {
                    self.windows.add_syn_ack(key.local(), key.peer, class);
                    out.notes.push(publish::syn_ack(
                        syn_ack,
                        class,
                        clock.wall(syn_ack.header.time_ns),
                    ));
                }
            }
        }
    }

    /// The path of a flow, unless it stays on the host.
    fn way(&self, key: &FlowKey) -> Option<(FlowKey, PathClass)> {
        let class = self.classifier.classify(key.peer);
        (class != PathClass::Loopback).then_some((*key, class))
    }

    fn note_undecodable(&mut self, error: DecodeError) {
        if self.undecodable == 0 {
            log::error!("a record from the kernel cannot be decoded: {error}");
        }
        self.undecodable += 1;
    }
}

/// What the detector goes by.
fn params(config: &Config) -> Params {
    let detect = &config.detect;
    Params {
        confirm_ns: nanos(detect.confirm_seconds),
        hold_ns: nanos(detect.hold_seconds),
        recovered_ns: nanos(detect.recovered_seconds),
        cooldown_ns: detect.cooldown_seconds.saturating_mul(1_000_000_000),
        advices_a_day: usize::try_from(detect.advices_a_day).unwrap_or(usize::MAX),
        counsel_ns: nanos(detect.counsel_seconds),
        settle_ns: SETTLE_NS,
    }
}

/// What is to be looked at because of an event: sockets, when an incident opens or closes.
fn wanted(table: &FlowTable, local: Local, event: &Event) -> Option<Wanted> {
    let Event::Incident(incident) = event else {
        return None;
    };
    let moment = match incident.incident.state {
        IncidentState::Opened => SnapshotMoment::Opened,
        IncidentState::Closed => SnapshotMoment::Closed,
        IncidentState::Updated => return None,
    };
    Some(Wanted {
        local,
        incident: incident.incident.id.clone(),
        moment,
        flows: side_by_side(table, local),
    })
}

/// Seconds of the configuration, which are checked to be small and positive, in nanoseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked at reading"
)]
pub fn nanos(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

#[cfg(test)]
mod tests;
