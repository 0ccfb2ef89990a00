//! A run as a recording, as `edgeghost run --record` would write it, and what is told of it
//! between the samples: `edgeghost replay` passes over that and has to tell the same.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use edgeghost::config::Config;
use edgeghost::event::{ConfigInfo, ContextSource, Ec2Info, KernelInfo};
use edgeghost::publish::{self, Note, StartFacts};
use edgeghost::sink::Identity;

use crate::run::{HOST_NAME, Tick, clock};
use crate::sim;

/// A recording that is being written.
pub(crate) struct Recording {
    file: BufWriter<File>,
    identity: Identity,
    sequence: u64,
}

impl Recording {
    /// Begins one: who records, and by which configuration is judged.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let file =
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut recording = Self {
            file: BufWriter::new(file),
            identity: Identity::new("0000000000000001".to_owned(), HOST_NAME.to_owned()),
            sequence: 0,
        };
        let config = Config::default();
        let mut start = publish::start(StartFacts {
            kernel: KernelInfo {
                release: "none".to_owned(),
                machine: std::env::consts::ARCH.to_owned(),
                missing_fields: Vec::new(),
            },
            probes: &[],
            config: ConfigInfo {
                digest: config.digest(),
                file: None,
                toml: config.to_toml()?,
            },
            sandbox: None,
            ec2: Ec2Info {
                context: false,
                source: ContextSource::Unknown,
                absence: None,
                reason: None,
            },
        });
        start.time = clock().wall(sim::nanos(0.0));
        recording.write(&start)?;
        Ok(recording)
    }

    /// Adds a tick.
    pub(crate) fn add(&mut self, tick: &Tick<'_>) -> Result<()> {
        for sample in tick.heard {
            self.write(&publish::flow_sample(sample, clock()))?;
        }
        self.write(&publish::host_sample(
            tick.now_ns,
            tick.host,
            clock(),
            tick.last,
        ))?;
        for note in tick.told {
            self.write(note)?;
        }
        Ok(())
    }

    /// Ends it.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.file.flush().context("cannot end the recording")
    }

    fn write(&mut self, note: &Note) -> Result<()> {
        self.sequence += 1;
        let line = self.identity.line(note, self.sequence)?;
        self.file
            .write_all(&line)
            .context("cannot go on with the recording")
    }
}
