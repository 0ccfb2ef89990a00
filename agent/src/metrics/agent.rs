//! Metrics of the agent itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use edgeghost_common::Counter;

use super::sheet::{Sheet, family};
use crate::event::{Health, ProbeState};
use crate::status::{SinkStatus, Status};

/// All of them but those of the process.
pub(super) fn write(status: &Status, sheet: &mut Sheet<'_>) -> fmt::Result {
    let agent = &status.agent;
    sheet.gauges(
        &family("build_info", "Version of the running agent; always 1"),
        [(vec![("version", agent.version.to_owned())], 1_u32)],
    )?;
    sheet.gauge(
        &family(
            "status_timestamp",
            "When these figures were put together; it stands still if the agent hangs",
        )
        .seconds(),
        status.timestamp.0 as f64 / 1e9,
    )?;
    sheet.gauges(
        &family(
            "probe_attached",
            "1 for each program in the kernel that runs",
        ),
        agent.probes.iter().map(|probe| {
            let attached = u32::from(probe.state == ProbeState::Attached);
            (vec![("probe", probe.name.clone())], attached)
        }),
    )?;
    sheet.counters(
        &family(
            "events",
            "Events told, by name, whether or not a sink took them",
        ),
        status
            .counts
            .events
            .iter()
            .map(|(event, count)| (vec![("event", (*event).to_owned())], *count)),
    )?;
    sinks(status, sheet)?;
    status
        .health
        .as_ref()
        .map_or(Ok(()), |health| vitals(health, sheet))
}

fn sinks(status: &Status, sheet: &mut Sheet<'_>) -> fmt::Result {
    // Two of one name would be one series twice.
    let mut seen = BTreeSet::new();
    let sinks: Vec<&SinkStatus> = status
        .sinks
        .iter()
        .filter(|sink| seen.insert(&sink.name))
        .collect();
    let of = |sink: &SinkStatus| vec![("sink", sink.name.clone())];
    sheet.gauges(
        &family(
            "sink_works",
            "1 while a sink takes events, 0 while it fails",
        ),
        sinks.iter().map(|sink| (of(sink), u64::from(sink.works))),
    )?;
    sheet.gauges(
        &family(
            "sink_spooled",
            "Incidents and recommendations on disk that wait for a sink",
        ),
        sinks.iter().map(|sink| (of(sink), sink.spooled)),
    )?;
    sheet.gauges(
        &family("sink_queue_lines", "Lines that wait for a sink"),
        sinks.iter().map(|sink| (of(sink), sink.queued)),
    )?;
    sheet.gauges(
        &family(
            "sink_queue_capacity_lines",
            "Lines that may wait for a sink",
        ),
        sinks.iter().map(|sink| (of(sink), sink.capacity)),
    )?;
    sheet.counters(
        &family("sink_written", "Events that a sink took"),
        sinks.iter().map(|sink| (of(sink), sink.written)),
    )?;
    sheet.counters(
        &family("sink_lost", "Events that a sink lost, by name"),
        sinks.iter().flat_map(|sink| {
            // What was told is there from the start, so that its first loss shows as growth.
            let told = status.counts.events.keys().map(|event| (*event, 0));
            let lost = sink.lost.iter().map(|(event, count)| (*event, *count));
            let all: BTreeMap<&str, u64> = told.chain(lost).collect();
            all.into_iter().map(move |(event, count)| {
                let mut labels = of(sink);
                labels.push(("event", event.to_owned()));
                (labels, count)
            })
        }),
    )
}

fn vitals(health: &Health, sheet: &mut Sheet<'_>) -> fmt::Result {
    sheet.counters(
        &family("lost", "What was seen and not delivered, by what and why"),
        lost(health)
            .into_iter()
            .map(|(reason, count)| (vec![("reason", reason)], count)),
    )?;
    for (name, help, count) in [
        (
            "records_received",
            "Records taken from the kernel",
            health.records_received,
        ),
        (
            "flows_born",
            "Flows that began under the agent's eyes",
            health.flows_born,
        ),
        (
            "flows_found",
            "Flows first seen in mid-life",
            health.flows_found,
        ),
        (
            "flow_table_evicted",
            "Flows that had to make room in the agent's table",
            health.flow_table.evicted,
        ),
    ] {
        sheet.counter(&family(name, help), count)?;
    }
    for (name, help, value) in [
        (
            "flow_table_entries",
            "Flows in the agent's table",
            health.flow_table.used,
        ),
        (
            "flow_table_capacity_entries",
            "Flows that fit into the agent's table",
            health.flow_table.capacity,
        ),
    ] {
        sheet.gauge(&family(name, help), value)?;
    }
    if let Some(flows) = health.kernel_flows {
        let used = family(
            "kernel_flows_entries",
            "Flows in the hash of the programs in the kernel, when last counted; none without a hash",
        );
        sheet.gauge(&used, flows.used)?;
        let capacity = family(
            "kernel_flows_capacity_entries",
            "Flows that fit into the hash of the programs in the kernel",
        );
        sheet.gauge(&capacity, flows.capacity)?;
    }
    if let Some(ring) = health.ring {
        let used = family(
            "ring_used",
            "The ring buffer at its fullest since agent_health",
        );
        sheet.gauge(&used.bytes(), ring.fullest_bytes)?;
        let capacity = family("ring_capacity", "What fits into the ring buffer");
        sheet.gauge(&capacity.bytes(), ring.capacity_bytes)?;
    }
    sheet.gauge(
        &family(
            "report_interval",
            "A flow reports at most once in so long; longer under overload",
        )
        .seconds(),
        health.report_interval_seconds,
    )?;
    programs(health, sheet)
}

fn programs(health: &Health, sheet: &mut Sheet<'_>) -> fmt::Result {
    sheet.counters(
        &family(
            "probe_missed",
            "Runs that the kernel left out, for the program was at work on that CPU already",
        ),
        health
            .programs_missed
            .iter()
            .map(|missed| (vec![("probe", missed.name.clone())], missed.runs)),
    )?;
    let programs = || {
        let programs = health.programs.iter();
        programs.map(|program| (vec![("probe", program.name.clone())], program))
    };
    sheet.counters(
        &family("probe_runs", "Runs of the programs in the kernel"),
        programs().map(|(labels, program)| (labels, program.runs)),
    )?;
    sheet.counters(
        &family("probe_run", "Time in the programs in the kernel").seconds(),
        programs()
            .map(|(labels, program)| (labels, program.ns_per_run * program.runs as f64 / 1e9)),
    )
}

/// Every loss that can happen in the kernel is there from the start, so that its first one shows
/// as growth.
fn lost(health: &Health) -> BTreeMap<String, u64> {
    let possible = Counter::ALL
        .iter()
        .filter(|(counter, _)| counter.is_loss())
        .map(|(_, reason)| ((*reason).to_owned(), 0));
    let happened = health
        .lost
        .iter()
        .map(|lost| (lost.reason.clone(), lost.total));
    possible.chain(happened).collect()
}

/// Those of the process, under the names that all Prometheus clients give them.
pub(super) fn process(status: &Status, sheet: &mut Sheet<'_>) -> fmt::Result {
    sheet.gauge(
        &family("start_time", "Start of the process since the Unix epoch").seconds(),
        status.agent.started.0 as f64 / 1e9,
    )?;
    let Some(health) = &status.health else {
        return Ok(());
    };
    sheet.counter(
        &family("cpu", "User and system CPU time spent").seconds(),
        health.cpu_seconds,
    )?;
    sheet.gauge(
        &family("resident_memory", "Resident memory size").bytes(),
        health.memory_bytes,
    )
}
