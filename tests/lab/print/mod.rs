//! What the lab shows: readable without colours, on standard output, or on standard error when
//! standard output belongs to the events.

mod advice;
mod diagnosis;
mod table;

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use edgeghost_tests::event::Event;
use edgeghost_tests::moto::Ids;

use crate::options::Options;
use crate::phase::Phase;
use crate::stage::{CLIENTS, ELASTIC_IP, JUMP, Stage, WEB3};
use crate::summary::Summary;
use crate::watch::{Look, News};

/// Column in which text of an event begins.
const INDENT: usize = 18;

/// Width of the text.
const WIDTH: usize = 110;

/// Shows the story.
pub(crate) struct Printer {
    json: bool,
    broken: AtomicBool,
}

impl Printer {
    pub(crate) const fn new(json: bool) -> Self {
        Self {
            json,
            broken: AtomicBool::new(false),
        }
    }

    /// A line for people.
    pub(crate) fn say(&self, line: &str) {
        let written = if self.json {
            writeln!(std::io::stderr(), "{line}")
        } else {
            writeln!(std::io::stdout(), "{line}")
        };
        self.note(&written);
    }

    /// A line for people about why nothing happens.
    pub(crate) fn complain(&self, line: &str) {
        self.note(&writeln!(std::io::stderr(), "{line}"));
    }

    /// A line for machines.
    fn emit(&self, line: &str) {
        if self.json {
            self.note(&writeln!(std::io::stdout(), "{line}"));
        }
    }

    fn note(&self, written: &std::io::Result<()>) {
        if written.is_err() {
            self.broken.store(true, Ordering::Relaxed);
        }
    }

    /// An error once nobody reads any more.
    pub(crate) fn check(&self) -> Result<()> {
        if self.broken.load(Ordering::Relaxed) {
            bail!("nobody reads the output any more");
        }
        Ok(())
    }

    /// An event as it came.
    pub(crate) fn raw(&self, event: &Event) {
        self.emit(&event.line);
    }

    pub(crate) fn opening(&self, options: &Options) {
        let clients = if options.lone {
            &CLIENTS[..1]
        } else {
            &CLIENTS
        };
        let names: Vec<String> = clients.iter().map(ToString::to_string).collect();
        self.say(
            "edgeghost lab: the collapse of a public path, in network namespaces on this machine",
        );
        self.say(&format!(
            "  web3      {WEB3}, Elastic IP {ELASTIC_IP} mapped 1:1 by the gateway"
        ));
        self.say(&format!(
            "  private   jump host {JUMP}, through the same gateway"
        ));
        self.say(&format!(
            "  public    {} on {} network(s)",
            names.join(", "),
            clients.len()
        ));
        self.say(if options.lone {
            "  traffic   one SSH-like session on each path; witnesses may be asked at the other \
             addresses outside"
        } else {
            "  traffic   SSH-like, HTTP-like and bulk on both paths, congestion control cubic"
        });
        let limit = options.limit().as_secs();
        self.say(&format!(
            "  limits    {limit} s for any one phase; Ctrl-C takes everything down"
        ));
    }

    pub(crate) fn started(&self, event: &Event) {
        let probes: Vec<String> = event
            .list("agent.probes")
            .iter()
            .map(|probe| {
                let text = |key: &str| probe[key].as_str().unwrap_or("?").to_owned();
                format!("{} {}", text("name"), text("state"))
            })
            .collect();
        self.say(&format!("  agent     {}", event.text("message")));
        self.say(&format!("            {}", probes.join(", ")));
    }

    pub(crate) fn cloud(&self, ids: &Ids) {
        self.say(&format!(
            "  EC2       a double: instance {}, {}, {} by {}",
            ids.instance, ids.interface, ids.allocation, ids.association
        ));
    }

    /// A line of somebody else's.
    pub(crate) fn said(&self, line: &str) {
        self.say(&format!("{:INDENT$}| {line}", ""));
    }

    pub(crate) fn phase(&self, phase: Phase, what: &str, at: Duration) {
        self.say("");
        self.say(&format!(
            "{} PHASE {} {}: {what}",
            clock(at),
            phase.number(),
            phase.name().to_uppercase()
        ));
    }

    /// Something that the agent has said.
    pub(crate) fn news(&self, news: &News, event: &Event, phase: Phase, at: Duration) {
        match news {
            News::Paths([public, private]) => self.say(&format!(
                "{} {:<8}  public {}  |  private {}",
                clock(at),
                phase.name(),
                half(public.as_ref()),
                half(private.as_ref()),
            )),
            News::Verdict => self.verdict(event, at),
            News::Incident => self.incident(event, at),
            News::Recommendation => self.recommendation(event, at),
        }
    }

    pub(crate) fn kept(&self, stage: &Stage) {
        self.say("");
        self.say("The namespaces stay (--keep). Enter one:");
        for netns in stage.namespaces() {
            self.say(&format!("  sudo ip netns exec {} bash", netns.name()));
        }
        self.say("Remove them:");
        for netns in stage.namespaces() {
            self.say(&format!("  sudo ip netns del {}", netns.name()));
        }
    }

    pub(crate) fn summary(&self, summary: &Summary) {
        for line in table::lines(summary) {
            self.say(&line);
        }
        self.emit(&summary.to_json().to_string());
    }

    /// A run that did not get as far as a summary.
    pub(crate) fn failure(&self, reason: &str) {
        self.say(&format!("FAILED: {reason}"));
        self.emit(&serde_json::json!({ "lab": { "passed": false, "reason": reason } }).to_string());
    }

    /// Text below the line of an event.
    fn below(&self, label: &str, text: &str) {
        let label = if label.is_empty() {
            String::new()
        } else {
            format!("{label}: ")
        };
        for line in wrapped(&format!("{label}{text}")) {
            self.say(&format!("{:INDENT$}{line}", ""));
        }
    }
}

/// Seconds since the start, in a column of their own.
fn clock(at: Duration) -> String {
    format!("{:>5.1} s", at.as_secs_f64())
}

/// One path in one line.
fn half(look: Option<&Look>) -> String {
    let Some(look) = look else {
        return format!("{:<43}", "silent");
    };
    let cwnd = |cwnd: Option<u64>| cwnd.map_or("-".to_owned(), |cwnd| cwnd.to_string());
    format!(
        "cwnd {:>3} (min {:>3}) {:>4} retransmits {:>7}",
        cwnd(look.cwnd_p50),
        cwnd(look.cwnd_min),
        look.retransmitted,
        percent(look.ratio()),
    )
}

/// A ratio as it is shown.
fn percent(ratio: Option<f64>) -> String {
    ratio.map_or("-".to_owned(), |ratio| format!("{:.1} %", ratio * 100.0))
}

/// Breaks text into lines at blanks; a word longer than a line stays whole, to be copied.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].len() + word.len() >= WIDTH - INDENT {
            lines.push(format!("  {word}"));
        } else {
            if !lines[last].is_empty() {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines
}
