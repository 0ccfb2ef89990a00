//! Bringing what is missing: announce, try, look again, and say what is left to do by hand.

use std::fmt::Write as _;

use anyhow::{Result, bail};

use super::machine::Machine;
use super::packages::Manager;
use super::requirement::{Remedy, Requirement};
use super::step::{Step, steps};
use crate::ui;

/// Installs whatever of `requirements` the machine lacks. Nothing is said if it lacks nothing.
pub(crate) fn install(requirements: &[&Requirement], machine: &mut impl Machine) -> Result<()> {
    let missing = missing(requirements, machine);
    if missing.is_empty() {
        return Ok(());
    }
    let beyond_us: Vec<_> = missing
        .iter()
        .copied()
        .filter(|requirement| requirement.advice().is_some())
        .collect();
    if !beyond_us.is_empty() {
        // The rest relies on it, so nothing is installed in vain.
        bail!("{}", by_hand(&beyond_us, &[], machine));
    }
    ui::say(announcement(&missing));
    let (packaged, others): (Vec<_>, Vec<_>) = missing
        .into_iter()
        .partition(|requirement| requirement.package().is_some());
    let mut failures: Vec<_> = others
        .into_iter()
        .filter_map(|requirement| bring(requirement, machine).err())
        .collect();
    failures.extend(bring_packages(&packaged, machine));
    if !failures.is_empty() {
        bail!("{}", failures.join("\n"));
    }
    ui::step("set-up is complete");
    Ok(())
}

/// The requirements that the machine does not meet.
pub(crate) fn missing<'a>(
    requirements: &[&'a Requirement],
    machine: &impl Machine,
) -> Vec<&'a Requirement> {
    requirements
        .iter()
        .copied()
        .filter(|requirement| !machine.has(requirement.probe))
        .collect()
}

fn announcement(missing: &[&Requirement]) -> String {
    let mut text =
        "edgeghost needs what this machine does not have yet, and installs it now:\n".to_owned();
    for requirement in missing {
        let _ = write!(
            text,
            "\n  {}\n      {}",
            requirement.full_name(),
            requirement.why
        );
    }
    text.push('\n');
    text
}

/// Tries the remedies in turn until one has helped; otherwise says what to do by hand.
fn bring(requirement: &Requirement, machine: &mut impl Machine) -> Result<(), String> {
    let mut reasons = Vec::new();
    for &remedy in requirement.remedies {
        let steps = steps(remedy, machine.manager());
        if steps.is_empty() {
            continue;
        }
        match follow(&steps, machine) {
            Ok(()) if machine.has(requirement.probe) => return Ok(()),
            Ok(()) => reasons.push(unhelpful(remedy)),
            Err(error) => reasons.push(format!("{error:#}")),
        }
        if let Some(reason) = reasons.last() {
            ui::say(format_args!("    that brought nothing: {reason}"));
        }
    }
    Err(by_hand(&[requirement], &reasons, machine))
}

/// Installs the packages of all `requirements` in one go: each call of a package manager takes
/// seconds.
fn bring_packages(requirements: &[&Requirement], machine: &mut impl Machine) -> Option<String> {
    if requirements.is_empty() {
        return None;
    }
    let outcome = package_steps(requirements, machine.manager())
        .map_or(Ok(()), |steps| follow(&steps, machine));
    let left = missing(requirements, machine);
    if left.is_empty() {
        return None;
    }
    let reason = match outcome {
        _ if machine.manager().is_none() => "this machine has neither apt-get nor dnf".to_owned(),
        Ok(()) => "the packages are installed, yet the programs are not to be found".to_owned(),
        Err(error) => format!("{error:#}"),
    };
    Some(by_hand(&left, &[reason], machine))
}

fn follow(steps: &[Step], machine: &mut impl Machine) -> Result<()> {
    for step in steps {
        match machine.perform(step) {
            Err(error) if step.may_fail => ui::say(format_args!("    going on without: {error:#}")),
            outcome => outcome?,
        }
    }
    Ok(())
}

/// Why a remedy whose every step succeeded has not brought the thing.
fn unhelpful(remedy: Remedy) -> String {
    let text = match remedy {
        Remedy::DistributionCompiler => {
            "the distribution's compiler carries another LLVM than the pinned linker reads \
             (Debian 12 has the right one among its security updates)"
        }
        _ => "every step succeeded, yet it is not to be found",
    };
    text.to_owned()
}

fn package_steps(requirements: &[&Requirement], manager: Option<Manager>) -> Option<Vec<Step>> {
    let manager = manager?;
    let mut names = Vec::new();
    for (apt, dnf) in requirements
        .iter()
        .filter_map(|requirement| requirement.package())
    {
        let name = if manager == Manager::Apt { apt } else { dnf };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Some(manager.install(&names))
}

/// The error for things that could not be brought: what, why, and the commands to type.
fn by_hand(missing: &[&Requirement], reasons: &[String], machine: &impl Machine) -> String {
    let mut text = String::new();
    for requirement in missing {
        let _ = writeln!(
            text,
            "missing: {} ({})",
            requirement.full_name(),
            requirement.why
        );
    }
    for reason in reasons {
        let _ = writeln!(text, "  tried: {reason}");
    }
    let ways = ways(missing, machine.manager());
    for (index, way) in ways.iter().enumerate() {
        text.push_str(if index == 0 { "by hand:\n" } else { "or:\n" });
        for step in way {
            let sudo = if step.root && machine.needs_sudo() {
                "sudo "
            } else {
                ""
            };
            let _ = writeln!(text, "    {sudo}{step}");
        }
    }
    for requirement in missing.iter().filter(|_| ways.is_empty()) {
        let _ = match requirement.advice() {
            Some(advice) => writeln!(text, "by hand: {advice}"),
            None => writeln!(text, "by hand: put {} on the PATH", requirement.name),
        };
    }
    text
}

/// Each alternative way to bring all of `missing`, as the steps to type.
fn ways(missing: &[&Requirement], manager: Option<Manager>) -> Vec<Vec<Step>> {
    if missing
        .iter()
        .all(|requirement| requirement.package().is_some())
    {
        return package_steps(missing, manager).into_iter().collect();
    }
    let remedies = missing.iter().flat_map(|requirement| requirement.remedies);
    remedies
        .map(|&remedy| steps(remedy, manager))
        .filter(|steps| !steps.is_empty())
        .collect()
}

#[cfg(test)]
mod tests;
