//! Looking a recommendation up in a stream of events.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{RunbookError, of};
use crate::event::Target;
use crate::remedy::runbook::{BadReport, Report, bad};
use crate::shown::shown;
use crate::unpack;

/// No line of ours is as long (16 KiB); one that is longer is not ours.
const LONGEST: usize = 1 << 20;

/// Incidents named where the one asked for is not there.
const NAMED: usize = 8;

/// A recommendation.
#[derive(Debug)]
pub(super) struct Found {
    /// What to do, as published.
    pub(super) action: String,
    /// The same in a sentence.
    pub(super) summary: String,
    /// What it is about.
    pub(super) report: Report,
    /// When the incident was closed, if it was later on.
    pub(super) closed: Option<String>,
}

/// What matters of a line.
#[derive(Deserialize)]
struct Line {
    event: Name,
    timestamp: Option<String>,
    host: Option<Name>,
    incident: Option<Incident>,
    remediation: Option<Advice>,
}

impl Line {
    /// Out of an event of either format.
    fn of(text: &str) -> Option<Self> {
        let line = serde_json::from_str(text);
        line.or_else(|_| serde_json::from_str(text).map(EcsLine::line))
            .ok()
    }
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

/// The same of a line in the Elastic Common Schema.
#[derive(Deserialize)]
struct EcsLine {
    #[serde(rename = "@timestamp")]
    timestamp: Option<String>,
    event: Action,
    host: Option<Name>,
    edgeghost: Ours,
}

#[derive(Deserialize)]
struct Action {
    action: String,
}

#[derive(Deserialize)]
struct Ours {
    incident: Option<Incident>,
    remediation: Option<Advice>,
}

impl EcsLine {
    fn line(self) -> Line {
        Line {
            event: Name {
                name: self.event.action,
            },
            timestamp: self.timestamp,
            host: self.host,
            incident: self.edgeghost.incident,
            remediation: self.edgeghost.remediation,
        }
    }
}

#[derive(Deserialize)]
struct Incident {
    id: String,
    state: Option<String>,
}

#[derive(Deserialize)]
struct Advice {
    action: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    target: Values,
}

#[derive(Default, Deserialize)]
struct Values {
    private_ip: Option<String>,
    public_ip: Option<String>,
    allocation_id: Option<String>,
    association_id: Option<String>,
    network_interface_id: Option<String>,
    instance_id: Option<String>,
    region: Option<String>,
}

/// The last recommendation in the files at `paths` (`-` for standard input), the oldest first, or
/// the last one of `incident`.
pub(super) fn recommendation(
    paths: &[PathBuf],
    incident: Option<&str>,
) -> Result<Found, RunbookError> {
    let mut search = Search::new(incident);
    for path in paths {
        let name = path.display().to_string();
        let open = |source| RunbookError::Open {
            path: name.clone(),
            source,
        };
        let input: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).map_err(open)?)
        };
        search
            .read(unpack::reader(input).map_err(open)?)
            .map_err(|problem| RunbookError::Line {
                path: name.clone(),
                line: search.line,
                problem: problem.to_string(),
            })?;
    }
    match search.found.take() {
        Some((line, advice)) => Ok(found(line, advice, search.closed)?),
        None => Err(RunbookError::None {
            path: names(paths),
            whose: of(incident),
            instead: search.instead(),
        }),
    }
}

/// The last file, and how many before it.
fn names(paths: &[PathBuf]) -> String {
    match paths {
        [] => "nothing".to_owned(),
        [path] => path.display().to_string(),
        [before @ .., path] => format!("{} (and {} before it)", path.display(), before.len()),
    }
}

struct Search<'a> {
    incident: Option<&'a str>,
    line: u64,
    /// Lines that were no event.
    strange: u64,
    /// What a single event laid out over many lines would be made of.
    text: String,
    found: Option<(Line, Advice)>,
    closed: Option<String>,
    /// Incidents with recommendations that are not the one asked for.
    others: Vec<String>,
}

