//! How the agent itself fares: what was lost, how full things are, what it costs.

use std::collections::BTreeMap;
use std::time::Instant;

use edgeghost_common::Counter;
use rustix::time::{ClockId, clock_gettime};

use crate::bpf::{CounterReading, Kernel, LoadError, RingReading};
use crate::event::{
    Health, KernelFlows, Lost, MapFill, NetnsCount, ProgramCost, ProgramMissed, RingFill,
    SinkHealth, SinkLoss, SinkState,
};
use crate::pipeline;
use crate::publish::netns;
use crate::sink::{LaneReading, QueueReading};

/// Figures of the user half at one moment.
pub struct Figures {
    /// The way from records to events.
    pub pipeline: pipeline::Figures,
    /// The ring buffer, where it can be seen.
    pub ring: Option<RingReading>,
    /// The queues of events, all together.
    pub queue: QueueReading,
    /// Each sink.
    pub sinks: Vec<LaneReading>,
    /// The queue of the recording, if there is one.
    pub recording: Option<QueueReading>,
}

/// Remembers what was told, so that each loss is news once.
pub struct Vitals {
    started: Instant,
    told: BTreeMap<String, u64>,
}

/// A loss so far: total, and the part of each CPU where it happened in the kernel.
type Losses = BTreeMap<String, (u64, Vec<u64>)>;

impl Vitals {
    /// From now on.
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            told: BTreeMap::new(),
        }
    }

    /// Length of the run, seconds.
    pub fn uptime_s(&self) -> f64 {
        (self.started.elapsed().as_secs_f64() * 1e3).round() / 1e3
    }

    /// Everything lost so far; what is news is news no longer.
    pub fn lost(&mut self, kernel: &Kernel, figures: &Figures) -> Vec<Lost> {
        let lost = self.untold(losses(&read(kernel), figures));
        self.note_told(&lost);
        lost
    }

    fn untold(&self, losses: Losses) -> Vec<Lost> {
        losses
            .into_iter()
            .map(|(reason, (total, by_cpu))| Lost {
                count: total.saturating_sub(self.told.get(&reason).copied().unwrap_or(0)),
                reason,
                total,
                by_cpu,
            })
            .collect()
    }

    fn note_told(&mut self, lost: &[Lost]) {
        self.told = lost
            .iter()
            .map(|lost| (lost.reason.clone(), lost.total))
            .collect();
    }

    /// Whether something was lost that was not told yet.
    pub fn has_news(&self, kernel: &Kernel, figures: &Figures) -> bool {
        losses(&read(kernel), figures)
            .iter()
            .any(|(reason, (total, _))| *total > self.told.get(reason).copied().unwrap_or(0))
    }

    /// The whole report; what is news is news no longer.
    pub fn health(&mut self, kernel: &Kernel, all: &Figures, interval_s: f64) -> Health {
        let health = self.look(kernel, all, interval_s);
        self.note_told(&health.lost);
        health
    }

    /// The whole report, for whoever looks in between.
    pub fn look(&self, kernel: &Kernel, all: &Figures, interval_s: f64) -> Health {
        let counters = read(kernel);
        let (figures, queue) = (&all.pipeline, &all.queue);
        Health {
            uptime_seconds: self.uptime_s(),
            lost: self.untold(losses(&counters, all)),
            records_received: figures.received,
            records_undecodable: figures.undecodable,
            flows_born: counters.total(Counter::FlowsBorn),
            flows_found: counters.total(Counter::FlowsFound),
            flows_loopback: counters.total(Counter::FlowsLoopback),
            flow_table: MapFill {
                used: figures.flows as u64,
                capacity: figures.flows_capacity as u64,
                evicted: figures.flows_evicted,
            },
            kernel_flows: kernel.flows().map(|flows| KernelFlows {
                used: flows.entries,
                capacity: flows.capacity,
            }),
            queue: fill(queue),
            sinks: all.sinks.iter().map(sink).collect(),
            ring: all.ring.map(|ring| RingFill {
                fullest_bytes: ring.fullest,
                capacity_bytes: ring.capacity,
            }),
            report_interval_seconds: interval_s,
            programs: costs(kernel),
            programs_missed: missed(kernel),
            netns: namespaces(kernel),
            cpu_seconds: cpu_seconds(),
            memory_bytes: resident_bytes().unwrap_or(0),
        }
    }
}

