//! An operator at a workstation: prints the runbook of a recommendation, and runs it.

use std::fs::File;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result, bail};
use edgeghost_tests::binary;
use edgeghost_tests::event::Event;
use edgeghost_tests::temp::TempDir;

use crate::cloud::Cloud;

/// A runbook at work, with the real AWS CLI.
pub(crate) struct Runbook {
    child: Child,
    folder: TempDir,
    shown: usize,
}

impl Runbook {
    /// Prints the script of `advice` with `edgeghost runbook`, and starts it.
    pub(crate) fn start(advice: &Event, cloud: &Cloud) -> Result<Self> {
        let folder = TempDir::new()?;
        let report = folder.write("recommendation.json", &format!("{}\n", advice.line))?;
        let script = folder.write("runbook.sh", &print(&report)?)?;
        let programs = folder.path().join("bin");
        command_line_interface(&programs)?;
        let log = File::create(folder.path().join("log"))?;
        let mut command = Command::new("bash");
        command
            .arg(script)
            .arg("--yes")
            .env_clear()
            .env(
                "PATH",
                format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", programs.display()),
            )
            .envs(cloud.environment())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C is for the lab, which then takes everything down in order.
            .process_group(0);
        let child = command.spawn().context("cannot run the runbook")?;
        Ok(Self {
            child,
            folder,
            shown: 0,
        })
    }

    /// Lines that it has printed since the last call.
    pub(crate) fn lines(&mut self) -> Result<Vec<String>> {
        let log = std::fs::read_to_string(self.folder.path().join("log"))?;
        let whole = log.rfind('\n').map_or("", |end| &log[..end]);
        let lines: Vec<String> = whole.lines().skip(self.shown).map(str::to_owned).collect();
        self.shown += lines.len();
        Ok(lines)
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }
}

impl Drop for Runbook {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn print(report: &Path) -> Result<String> {
    let output = Command::new(binary::agent()?)
        .arg("runbook")
        .arg(report)
        .output()
        .context("cannot run `edgeghost runbook`")?;
    if !output.status.success() {
        bail!(
            "`edgeghost runbook` ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The real AWS CLI under its name; but the double of EC2 knows no transfers of addresses, and
/// there are none.
fn command_line_interface(folder: &Path) -> Result<()> {
    std::fs::create_dir(folder)?;
    let path = folder.join("aws");
    let real = binary::python_program("aws")?;
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in *describe-address-transfers*) exit 0 ;; esac\nexec '{}' \"$@\"\n",
        real.display()
    );
    std::fs::write(&path, text)?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    Ok(())
}
