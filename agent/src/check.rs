//! `edgeghost check`: can this host run the agent, and what would it see?

use std::collections::BTreeSet;
use std::io::{self, Write};

use edgeghost_common::Offsets;
use thiserror::Error;

use crate::bpf::{Kernel, ProbeOutcome, ProbeState, probe_names};
use crate::config::{Config, ConfigError};
use crate::ec2::{Absence, Context, Firmware, MetadataWatch, READ_LIMIT};
use crate::event::FenceState;
use crate::host::sockets::probe;
use crate::privilege::{self, Folders};
use crate::publish;
use crate::startup::{self, Unfit};

/// Why the agent cannot run.
#[derive(Debug, Error)]
pub enum CheckError {
    /// What the configuration names cannot be used, on whatever host (exit code 2).
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Not on this host, or not with these privileges (exit code 3).
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// Writes a line per finding, and gives the first reason why the agent cannot run here.
pub fn run(config: &Config, out: &mut impl Write) -> io::Result<Result<(), CheckError>> {
    let networks = networks(config, out)?;
    let ranges = aws_ranges(config, out)?;
    metadata(config, out)?;
    witnesses(config, out)?;
    let host = host(config, out)?;
    Ok(networks
        .and(ranges)
        .map_err(Into::into)
        .and(host.map_err(Into::into)))
}

/// By what peers are told apart.
fn networks(config: &Config, out: &mut impl Write) -> io::Result<Result<(), ConfigError>> {
    let what = "networks";
    match config.systems() {
        Ok(None) => line(
            out,
            true,
            what,
            "by /16 and /32: path.as_table names no table",
        )?,
        Ok(Some(systems)) if systems.is_old() => mark(
            out,
            "warn",
            what,
            &format!("by autonomous system: {systems}; addresses change hands: get it anew"),
        )?,
        Ok(Some(systems)) => line(out, true, what, &format!("by autonomous system: {systems}"))?,
        Err(error) => {
            line(out, false, what, &error.to_string())?;
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// By what AWS's own addresses are told apart.
fn aws_ranges(config: &Config, out: &mut impl Write) -> io::Result<Result<(), ConfigError>> {
    let what = "AWS ranges";
    match config.aws_ranges() {
        Ok(None) => line(
            out,
            true,
            what,
            "none: path.aws_ranges names no file, AWS's addresses are like any",
        )?,
        Ok(Some(ranges)) => line(out, true, what, &ranges.to_string())?,
        Err(error) => {
            line(out, false, what, &error.to_string())?;
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// What EC2 says of this host. Without it the agent runs all the same.
fn metadata(config: &Config, out: &mut impl Write) -> io::Result<()> {
    let what = "EC2 metadata";
    let firmware = Firmware::read();
    let reading = MetadataWatch::start(config.ec2.settings())?.first(READ_LIMIT * 2);
    let context = Context::joined(&reading, &firmware, &BTreeSet::new());
    match reading.absence {
        None => line(out, true, what, &publish::context_in_words(&context)),
        Some(absence @ Absence::Off) => line(out, true, what, &absence.to_string()),
        Some(absence) => {
            let id = context.instance.id;
            let known = id.map_or_else(String::new, |id| format!(" (instance {id})"));
            let words = format!(
                "{}{known}; advice will carry placeholders",
                firmware.explain(absence)
            );
            mark(out, "warn", what, &words)
        }
    }
}

/// Whom it may ask, and what that costs at most.
fn witnesses(config: &Config, out: &mut impl Write) -> io::Result<()> {
    let cost = config.witness.cost();
    let words = if config.witness.is_on() {
        format!(
            "{} target(s), while an address is suspect: at most {} connections and {} other \
             packets an hour",
            config.witness.all().count(),
            cost.connections,
            cost.hop_packets
        )
    } else {
        "off: witness.targets names nobody".to_owned()
    };
    line(out, true, "witnesses", &words)
}

fn host(config: &Config, out: &mut impl Write) -> io::Result<Result<(), Unfit>> {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy();
    line(
        out,
        true,
        "kernel",
        &format!("{release} {}", uname.machine().to_string_lossy()),
    )?;
    let privileges = startup::check_privileges();
    match &privileges {
        Ok(()) => line(
            out,
            true,
            "privilege",
            "may load and attach tracing programs",
        )?,
        Err(unfit) => line(out, false, "privilege", &unfit.to_string())?,
    }
    let knowledge = match startup::study_kernel() {
        Ok(knowledge) => knowledge,
        Err(unfit) => {
            line(out, false, "kernel types", &unfit.to_string())?;
            return Ok(Err(unfit));
        }
    };
    let missing = startup::kernel_info(&knowledge.offsets).missing_fields;
    let fields = Offsets::FIELDS.len();
    let found = format!("{} of {fields} fields found", fields - missing.len());
    let without = if missing.is_empty() {
        String::new()
    } else {
        format!(", without {}", missing.join(", "))
    };
    line(out, true, "kernel types", &(found + &without))?;
    for (name, required) in probe_names() {
        let words = match (knowledge.lacks(name), required) {
            (None, _) => "there".to_owned(),
            (Some(lack), true) => format!("{lack}: the agent cannot do without"),
            (Some(lack), false) => format!("{lack}: the agent does without"),
        };
        let has = knowledge.lacks(name).is_none();
        line(out, has || !required, name, &words)?;
    }
    match probe() {
        Ok(()) => line(out, true, "sockets", "the kernel tells of single sockets")?,
        Err(error) => mark(
            out,
            "warn",
            "sockets",
            &format!("{error}: incidents come without a snapshot of their sockets"),
        )?,
    }
    if let Err(unfit) = privileges {
        return Ok(Err(unfit));
    }
    Ok(match startup::load(config, &knowledge) {
        Ok((kernel, _)) => {
            line(out, true, "programs", "load and attach")?;
            refused(kernel.probes(), out)?;
            sandbox(config, &kernel, out)?;
            Ok(())
        }
        Err(unfit) => {
            line(out, false, "programs", &unfit.to_string())?;
            Err(unfit)
        }
    })
}

/// What the agent would take from itself: taken here for good, so this comes last.
fn sandbox(config: &Config, kernel: &Kernel, out: &mut impl Write) -> io::Result<()> {
    let mut folders = Folders::of(config);
    folders.sinks(&config.sinks.settings(None));
    let info = privilege::confine(&config.sandbox, &folders, || kernel.can_be_read());
    let wanted = [&info.seccomp, &info.landlock];
    let words = privilege::in_words(&info);
    if info.no_new_privileges && wanted.iter().all(|f| f.state != FenceState::Failed) {
        line(out, true, "sandbox", &words)
    } else {
        mark(out, "warn", "sandbox", &words)
    }
}

/// Programs that the kernel should run and refuses, and that the agent does without.
fn refused(probes: &[ProbeOutcome], out: &mut impl Write) -> io::Result<()> {
    for probe in probes {
        if let ProbeState::Failed(reason) = &probe.state {
            // The first line says why; the verifier's log goes on for pages.
            let reason = reason.lines().next().unwrap_or_default();
            let words = format!("refused, the agent does without: {reason}");
            mark(out, "warn", probe.name, &words)?;
        }
    }
    Ok(())
}

fn line(out: &mut impl Write, good: bool, what: &str, words: &str) -> io::Result<()> {
    mark(out, if good { "ok" } else { "FAIL" }, what, words)
}

fn mark(out: &mut impl Write, mark: &str, what: &str, words: &str) -> io::Result<()> {
    writeln!(out, "{mark:<5}{what:<24}{words}")
}
