//! `edgeghost check`: can this host run the agent, and what would it see?

use std::io::{self, Write};

use edgeghost_common::Offsets;

use crate::bpf::probe_names;
use crate::config::Config;
use crate::kernel::has_tracepoint;
use crate::startup::{self, Unfit};

/// Writes a line per finding, and gives the first reason why the agent cannot run here.
pub fn run(config: &Config, out: &mut impl Write) -> io::Result<Result<(), Unfit>> {
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
        let has = has_tracepoint(&knowledge.btf, name);
        let words = match (has, required) {
            (true, _) => "there",
            (false, true) => "missing: the agent cannot do without",
            (false, false) => "missing: the agent does without",
        };
        line(out, has || !required, name, words)?;
    }
    if let Err(unfit) = privileges {
        return Ok(Err(unfit));
    }
    Ok(match startup::load(config, &knowledge) {
        Ok(_) => {
            line(out, true, "programs", "load and attach")?;
            Ok(())
        }
        Err(unfit) => {
            line(out, false, "programs", &unfit.to_string())?;
            Err(unfit)
        }
    })
}

fn line(out: &mut impl Write, good: bool, what: &str, words: &str) -> io::Result<()> {
    writeln!(
        out,
        "{:<5}{what:<24}{words}",
        if good { "ok" } else { "FAIL" }
    )
}
