//! This kernel, and what this process may do.

use std::io::{self, Write};

use edgeghost_common::Offsets;

use super::report::Report;
use crate::bpf::{Kernel, ProbeOutcome, ProbeState, probe_names};
use crate::config::Config;
use crate::event::FenceState;
use crate::host::sockets::probe;
use crate::privilege::{self, Folders};
use crate::startup::{self, Knowledge, Unfit};

/// Where the kernel tells how much it is locked down (security/lockdown/lockdown.c).
const LOCKDOWN: &str = "/sys/kernel/security/lockdown";

/// Everything that must be so before the agent runs.
pub(super) fn check<W: Write>(
    config: &Config,
    report: &mut Report<'_, W>,
) -> io::Result<Result<(), Unfit>> {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy();
    report.ok(
        "kernel",
        &format!("{release} {}", uname.machine().to_string_lossy()),
    )?;
    let privileges = startup::check_privileges();
    match &privileges {
        Ok(()) => report.ok("privilege", "may load and attach tracing programs")?,
        Err(unfit) => report.fail("privilege", &unfit.to_string())?,
    }
    lockdown(report)?;
    let knowledge = match startup::study_kernel() {
        Ok(knowledge) => knowledge,
        Err(unfit) => {
            report.fail("kernel types", &unfit.to_string())?;
            return Ok(Err(unfit));
        }
    };
    types(&knowledge, report)?;
    programs(&knowledge, report)?;
    match probe() {
        Ok(()) => report.ok("sockets", "the kernel tells of single sockets")?,
        Err(error) => report.warn(
            "sockets",
            &format!("{error}: incidents come without a snapshot of their sockets"),
        )?,
    }
    if let Err(unfit) = privileges {
        return Ok(Err(unfit));
    }
    Ok(match startup::load(config, &knowledge) {
        Ok((kernel, _)) => {
            report.ok("programs", "load and attach")?;
            refused(kernel.probes(), report)?;
            sandbox(config, &kernel, report)?;
            Ok(())
        }
        Err(unfit) => {
            report.fail("programs", &unfit.to_string())?;
            Err(unfit)
        }
    })
}

/// What the kernel tells of its types.
fn types<W: Write>(knowledge: &Knowledge, report: &mut Report<'_, W>) -> io::Result<()> {
    let missing = startup::kernel_info(&knowledge.offsets).missing_fields;
    let fields = Offsets::FIELDS.len();
    let found = format!("{} of {fields} fields found", fields - missing.len());
    let without = if missing.is_empty() {
        String::new()
    } else {
        format!(", without {}", missing.join(", "))
    };
    report.ok("kernel types", &(found + &without))
}

/// What each program needs.
fn programs<W: Write>(knowledge: &Knowledge, report: &mut Report<'_, W>) -> io::Result<()> {
    for (name, required) in probe_names() {
        let words = match (knowledge.lacks(name), required) {
            (None, _) => "there".to_owned(),
            (Some(lack), true) => format!("{lack}: the agent cannot do without"),
            (Some(lack), false) => format!("{lack}: the agent does without"),
        };
        if knowledge.lacks(name).is_none() || !required {
            report.ok(name, &words)?;
        } else {
            report.fail(name, &words)?;
        }
    }
    Ok(())
}

/// What the agent would take from itself: taken here for good, so this comes last.
fn sandbox<W: Write>(
    config: &Config,
    kernel: &Kernel,
    report: &mut Report<'_, W>,
) -> io::Result<()> {
    let mut folders = Folders::of(config);
    folders.sinks(&config.sinks.settings(None));
    let info = privilege::confine(&config.sandbox, &folders, || kernel.can_be_read());
    let wanted = [&info.seccomp, &info.landlock];
    let words = privilege::in_words(&info);
    if info.no_new_privileges && wanted.iter().all(|f| f.state != FenceState::Failed) {
        report.ok("sandbox", &words)
    } else {
        report.warn("sandbox", &words)
    }
}

/// Programs that the kernel should run and refuses, and that the agent does without.
fn refused<W: Write>(probes: &[ProbeOutcome], report: &mut Report<'_, W>) -> io::Result<()> {
    for probe in probes {
        if let ProbeState::Failed(reason) = &probe.state {
            // The first line says why; the verifier's log goes on for pages.
            let reason = reason.lines().next().unwrap_or_default();
            let words = format!("refused, the agent does without: {reason}");
            report.warn(probe.name, &words)?;
        }
    }
    Ok(())
}

/// Under `confidentiality` nobody reads kernel memory, programs in the kernel included.
fn lockdown<W: Write>(report: &mut Report<'_, W>) -> io::Result<()> {
    let name = "lockdown";
    let Ok(text) = std::fs::read_to_string(LOCKDOWN) else {
        return report.ok(name, "not in use, or not told");
    };
    match in_force(&text) {
        "confidentiality" => report.warn(
            name,
            "confidentiality: the kernel lets no program read its memory; boot with \
             lockdown=integrity",
        ),
        level => report.ok(name, level),
    }
}

/// The level in brackets.
fn in_force(text: &str) -> &str {
    let level = text
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'));
    level.map_or("not told", |(level, _)| level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_in_force_is_the_one_in_brackets() {
        assert_eq!(in_force("[none] integrity confidentiality\n"), "none");
        assert_eq!(
            in_force("none integrity [confidentiality]\n"),
            "confidentiality"
        );
        assert_eq!(in_force(""), "not told");
    }
}
