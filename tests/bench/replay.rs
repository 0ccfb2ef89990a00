//! Judging a recording, against the time that it took to record.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::Args;
use edgeghost::clock::Clock;
use edgeghost::event::Time;
use edgeghost::host::HostSample;
use edgeghost::publish::{self, Note};
use edgeghost::replay;
use edgeghost::sink::{Format, Identity};
use edgeghost_tests::temp::TempDir;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::host::{Host, SECOND};
use crate::measure::{mebibytes, once};

/// Flows on each network.
const TOGETHER: u32 = 5;
const PREFIXES_EACH: u32 = 3;

/// Options of `replay`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Flows that are heard of every second; may be given several times
    #[arg(long, value_name = "N", default_values_t = [200, 2_000],
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    flows: Vec<u32>,

    /// Recorded seconds
    #[arg(long, value_name = "N", default_value_t = 600,
          value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
}

/// Measures, and tells as a table.
pub(crate) fn report(options: &Options) -> Result<String> {
    let folder = TempDir::new()?;
    let mut text = format!(
        "{} s recorded, 1 % lost\n\n{:16}{:>12}{:>12}{:>12}{:>16}{:>12}\n",
        options.seconds, "flows a second", "file", "size", "judged in", "real time", "a line"
    );
    for flows in &options.flows {
        for packed in [false, true] {
            let name = if packed { "gzip" } else { "plain" };
            let path = folder.path().join(format!("{flows}.{name}"));
            let lines = record(&path, packed, *flows, options.seconds)?;
            let size = path.metadata()?.len();
            let mut told = Vec::new();
            let (result, took) = once(|| replay::run(None, &path, false, Format::Otel, &mut told));
            result?;
            let took = took.as_secs_f64().max(1e-9);
            let _ = writeln!(
                text,
                "{flows:<16}{name:>12}{:>8.1} MiB{took:>10.2} s{:>10.0} times{:>9.2} us",
                mebibytes(i64::try_from(size)?),
                f64::from(options.seconds) / took,
                took * 1e6 / lines as f64,
            );
        }
    }
    Ok(text)
}

/// Writes a recording as `edgeghost run --record` would; how many lines.
fn record(path: &Path, packed: bool, flows: u32, seconds: u32) -> Result<u64> {
    let context = || format!("cannot write {}", path.display());
    let file = BufWriter::new(File::create(path).with_context(context)?);
    if packed {
        let mut file = GzEncoder::new(file, Compression::default());
        let lines = write(&mut file, flows, seconds)?;
        file.finish()?.flush().with_context(context)?;
        Ok(lines)
    } else {
        let mut file = file;
        let lines = write(&mut file, flows, seconds)?;
        file.flush().with_context(context)?;
        Ok(lines)
    }
}

fn write(out: &mut impl Write, flows: u32, seconds: u32) -> Result<u64> {
    let identity = Identity::new("0000000000000001".to_owned(), "made-up".to_owned());
    let clock = Clock::at(0, Time(1_780_000_000 * 1_000_000_000));
    let mut host = Host::new(flows, flows.div_ceil(TOGETHER), PREFIXES_EACH);
    let mut lines = 0;
    let mut line = |note: &Note| -> Result<()> {
        lines += 1;
        Ok(out.write_all(&identity.line(note, lines)?)?)
    };
    for second in 0..u64::from(seconds) {
        for sample in host.second(1_000 + second, 1) {
            line(&publish::flow_sample(sample, clock))?;
        }
        let last = second + 1 == u64::from(seconds);
        line(&publish::host_sample(
            (1_001 + second) * SECOND,
            &HostSample::default(),
            clock,
            last,
        ))?;
    }
    Ok(lines)
}
