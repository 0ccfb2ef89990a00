//! `edgeghost config`: the settings in force, the defaults explained, or a check of a file.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use crate::cli::ConfigCommand;
use crate::config::{Config, Sources};

/// Prints what is asked for.
pub fn run(command: &ConfigCommand, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    if command.default {
        out.write_all(Config::document()?.as_bytes())?;
    } else if let Some(file) = &command.check {
        check(file, &command.config.set, out)?;
    } else {
        let config = command.config.sources()?.read()?;
        out.write_all(config.to_toml()?.as_bytes())?;
    }
    Ok(())
}

/// Reads a file and what it names, and tells what differs from the defaults.
fn check(file: &Path, set: &[String], out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let config = Sources::new(Some(file), [], set)?.read()?;
    config.systems()?;
    config.aws_ranges()?;
    let change = Config::default().changed_to(&config);
    let differs = [change.applied, change.needs_restart].concat();
    let said = match differs.as_slice() {
        [] => "all as by default".to_owned(),
        [one] => format!("1 setting differs from the default: {one}"),
        more => format!(
            "{} settings differ from the defaults: {}",
            more.len(),
            more.join(", ")
        ),
    };
    writeln!(out, "{} is good; {said}", file.display())?;
    Ok(())
}
