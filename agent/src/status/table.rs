//! A status as a table for people.

use std::fmt::{self, Write as _};

use serde::Deserialize;

use crate::event::Time;

/// Of a status what the table shows. A daemon of another version may tell more or less.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct View {
    timestamp: String,
    agent: Agent,
    context: Context,
    incidents: Vec<Incident>,
    recommendations: Vec<Advice>,
    addresses: Vec<Judged>,
    addresses_left_out: u64,
    health: Health,
    sinks: Vec<Sink>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Agent {
    version: String,
    pid: u32,
    host_name: String,
    started: String,
    config_file: Option<String>,
    recording: Option<String>,
    probes: Vec<Probe>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Probe {
    name: String,
    state: String,
    reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Context {
    instance_id: Option<String>,
    region: Option<String>,
    addresses: Vec<Mapping>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Mapping {
    address: String,
    public_ip: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Incident {
    id: String,
    address: String,
    verdict: String,
    onset: String,
    confidence: f64,
    message: String,
    advice: Option<Advice>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Advice {
    timestamp: String,
    address: String,
    action: String,
    confidence: f64,
    summary: String,
    runbook: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Judged {
    address: String,
    public_ip: Option<String>,
    verdict: Option<Verdict>,
    paths: Vec<Path>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Verdict {
    name: String,
    confidence: f64,
    since: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Path {
    class: String,
    window_seconds: f64,
    flows: u64,
    peers: u64,
    segments_retransmitted: u64,
    retransmit_ratio: Option<f64>,
    snd_cwnd: Option<Quantiles>,
    srtt_us: Option<Quantiles>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Quantiles {
    p50: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Health {
    uptime_seconds: f64,
    lost: Vec<Lost>,
    report_interval_seconds: f64,
    cpu_seconds: f64,
    memory_bytes: u64,
    flow_table: Fill,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Lost {
    reason: String,
    total: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fill {
    used: u64,
    capacity: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sink {
    name: String,
    works: Option<bool>,
    error: Option<String>,
    failing_seconds: f64,
    queued: u64,
    capacity: u64,
    spooled: u64,
    lost: std::collections::BTreeMap<String, u64>,
}

impl View {
    /// How old it is, seconds.
    pub(super) fn age_s(&self) -> f64 {
        age_s(&self.timestamp)
    }

    /// Whether an incident is open.
    pub(super) fn has_incident(&self) -> bool {
        !self.incidents.is_empty()
    }
}

/// A status as text, with nothing in it that a terminal would obey.
pub(super) fn table(view: &View) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(view, &mut text);
    text.replace(|c: char| c.is_control() && c != '\n', "?")
}

fn write_all(view: &View, out: &mut String) -> fmt::Result {
    let agent = &view.agent;
    let context = &view.context;
    let instance = context.instance_id.as_deref().unwrap_or("not known");
    let region = context.region.as_deref().unwrap_or("not known");
    writeln!(
        out,
        "edgeghost {} on {} (instance {instance}, region {region}), process {}, up {}",
        agent.version,
        agent.host_name,
        agent.pid,
        span(age_s(&agent.started)),
    )?;
    let config = agent.config_file.as_deref().unwrap_or("all default");
    writeln!(out, "configuration: {config}")?;
    incidents(view, out)?;
    addresses(view, out)?;
    recommendations(view, out)?;
    health(view, out)
}

fn incidents(view: &View, out: &mut String) -> fmt::Result {
    if view.incidents.is_empty() {
        return writeln!(out, "\nno incident is open");
    }
    for incident in &view.incidents {
        writeln!(
            out,
            "\nINCIDENT {} on {}: {} for {}, the public path is at fault with {:.1} %",
            incident.id,
            incident.address,
            incident.verdict,
            span(age_s(&incident.onset)),
            incident.confidence * 100.0,
        )?;
        writeln!(out, "  {}", incident.message)?;
        match &incident.advice {
            Some(advice) => {
                writeln!(out, "  do    {}", advice.summary)?;
                if let Some(runbook) = &advice.runbook {
                    writeln!(out, "  run   {runbook}  (not on this host)")?;
                }
            }
            None => writeln!(
                out,
                "  do    nothing yet: advice comes once the collapse is confirmed"
            )?,
        }
    }
    Ok(())
}

fn addresses(view: &View, out: &mut String) -> fmt::Result {
    if view.addresses.is_empty() {
        writeln!(out, "\nno traffic was judged yet")?;
    } else {
        writeln!(
            out,
            "\n{:<22}{:<17}{:<27}{:>6}  {:<14}path     flows peers  retransmitted  cwnd   srtt",
            "ADDRESS", "PUBLIC", "VERDICT", "SURE", "SINCE"
        )?;
    }
    for address in &view.addresses {
        let (verdict, sure, since) = match &address.verdict {
            Some(verdict) => (
                verdict.name.as_str(),
                format!("{:.0} %", verdict.confidence * 100.0),
                span(age_s(&verdict.since)),
            ),
            None => ("not judged yet", String::new(), String::new()),
        };
        let public = address.public_ip.as_deref().unwrap_or("-");
        write!(
            out,
            "{:<22}{public:<17}{verdict:<27}{sure:>6}  {since:<14}",
            address.address
        )?;
        let mut indent = 0;
        for path in &address.paths {
            let cwnd = path.snd_cwnd.as_ref();
            let srtt = path.srtt_us.as_ref();
            writeln!(
                out,
                "{:indent$}{:<8}{:>6}{:>6}{:>15}{:>6}{:>7}",
                "",
                path.class,
                path.flows,
                path.peers,
                share(path),
                cwnd.map_or_else(|| "-".to_owned(), |cwnd| cwnd.p50.to_string()),
                srtt.map_or_else(|| "-".to_owned(), |srtt| millis(srtt.p50)),
            )?;
            indent = BEFORE_PATHS;
        }
        if address.paths.is_empty() {
            writeln!(out, "silent")?;
        }
    }
    if view.addresses_left_out > 0 {
        writeln!(out, "and {} more", view.addresses_left_out)?;
    }
    let window = view
        .addresses
        .iter()
        .flat_map(|address| &address.paths)
        .next();
    if let Some(path) = window {
        writeln!(out, "paths over the last {:.0} s", path.window_seconds)?;
    }
    unheard(view, out)
}

/// Width of the columns before the paths.
const BEFORE_PATHS: usize = 88;

/// Public addresses that no traffic was seen on.
fn unheard(view: &View, out: &mut String) -> fmt::Result {
    for mapping in &view.context.addresses {
        let known = view
            .addresses
            .iter()
            .any(|address| address.address == mapping.address);
        if let (Some(public), false) = (&mapping.public_ip, known) {
            writeln!(
                out,
                "{:<22}{public:<17}no traffic was seen on it",
                mapping.address
            )?;
        }
    }
    Ok(())
}

fn recommendations(view: &View, out: &mut String) -> fmt::Result {
    if view.recommendations.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nrecommendations of this run, the newest first")?;
    for advice in view.recommendations.iter().take(5) {
        writeln!(
            out,
            "  {} ago on {}: {} ({:.0} %): {}",
            span(age_s(&advice.timestamp)),
            advice.address,
            advice.action,
            advice.confidence * 100.0,
            advice.summary,
        )?;
    }
    Ok(())
}

fn health(view: &View, out: &mut String) -> fmt::Result {
    let health = &view.health;
    let probes = &view.agent.probes;
    let attached = probes.iter().filter(|probe| probe.state == "attached");
    writeln!(
        out,
        "\nprobes   {} of {} attached",
        attached.count(),
        probes.len()
    )?;
    for probe in probes.iter().filter(|probe| probe.state != "attached") {
        let reason = probe.reason.as_deref().unwrap_or_default();
        let reason = reason.lines().next().unwrap_or_default();
        writeln!(out, "         {} {}: {reason}", probe.name, probe.state)?;
    }
    writeln!(
        out,
        "cost     {:.2} % of one CPU, {:.1} MiB of memory, {} of {} flows, reports every {:.1} s",
        100.0 * health.cpu_seconds / health.uptime_seconds.max(1.0),
        health.memory_bytes as f64 / 1024.0 / 1024.0,
        health.flow_table.used,
        health.flow_table.capacity,
        health.report_interval_seconds,
    )?;
    if health.lost.is_empty() {
        writeln!(out, "lost     nothing")?;
    }
    for lost in &health.lost {
        writeln!(out, "lost     {} {}", lost.total, lost.reason)?;
    }
    for sink in &view.sinks {
        let lost: u64 = sink.lost.values().sum();
        write!(
            out,
            "sink     {}: {} of {} lines wait, {lost} lost",
            sink.name, sink.queued, sink.capacity
        )?;
        if sink.spooled > 0 {
            write!(out, ", {} alerts kept on disk", sink.spooled)?;
        }
        match (sink.works, &sink.error) {
            (Some(false), Some(error)) => {
                writeln!(out, "; FAILS for {}: {error}", span(sink.failing_seconds))?;
            }
            (Some(false), None) => writeln!(out, "; CLOSED, it takes nothing any more")?,
            _ => writeln!(out)?,
        }
    }
    if let Some(recording) = &view.agent.recording {
        writeln!(out, "records  to {recording}")?;
    }
    Ok(())
}

fn share(path: &Path) -> String {
    let Some(ratio) = path.retransmit_ratio else {
        return "-".to_owned();
    };
    format!("{} ({:.1} %)", path.segments_retransmitted, ratio * 100.0)
}

fn millis(us: u32) -> String {
    format!("{:.1}ms", f64::from(us) / 1e3)
}

/// Seconds since a time as it is published.
fn age_s(time: &str) -> f64 {
    time.parse::<Time>()
        .map_or(0.0, |time| (Time::now().0 - time.0) as f64 / 1e9)
        .max(0.0)
}

/// A span of time in two units.
fn span(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; too long a time is shown as the longest"
    )]
    let seconds = seconds as u64;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