impl<'a> Search<'a> {
    const fn new(incident: Option<&'a str>) -> Self {
        Self {
            incident,
            line: 0,
            strange: 0,
            text: String::new(),
            found: None,
            closed: None,
            others: Vec::new(),
        }
    }

    fn read(&mut self, mut reader: impl BufRead) -> io::Result<()> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            self.line += 1;
            match (&mut reader)
                .take(LONGEST as u64)
                .read_until(b'\n', &mut bytes)
            {
                Ok(0) => break,
                Ok(_) if bytes.len() == LONGEST => {
                    return Err(io::Error::other("the line is longer than any event"));
                }
                Ok(_) => self.take(&String::from_utf8_lossy(&bytes)),
                // The agent was killed while it wrote: what is whole is good.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error),
            }
        }
        // One event, laid out for reading by `jq` or a log viewer.
        if self.found.is_none()
            && let Some(line) = Line::of(&self.text)
        {
            self.strange = 0;
            self.consider(line);
        }
        Ok(())
    }

    fn take(&mut self, text: &str) {
        if let Some(line) = Line::of(text) {
            self.consider(line);
            return;
        }
        self.strange += u64::from(!text.trim().is_empty());
        if self.text.len() + text.len() <= LONGEST {
            self.text.push_str(text);
        }
    }

    fn consider(&mut self, mut line: Line) {
        let id = line.incident.as_ref().map(|incident| incident.id.as_str());
        let Some(advice) = line.remediation.take() else {
            let same = id.is_some() && id == self.found_id();
            let state = line.incident.as_ref().and_then(|i| i.state.as_deref());
            if same && line.event.name == "incident" && state == Some("closed") {
                self.closed = line.timestamp;
            }
            return;
        };
        if self.incident.is_none() || self.incident == id {
            self.found = Some((line, advice));
            self.closed = None;
        } else if let Some(id) = id
            && self.others.len() < NAMED
            && self.others.iter().all(|other| other != id)
        {
            self.others.push(id.to_owned());
        }
    }

    fn found_id(&self) -> Option<&str> {
        let (line, _) = self.found.as_ref()?;
        line.incident.as_ref().map(|incident| incident.id.as_str())
    }

    /// What was there instead of a recommendation.
    fn instead(&self) -> String {
        if !self.others.is_empty() {
            let others: Vec<_> = self.others.iter().map(|id| shown(id)).collect();
            return format!("it has those of {}", others.join(", "));
        }
        match (self.line.saturating_sub(1), self.strange) {
            (0, _) => "it is empty".to_owned(),
            (lines, strange) if strange > 0 => {
                format!("{strange} of its {lines} lines are no events of edgeghost")
            }
            (lines, _) => format!("it has {lines} other events"),
        }
    }
}

fn found(line: Line, advice: Advice, closed: Option<String>) -> Result<Found, BadReport> {
    let Values {
        private_ip,
        public_ip,
        allocation_id,
        association_id,
        network_interface_id,
        instance_id,
        region,
    } = advice.target;
    Ok(Found {
        action: advice.action,
        summary: advice.summary,
        closed,
        report: Report {
            incident: line.incident.map(|incident| incident.id),
            time: line.timestamp.and_then(|text| text.parse().ok()),
            host: line.host.map(|host| host.name),
            target: Target {
                private_ip: address("remediation.target.private_ip", private_ip)?,
                public_ip: address("remediation.target.public_ip", public_ip)?,
                allocation_id,
                association_id,
                network_interface_id,
                instance_id,
                region,
                ..Target::default()
            },
        },
    })
}

fn address(field: &'static str, value: Option<String>) -> Result<Option<IpAddr>, BadReport> {
    value
        .map(|text| text.parse().map_err(|_| bad(field, &text, "an IP address")))
        .transpose()
}

#[cfg(test)]
mod tests;
