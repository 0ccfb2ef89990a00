//! The story: healthy, collapse, fix, recovery; or, for what only looks like a collapse, no fix.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use edgeghost_tests::agent::{Agent, Ended, Launch};
use edgeghost_tests::{expect, interrupt, service, turn, wait};
use rustix::process::Signal;

use crate::case::Case;
use crate::cloud::{Cloud, Mapping};
use crate::diagnosis::Diagnosis;
use crate::options::Options;
use crate::phase::Phase;
use crate::print::Printer;
use crate::runbook::Runbook;
use crate::stage::{ELASTIC_IP, Stage, WEB3};
use crate::summary::Summary;
use crate::traffic::Traffic;
use crate::watch::Watch;

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

/// The agent, as its own user if that is asked for.
fn launch(options: &Options) -> Result<Launch> {
    let launch = Launch::new()
        .config(options.config())
        .record(options.record.clone());
    Ok(if options.unprivileged {
        launch.through(&service::words()?)
    } else {
        launch
    })
}

/// How long the address is on nothing when the lab itself takes the step.
const BY_HAND: Duration = Duration::from_secs(2);

/// Who tells it.
struct Teller<'a> {
    options: &'a Options,
    printer: &'a Printer,
    cloud: Cloud,
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
        let cloud = Cloud::start(stage, options.by_hand)?;
        printer.cloud(cloud.ids());
        let agent = launch(options)?.inside(&stage.web3).start()?;
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
            cloud,
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
        if self.options.case != Case::Collapse {
            return self.lookalike(stage);
        }
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
        self.enter(Phase::Collapse, &Case::Collapse.told(loss));
        stage.begin_loss(Case::Collapse, loss)?;
        self.until("a recommendation", |watch| {
            watch.marks.collapse.is_some() && watch.marks.recommendation.is_some()
        })?;
        let (evidence, sockets) = (self.watch.evidence.as_ref(), self.watch.sockets.as_ref());
        let diagnosis = Diagnosis::of(evidence, sockets);
        self.printer.diagnosis(&diagnosis);
        let fault = diagnosis.fault();
        self.summary.diagnosis = Some(diagnosis);
        fault.map_or(Ok(()), |fault| bail!("{fault}"))
    }

    /// The verdict must come, and no advice, for longer than advice on a collapse takes.
    fn lookalike(&mut self, stage: &mut Stage) -> Result<()> {
        let (case, loss) = (self.options.case, self.options.loss);
        self.enter(Phase::Collapse, &case.told(loss));
        self.watch.advice_is_wrong = true;
        stage.begin_loss(case, loss)?;
        let least = Instant::now() + self.options.advice_by();
        self.until(&format!("the verdict `{}`", case.verdict()), |watch| {
            watch.verdicts.contains(case.verdict()) && Instant::now() >= least
        })?;
        self.summary.packets_lost = stage.end_loss()?;
        Ok(())
    }

    /// The gateway does what EC2 says of the address, and EC2 what the runbook says: nothing else
    /// heals the path.
    fn fix(&mut self, stage: &mut Stage) -> Result<()> {
        if self.options.by_hand {
            return self.fix_by_hand(stage);
        }
        let advice = self.watch.advice.clone().context("no recommendation")?;
        self.enter(
            Phase::Fix,
            "`edgeghost runbook` prints the recommended step, and bash runs it, off the host",
        );
        let mut runbook = Runbook::start(&advice, &self.cloud)?;
        let end = Instant::now() + self.options.limit();
        let mut renewed = false;
        let status = loop {
            renewed |= self.follow(stage)?;
            self.pump()?;
            let status = runbook.ended()?;
            for line in runbook.lines()? {
                self.printer.said(&line);
            }
            if let Some(status) = status {
                break status;
            }
            if Instant::now() >= end {
                bail!("the runbook did not end");
            }
            std::thread::sleep(wait::STEP);
        };
        if !status.success() {
            bail!("the runbook ended with {status}");
        }
        while !renewed {
            if Instant::now() >= end {
                bail!("the runbook ended well, and EC2 knows of no new association");
            }
            renewed |= self.follow(stage)?;
            self.pump()?;
            std::thread::sleep(wait::STEP);
        }
        Ok(())
    }

    /// Makes the gateway's mapping what EC2 says. The fault is the old mapping's: with a new one
    /// it is gone.
    fn follow(&mut self, stage: &mut Stage) -> Result<bool> {
        match self.cloud.news()? {
            None => Ok(false),
            Some(mapping) => {
                self.remap(stage, mapping)?;
                Ok(mapping == Mapping::Renewed)
            }
        }
    }

    /// Does with the gateway what was done with the address.
    fn remap(&mut self, stage: &mut Stage, mapping: Mapping) -> Result<()> {
        match mapping {
            Mapping::Gone => {
                stage.disassociate()?;
                self.printer
                    .said(&format!("[gateway] {ELASTIC_IP} is mapped to nothing"));
            }
            Mapping::Renewed => {
                self.summary.packets_lost = stage.end_loss()?;
                stage.associate()?;
                self.enter(
                    Phase::Recovery,
                    &format!("EC2 has {ELASTIC_IP} on {WEB3} by a new association"),
                );
            }
        }
        Ok(())
    }

    /// The recommended step without anybody who could be asked for it.
    fn fix_by_hand(&mut self, stage: &mut Stage) -> Result<()> {
        self.enter(Phase::Fix, "the lab itself takes the recommended step");
        self.cloud.tell(Mapping::Gone);
        self.remap(stage, Mapping::Gone)?;
        let back = Instant::now() + BY_HAND;
        while Instant::now() < back {
            self.pump()?;
            std::thread::sleep(wait::STEP);
        }
        self.cloud.tell(Mapping::Renewed);
        self.remap(stage, Mapping::Renewed)
    }

    fn recovery(&mut self) -> Result<()> {
        self.until("the end of the incident", |watch| {
            watch.marks.closed.is_some()
        })?;
        if self.watch.marks.recovered.is_none() {
            bail!("the incident was closed without the outcome `recovered`");
        }
        match self.cloud.complaints().as_slice() {
            [] => Ok(()),
            complaints => bail!("the metadata was asked wrongly: {}", complaints.join("; ")),
        }
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
