//! Writes the manual pages and the shell completions into a folder, made from the command line
//! itself: `cargo run --package edgeghost --example manual -- FOLDER`. Packages carry them.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::{Shell, generate_to};
use edgeghost::cli::Cli;

/// Shells that packages bring completions for.
const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let written = match words.as_slice() {
        [folder] => write(&PathBuf::from(folder)),
        _ => Err(io::Error::other(
            "give the folder to write to, and nothing else",
        )),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // What it says is for whoever calls it.
            drop(io::Write::write_fmt(
                &mut io::stderr(),
                format_args!("manual: {error}\n"),
            ));
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &PathBuf) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut command = Cli::command();
    for shell in SHELLS {
        generate_to(shell, &mut command, "edgeghost", folder)?;
    }
    clap_mangen::generate_to(Cli::command().disable_help_subcommand(true), folder)
}