impl Default for Vitals {
    fn default() -> Self {
        Self::new()
    }
}

fn sink(reading: &LaneReading) -> SinkHealth {
    let trouble = reading.trouble.as_ref();
    let lost = reading.queue.dropped.iter();
    SinkHealth {
        kind: reading.kind.to_owned(),
        path: reading.path.clone(),
        state: match trouble {
            _ if reading.closed => SinkState::Closed,
            Some(_) => SinkState::Failing,
            None => SinkState::Working,
        },
        error: trouble.map(|(error, _)| error.clone()),
        failing_seconds: trouble.map(|(_, time)| (time.as_secs_f64() * 10.0).round() / 10.0),
        written: reading.written,
        delivered_late: reading.late,
        spooled: reading.spooled as u64,
        queue: fill(&reading.queue),
        lost: lost
            .map(|(name, total)| SinkLoss {
                event: (*name).to_owned(),
                total: *total,
            })
            .collect(),
    }
}

fn fill(queue: &QueueReading) -> MapFill {
    MapFill {
        used: queue.depth as u64,
        capacity: queue.capacity as u64,
        evicted: queue.dropped.values().sum(),
    }
}

/// Retransmissions by namespace.
pub fn namespaces(kernel: &Kernel) -> Vec<NetnsCount> {
    netns(&or_default(kernel.totals()))
}

/// Records that found the ring buffer full, so far.
pub fn ring_full(kernel: &Kernel) -> u64 {
    let counters = read(kernel);
    [
        Counter::LostFlowRingFull,
        Counter::LostRetransmitRingFull,
        Counter::LostCwndRingFull,
        Counter::LostSynAckRingFull,
        Counter::LostCloseRingFull,
    ]
    .into_iter()
    .map(|counter| counters.total(counter))
    .sum()
}

fn read(kernel: &Kernel) -> CounterReading {
    or_default(kernel.counters())
}

/// A map that cannot be read is an empty report and a line in the log, not the end.
fn or_default<T: Default>(reading: Result<T, LoadError>) -> T {
    reading.unwrap_or_else(|error| {
        log::error!("the programs' counters cannot be read: {error}");
        T::default()
    })
}

fn losses(counters: &CounterReading, figures: &Figures) -> Losses {
    let mut losses: Losses = counters
        .losses()
        .into_iter()
        .map(|loss| (loss.reason.to_owned(), (loss.total, loss.by_cpu)))
        .collect();
    let pipeline = &figures.pipeline;
    let own = [
        ("record.undecodable", pipeline.undecodable),
        ("peer_window.too_many_peers", pipeline.peers_unsummed),
        ("path_window.too_many_addresses", pipeline.unsummed),
        ("flow_sample.too_many_addresses", pipeline.unjudged),
    ];
    let own = own
        .into_iter()
        .map(|(reason, total)| (reason.to_owned(), total));
    let events = dropped(Some(&figures.queue), "not_written");
    let recorded = dropped(figures.recording.as_ref(), "not_recorded");
    for (reason, total) in own.chain(events).chain(recorded) {
        if total > 0 {
            losses.insert(reason, (total, Vec::new()));
        }
    }
    losses
}

/// Lines that a queue lost, by event.
fn dropped(queue: Option<&QueueReading>, how: &str) -> impl Iterator<Item = (String, u64)> {
    let dropped = queue.into_iter().flat_map(|queue| &queue.dropped);
    dropped.map(move |(name, total)| (format!("{name}.{how}"), *total))
}

fn costs(kernel: &Kernel) -> Vec<ProgramCost> {
    kernel
        .costs()
        .into_iter()
        .map(|cost| ProgramCost {
            ns_per_run: (cost.run_time_ns as f64 / cost.runs as f64).round(),
            name: cost.name,
            runs: cost.runs,
        })
        .collect()
}

fn missed(kernel: &Kernel) -> Vec<ProgramMissed> {
    let missed = kernel.missed().into_iter();
    let told = missed.map(|missed| ProgramMissed {
        name: missed.name,
        runs: missed.runs,
    });
    told.collect()
}

/// CPU time of this process, user and system.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    (seconds * 1e3).round() / 1e3
}

fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}
