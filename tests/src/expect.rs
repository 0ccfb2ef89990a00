//! Failures that show everything that was seen.

use std::fmt::Write as _;

use crate::event::Event;

/// `what`, followed by every event and the whole log of the agent.
pub fn report(what: &str, events: &[Event], stderr: &str) -> String {
    let mut text = String::from(what);
    // Writing to a string cannot fail.
    let _ = write!(text, "\n--- {} events seen ---", events.len());
    for event in events {
        let _ = write!(text, "\n{}", event.line);
    }
    let _ = write!(text, "\n--- standard error of the agent ---\n{stderr}---");
    text
}

/// What every run owes: `agent_start` first, `agent_stop` last, one run, one sequence without a
/// gap, and no more events lost than `agent_stop` owns up to. Returns what is not so.
pub fn stream_faults(events: &[Event]) -> Vec<String> {
    let mut faults = Vec::new();
    let name_of = |event: Option<&Event>| event.map_or("nothing", Event::name).to_owned();
    let (first, last) = (name_of(events.first()), name_of(events.last()));
    if first != "agent_start" {
        faults.push(format!("the first line is {first}, not agent_start"));
    }
    if last != "agent_stop" {
        faults.push(format!("the last line is {last}, not agent_stop"));
    }
    for pair in events.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        if after.text("event.run_id") != before.text("event.run_id") {
            faults.push(format!("the run changes at: {}", after.line));
        }
        if after.count("event.sequence") != before.count("event.sequence") + 1 {
            faults.push(format!(
                "sequence {} follows {}: {}",
                after.get("event.sequence"),
                before.get("event.sequence"),
                after.line
            ));
        }
    }
    if let Some(stop) = events.last().filter(|event| event.name() == "agent_stop") {
        let written = stop.count("agent.events");
        if written != events.len() as u64 {
            faults.push(format!(
                "agent_stop counts {written} events of {}",
                events.len()
            ));
        }
    }
    faults
}
