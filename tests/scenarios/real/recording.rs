//! What is in a recording, and what the detector says of it today.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use edgeghost::event::{self, Time};
use edgeghost::flow::FlowSample;
use edgeghost::path::Classifier;
use edgeghost::sink::Format;
use edgeghost::{publish, replay};
use edgeghost_tests::event::Event;
use flate2::bufread::MultiGzDecoder;

use super::judge::Judge;

/// The flow samples of a recording, each on its path.
pub(super) struct Recording {
    pub(super) samples: Vec<FlowSample>,
    /// What the wall clock is ahead of the samples' clock, seconds.
    ahead: f64,
}

impl Recording {
    pub(super) fn read(file: &Path) -> Result<Self> {
        let context = || format!("cannot read the recording {}", file.display());
        let classifier = Classifier::default();
        let reader = BufReader::new(File::open(file).with_context(context)?);
        let mut recording = Self {
            samples: Vec::new(),
            ahead: 0.0,
        };
        for line in BufReader::new(MultiGzDecoder::new(reader)).lines() {
            let line = line.with_context(context)?;
            if !line.contains("\"flow_sample\"") {
                continue;
            }
            let sample: event::FlowSample = serde_json::from_str(&line).with_context(context)?;
            let mut sample = publish::recorded(&sample);
            sample.class = classifier.classify(sample.key.peer);
            sample.network = classifier.network(sample.key.peer, sample.class);
            if recording.samples.is_empty() {
                let head = Event::new(line, Instant::now());
                recording.ahead = wall(head.text("timestamp"))? - sample.time_ns as f64 / 1e9;
            }
            recording.samples.push(sample);
        }
        Ok(recording)
    }

    /// Has it judged anew; `start` is moment 0 of the scenarios on the samples' clock, seconds.
    pub(super) fn judge(&self, file: &Path, start: f64, judges: &mut [Judge]) -> Result<()> {
        let mut told = Vec::new();
        replay::run(None, file, false, Format::Otel, &mut told)?;
        for line in String::from_utf8(told)?.lines() {
            let event = Event::new(line.to_owned(), Instant::now());
            let at = wall(event.text("timestamp"))? - self.ahead - start;
            for judge in &mut *judges {
                judge.take(&event, at);
            }
        }
        Ok(())
    }
}

/// Seconds since the epoch.
fn wall(timestamp: &str) -> Result<f64> {
    let time: Time = timestamp
        .parse()
        .map_err(|error| anyhow!("{timestamp}: {error}"))?;
    Ok(time.0 as f64 / 1e9)
}
