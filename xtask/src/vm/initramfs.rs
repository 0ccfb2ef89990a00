//! The guest's whole root folder: programs, libraries, modules, tests, and what to do with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::cpio::Archive;
use super::kernel::Kernel;
use super::modules::{Modules, REQUIRED};
use super::tools;
use crate::cargo::tests_folder;
use crate::exec;

/// The first process.
const INIT: &str = include_str!("guest.sh");

/// Where all of ours lies in the guest.
const HOME: &str = "/edgeghost";

/// What the guest is to do.
#[derive(Debug, Clone)]
pub(super) struct Job {
    /// Programs of this workspace, each under the name that the guest knows it by; the first is
    /// the one to run, and finds the others beside it.
    pub(super) programs: Vec<(&'static str, PathBuf)>,
    /// Its arguments.
    pub(super) args: Vec<String>,
}

/// Puts the archive together. `scratch` holds files that are needed only meanwhile.
pub(super) fn build(kernel: &Kernel, job: &Job, mark: &str, scratch: &Path) -> Result<Vec<u8>> {
    let mut archive = Archive::default();
    for folder in ["proc", "sys", "dev", "run", "root", "tmp", "var/tmp"] {
        archive.folder(folder);
    }
    archive.file("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
    archive.file("/etc/group", "root:x:0:\n");
    archive.file("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
    tools::add_all(&mut archive)?;
    add_modules(&mut archive, kernel)?;
    add_tests(&mut archive, job, scratch)?;
    archive.file(format!("{HOME}/mark"), mark);
    archive.file(format!("{HOME}/command"), command(job));
    archive.program("/init", INIT.into());
    Ok(archive.bytes())
}

/// The modules that are wanted, and the tables by which the guest's modprobe finds them.
fn add_modules(archive: &mut Archive, kernel: &Kernel) -> Result<()> {
    let table = |name: &str| {
        let path = kernel.modules.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let dependencies = table("modules.dep")?;
    let modules = Modules::parse(&dependencies, &table("modules.builtin")?);
    let wanted = modules
        .wanted()
        .with_context(|| format!("kernel {}", kernel.release))?;
    let folder = Path::new("/lib/modules").join(&kernel.release);
    for file in wanted {
        archive.file(folder.join(file), tools::read(&kernel.modules.join(file))?);
    }
    for name in ["modules.alias", "modules.symbols"] {
        archive.file(folder.join(name), table(name)?);
    }
    archive.file(folder.join("modules.dep"), dependencies);
    archive.file(format!("{HOME}/modules"), REQUIRED.join("\n") + "\n");
    Ok(())
}

/// The programs without their line numbers, which are most of their size, and the fixtures.
fn add_tests(archive: &mut Archive, job: &Job, scratch: &Path) -> Result<()> {
    for (name, program) in &job.programs {
        let slim = scratch.join(name);
        let mut command = Command::new("strip");
        command
            .args(["--strip-debug", "-o"])
            .arg(&slim)
            .arg(program);
        exec::run(&mut command)?;
        archive.program(Path::new(HOME).join(name), tools::read(&slim)?);
        tools::add_libraries(archive, program)?;
    }
    let tests = tests_folder();
    for file in super::kernel::files_below(&tests.join("fixtures"))? {
        let inside = file.strip_prefix(&tests).unwrap_or(&file);
        archive.file(
            Path::new(HOME).join("tests").join(inside),
            tools::read(&file)?,
        );
    }
    Ok(())
}

/// The job as a shell script.
fn command(job: &Job) -> String {
    let program = job.programs.first().map_or("true", |(name, _)| name);
    let words: Vec<_> = [format!("{HOME}/{program}")]
        .into_iter()
        .chain(job.args.iter().map(|arg| exec::quote(arg.as_ref())))
        .collect();
    // Fixtures are named from the folder of the tests.
    format!(
        "cd {HOME}/tests\nexport CARGO_MANIFEST_DIR={HOME}/tests RUST_BACKTRACE=1\nexec {}\n",
        words.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_runs_the_first_program_as_the_guest_has_it() {
        let job = Job {
            programs: vec![
                ("privileged", "/t/debug/deps/privileged-1f".into()),
                ("edgeghost", "/t/debug/edgeghost".into()),
            ],
            args: vec!["--test-threads=1".into(), "it's".into()],
        };
        let script = command(&job);
        assert!(
            script.ends_with("\nexec /edgeghost/privileged --test-threads=1 'it'\\''s'\n"),
            "{script}"
        );
    }
}
