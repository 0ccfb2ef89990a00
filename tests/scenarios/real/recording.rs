//! The flow samples of a recording.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::{Context as _, Result};
use edgeghost::event;
use edgeghost::flow::FlowSample;
use edgeghost::path::Classifier;
use edgeghost::publish;
use flate2::bufread::MultiGzDecoder;

/// All of them, each on its path.
pub(super) fn samples(file: &Path) -> Result<Vec<FlowSample>> {
    let context = || format!("cannot read the recording {}", file.display());
    let classifier = Classifier::default();
    let reader = BufReader::new(File::open(file).with_context(context)?);
    let mut samples = Vec::new();
    for line in BufReader::new(MultiGzDecoder::new(reader)).lines() {
        let line = line.with_context(context)?;
        if !line.contains("\"flow_sample\"") {
            continue;
        }
        let sample: event::FlowSample = serde_json::from_str(&line).with_context(context)?;
        let mut sample = publish::recorded(&sample);
        sample.class = classifier.classify(sample.key.peer);
        sample.network = classifier.network(sample.key.peer, sample.class);
        samples.push(sample);
    }
    Ok(samples)
}
