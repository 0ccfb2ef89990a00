//! From the onset of a fault to the verdict and to the advice: real TCP, the real daemon, a wire
//! with delay, each case a host of its own with its peers, all at once under one daemon.

mod stage;

use std::time::{Duration, Instant};

use anyhow::Result;
use edgeghost_tests::agent::{Agent, Launch};
use edgeghost_tests::interrupt;

use crate::figure::Figure;
use crate::process::wait;
use crate::report::Report;
use crate::suite::Effort;
use stage::Stage;

/// All is well for so long first: the daemon has to know what is normal.
const CALM_S: u64 = 60;
/// What has not been said so long after the onset counts as not said.
const PATIENCE: Duration = Duration::from_mins(2);
const LOOK: Duration = Duration::from_millis(200);

/// Percent of public packets lost, each way; 100 is a black hole.
const LOSSES: [u32; 4] = [27, 14, 5, 100];
/// Public flows, each to another network.
const FLOWS: [u8; 3] = [1, 10, 100];

/// What was said of a case, seconds after the onset.
#[derive(Default)]
struct Said {
    verdict: Option<f64>,
    advice: Option<f64>,
}

/// Measures.
pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<()> {
    let losses = effort.of(&LOSSES[..1], &LOSSES[..]);
    let flows = effort.of(&FLOWS[1..2], &FLOWS[..]);
    let mut stages = Vec::new();
    for loss in losses {
        for flows in flows {
            interrupt::check()?;
            let number = u8::try_from(stages.len())?;
            stages.push(Stage::build(number, *loss, *flows)?);
        }
    }
    let mut agent = Launch::new().start()?;
    for stage in &mut stages {
        stage.begin()?;
    }
    wait(Duration::from_secs(CALM_S))?;
    let onset = Instant::now();
    stages.iter().for_each(Stage::break_down);
    let said = watch(&mut agent, &stages, onset)?;
    for (stage, said) in stages.iter().zip(said) {
        tell(stage, &said, report);
    }
    Ok(())
}

/// Until all has been said of all, or patience ends.
fn watch(agent: &mut Agent, stages: &[Stage], onset: Instant) -> Result<Vec<Said>> {
    let mut said: Vec<Said> = stages.iter().map(|_| Said::default()).collect();
    let mut seen = 0;
    while onset.elapsed() < PATIENCE && said.iter().any(|said| said.advice.is_none()) {
        wait(LOOK)?;
        agent.check_alive()?;
        let news = agent.events_from(seen);
        seen += news.len();
        for event in &news {
            let at = event.at.saturating_duration_since(onset).as_secs_f64();
            for (stage, said) in stages.iter().zip(&mut said) {
                let judged = event.is_about("verdict", stage.local())
                    && event.text("verdict.name") == "public_only_collapse";
                if judged {
                    said.verdict.get_or_insert(at);
                }
                if event.is_advice() && event.is_about("recommendation", stage.local()) {
                    said.advice.get_or_insert(at);
                }
            }
        }
    }
    Ok(said)
}

fn tell(stage: &Stage, said: &Said, report: &mut Report) {
    let case = stage.case();
    let name = stage.name();
    for (what, at) in [("verdict", said.verdict), ("advice", said.advice)] {
        let text = format!("{name}: onset to {what}");
        match at {
            Some(at) => {
                let id = format!("detection.{case}.{what}_s");
                report.figure(Figure::new(id, text, "s", vec![at]));
            }
            None => report.without(text, format!("none in {} s", PATIENCE.as_secs())),
        }
    }
}
