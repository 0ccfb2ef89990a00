//! The story: healthy, collapse, fix, recovery.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use edgeghost_tests::agent::{Agent, Ended, Launch};
use edgeghost_tests::{expect, interrupt, turn, wait};
use rustix::process::Signal;

use crate::options::Options;
use crate::phase::Phase;
use crate::print::Printer;
use crate::stage::{ELASTIC_IP, Stage, WEB3};
use crate::summary::Summary;
use crate::traffic::Traffic;
use crate::watch::Watch;

/// How long the Elastic IP is without a mapping while it is associated again.
const UNMAPPED: Duration = Duration::from_secs(2);

/// Builds the stage, tells the story and takes the stage down, whatever happens in between.
pub(crate) fn tell(options: &Options, printer: &Printer) -> Result<Summary> {
    let _turn = turn::take(|text| printer.say(text))?;
    printer.opening(options);
    let mut stage = Stage::build().context("cannot build the network")?;
    let told = Teller::start(options, printer, &stage).map(|mut teller| {
        let outcome = teller.acts(&mut stage);
        teller.end(outcome)
    });
    if options.keep {
        printer.kept(&stage);
        stage.keep();
        return told;
    }
    let left_behind = stage.remove();
    let mut summary = told?;
    summary.fail_if(
        !left_behind.is_empty(),
        &format!("not cleaned up: {}", left_behind.join("; ")),
    );
    Ok(summary)
}

/// Who tells it.
struct Teller<'a> {
    options: &'a Options,
    printer: &'a Printer,
    traffic: Traffic,
    agent: Agent,
    /// Events taken in.
    taken: usize,
    phase: Phase,
    watch: Watch,
    summary: Summary,
}

impl<'a> Teller<'a> {
    fn start(options: &'a Options, printer: &'a Printer, stage: &Stage) -> Result<Self> {
        let agent = Launch::new()
            .inside(&stage.web3)
            .config(options.config())
            .record(options.record.clone())
            .start()?;
        printer.started(agent.started()?);
        let traffic = if options.lone {
            Traffic::start_lone(stage)
        } else {
            Traffic::start(stage)
        };
        let traffic = traffic.context("cannot start the traffic")?;
        let summary = Summary::new(options);
        Ok(Self {
            options,
            printer,
            traffic,
            agent,
            taken: 0,
            phase: Phase::Healthy,
            watch: Watch::default(),
            summary,
        })
    }

    fn acts(&mut self, stage: &mut Stage) -> Result<()> {
        self.healthy()?;
        self.collapse(stage)?;
        self.fix(stage)?;
        self.recovery()
    }

    fn healthy(&mut self) -> Result<()> {
        self.enter(Phase::Healthy, "both paths are clean");
        let least = Instant::now() + self.options.healthy_least();
        self.until("the verdict `healthy`", |watch| {
            watch.marks.healthy.is_some() && Instant::now() >= least
        })
    }

    fn collapse(&mut self, stage: &mut Stage) -> Result<()> {
        let loss = self.options.loss;
        // First the time, then the loss: what is measured shall not come out too short.
        self.enter(
            Phase::Collapse,
            &format!(
                "the gateway loses {loss} % of the public packets each way; private untouched"
            ),
        );
        stage.begin_loss(loss)?;
        self.until("a recommendation", |watch| {
            watch.marks.collapse.is_some() && watch.marks.recommendation.is_some()
        })
    }

    fn fix(&mut self, stage: &mut Stage) -> Result<()> {
        stage.disassociate()?;
        self.enter(
            Phase::Fix,
            &format!("the step is taken: {ELASTIC_IP} is disassociated"),
        );
        self.watch_for(UNMAPPED)?;
        self.summary.packets_lost = stage.end_loss()?;
        stage.associate()
    }

    fn recovery(&mut self) -> Result<()> {
        self.enter(
            Phase::Recovery,
            &format!("{ELASTIC_IP} is associated with {WEB3} again, on a clean path"),
        );
        self.until("the end of the incident", |watch| {
            watch.marks.closed.is_some()
        })
    }

    fn enter(&mut self, phase: Phase, what: &str) {
        self.phase = phase;
        let at = Instant::now();
        self.summary.enter(phase, at);
        self.printer
            .phase(phase, what, self.summary.since_start(at));
    }

    /// Waits, showing what comes, until `done`.
    fn until(&mut self, what: &str, done: impl Fn(&Watch) -> bool) -> Result<()> {
        let end = Instant::now() + self.options.limit();
        while !done(&self.watch) {
            if Instant::now() >= end {
                let (limit, verdict) = (self.options.limit().as_secs(), &self.watch.last_verdict);
                bail!("{what} did not come within {limit} s; the last verdict was `{verdict}`");
            }
            self.pump()?;
            std::thread::sleep(wait::STEP);
        }
        Ok(())
    }

    /// Shows what comes for a while.
    fn watch_for(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.pump()?;
            std::thread::sleep(wait::STEP);
        }
        Ok(())
    }

    /// Takes in what the agent has written.
    fn pump(&mut self) -> Result<()> {
        interrupt::check()?;
        self.printer.check()?;
        let events = self.agent.events_from(self.taken);
        self.taken += events.len();
        for event in &events {
            self.printer.raw(event);
            if let Some(news) = self.watch.take(event, self.phase) {
                let at = self.summary.since_start(event.at);
                self.printer.news(&news, event, self.phase, at);
            }
        }
        if let Some(wrong) = &self.watch.wrong {
            bail!("{wrong}");
        }
        self.agent.check_alive()
    }

    /// Stops the agent, then the traffic, and draws the sum.
    fn end(mut self, outcome: Result<()>) -> Summary {
        self.summary.end();
        let stopped = self.agent.stop(Signal::TERM).map(|ended| {
            for event in ended.events.get(self.taken..).unwrap_or_default() {
                self.printer.raw(event);
            }
            stream_faults(&ended)
        });
        drop(self.traffic);
        self.summary.conclude(&self.watch);
        // The first failure is the one to tell: the others follow from it.
        if let Err(error) = outcome {
            self.summary.fail_if(true, &format!("{error:#}"));
        }
        match stopped {
            Ok(None) => {}
            Ok(Some(faults)) => self.summary.fail_if(true, &faults),
            Err(error) => self.summary.fail_if(true, &format!("{error:#}")),
        }
        self.summary
    }
}

/// What is wrong with the agent's stream or its end.
fn stream_faults(ended: &Ended) -> Option<String> {
    let mut faults = ended.invalid.clone();
    faults.extend(expect::stream_faults(&ended.events));
    if !ended.status.success() {
        faults.push(format!(
            "the agent ended with {}: {}",
            ended.status,
            ended.stderr.trim()
        ));
    }
    (!faults.is_empty()).then(|| faults.join("\n"))
}
