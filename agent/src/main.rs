//! `edgeghost`: arguments, logging, exit code.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use edgeghost::check::CheckError;
use edgeghost::cli::{Cli, Command, ConfigFile, Replay};
use edgeghost::config::{Config, ConfigError, Sources};
use edgeghost::daemon::{self, RunError, RunOptions};
use edgeghost::path::AsTable;
use edgeghost::replay::ReplayError;
use edgeghost::runbook::RunbookError;
use edgeghost::sink::Format;
use edgeghost::status::AskError;

fn main() -> ExitCode {
    let cli = Cli::parse();
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).init();
    match execute(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever closed standard output has seen enough.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            // That one stands in what was printed.
            if !matches!(error.downcast_ref(), Some(AskError::Incident)) {
                log::error!("{error}");
            }
            exit_code(&*error)
        }
    }
}

fn execute(command: Command) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    match command {
        Command::Run(run) => {
            drop(out);
            let sources = run.config.sources()?;
            let config = sources.read()?;
            let systems = config.systems()?;
            if let Some(systems) = &systems {
                tell(systems);
            }
            let aws_ranges = config.aws_ranges()?;
            if let Some(ranges) = &aws_ranges {
                log::info!("AWS's own addresses are told apart: {ranges}");
            }
            let mut sinks = config.sinks.settings(run.output.as_deref());
            if run.ecs {
                for sink in &mut sinks {
                    sink.format = Format::Ecs;
                }
            }
            sinks.extend(config.otlp.output());
            let record = run.record;
            daemon::run(&RunOptions {
                config,
                sources,
                systems,
                aws_ranges,
                sinks,
                record,
            })?;
        }
        Command::Check(check) => {
            let config = check.config.sources()?.read()?;
            edgeghost::check::run(&config, check.json, &mut out)??;
        }
        Command::Status(options) => {
            let socket = match options.socket {
                Some(socket) => socket,
                None => configured(&options.config)?.status.socket,
            };
            edgeghost::status::ask(&socket, options.json, &mut out)?;
        }
        Command::Replay(replay) => {
            let config = replay.config.as_deref().map(read).transpose()?;
            let format = format(replay.ecs);
            let Replay { file, explain, .. } = replay;
            edgeghost::replay::run(config.as_ref(), &file, explain, format, &mut out)?;
        }
        Command::Runbook(options) => {
            let events = match options.events {
                Some(path) => vec![path],
                None if edgeghost::runbook::names_incident(&options.what) => {
                    configured(&options.config)?.sinks.event_files()
                }
                None => Vec::new(),
            };
            edgeghost::runbook::run(&options.what, &events, &mut out)?;
        }
        Command::Schema(options) => {
            let schema = if options.status {
                edgeghost::status::schema()
            } else {
                edgeghost::event::schema::document()
            };
            serde_json::to_writer_pretty(&mut out, &schema)?;
            writeln!(out)?;
        }
        Command::Config(command) => edgeghost::configure::run(&command, &mut out)?,
    }
    Ok(())
}

/// The configuration in a file, alone.
fn read(file: &Path) -> Result<Config, ConfigError> {
    Sources::new(Some(file), [], &[])?.read()
}

const fn format(ecs: bool) -> Format {
    if ecs { Format::Ecs } else { Format::Otel }
}

/// What the daemon's own log says of a table.
fn tell(systems: &AsTable) {
    log::info!("networks are told apart by autonomous system: {systems}");
    if systems.is_old() {
        log::warn!("the table of autonomous systems is old: addresses change hands; get it anew");
    }
}

/// The configuration; the defaults where it is wrong, for a running agent keeps the one before.
fn configured(file: &ConfigFile) -> Result<Config, ConfigError> {
    file.sources()?.read().or_else(|error| {
        log::warn!("{error}");
        Ok(Config::default())
    })
}

fn exit_code(error: &(dyn Error + 'static)) -> ExitCode {
    let usage = error.is::<ConfigError>()
        || matches!(
            error.downcast_ref(),
            Some(CheckError::Config(_) | CheckError::Output(_))
        )
        || matches!(error.downcast_ref(), Some(ReplayError::Config(_)))
        || matches!(error.downcast_ref(), Some(RunError::Output(_)))
        || matches!(error.downcast_ref(), Some(ReplayError::Open { .. }))
        || matches!(
            error.downcast_ref(),
            Some(RunbookError::Open { .. } | RunbookError::NoEvents { .. })
        );
    let unfit = matches!(error.downcast_ref(), Some(RunError::Unfit(_)))
        || matches!(error.downcast_ref(), Some(CheckError::Unfit(_)))
        || matches!(error.downcast_ref(), Some(AskError::Denied { .. }));
    ExitCode::from(match error.downcast_ref() {
        _ if usage => 2,
        _ if unfit => 3,
        Some(AskError::Incident) => 4,
        Some(AskError::NotRunning { .. }) => 5,
        _ => 1,
    })
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let io = match (error.downcast_ref(), error.downcast_ref()) {
        (Some(ReplayError::Write(error)), _) | (_, Some(RunbookError::Write(error))) => {
            Some(error.kind())
        }
        _ => match error.downcast_ref() {
            Some(AskError::Write(error)) => Some(error.kind()),
            _ => error.downcast_ref::<io::Error>().map(io::Error::kind),
        },
    };
    let json = error
        .downcast_ref()
        .and_then(serde_json::Error::io_error_kind);
    io.or(json) == Some(io::ErrorKind::BrokenPipe)
}
