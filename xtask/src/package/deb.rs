//! The package for Debian and Ubuntu, by `dpkg-deb` alone: it is on every such machine.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::parts::Tree;
use super::{Arch, Release};
use crate::exec;

/// Scripts that dpkg runs, in `packaging/deb`.
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// Makes it of `tree`.
pub(super) fn make(release: &Release, arch: Arch, tree: &Tree) -> Result<()> {
    let control = tree.root.join("DEBIAN");
    fs::create_dir(&control).context("cannot make DEBIAN")?;
    let text = fields(release, arch, tree)?;
    fs::write(control.join("control"), text)?;
    fs::write(control.join("conffiles"), lines(&tree.settings))?;
    fs::write(control.join("md5sums"), sums(tree)?)?;
    for name in SCRIPTS {
        let from = exec::workspace_root().join("packaging/deb").join(name);
        let to = control.join(name);
        fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
        fs::set_permissions(&to, fs::Permissions::from_mode(0o755))?;
    }
    let name = format!("edgeghost_{}-1_{}.deb", release.version, arch.debian());
    let mut command = Command::new("dpkg-deb");
    command
        // Older dpkg cannot read what newer ones compress by default.
        .args(["--root-owner-group", "-Zxz", "--build"])
        .arg(&tree.root)
        .arg(release.output.join(name))
        // It also sets the times within the archive.
        .env("SOURCE_DATE_EPOCH", &release.epoch);
    exec::run(&mut command)
}

/// The control file (deb-control(5)).
fn fields(release: &Release, arch: Arch, tree: &Tree) -> Result<String> {
    let (version, arch, size) = (&release.version, arch.debian(), tree.kibibytes()?);
    Ok(format!(
        "Package: edgeghost\n\
         Version: {version}-1\n\
         Architecture: {arch}\n\
         Maintainer: The edgeghost authors <edgeghost@localhost>\n\
         Installed-Size: {size}\n\
         Section: net\n\
         Priority: optional\n\
         Recommends: systemd\n\
         Suggests: logrotate\n\
         Description: tells a collapsed public TCP path from a sick host\n \
         edgeghost watches every TCP connection of an EC2 host from inside the kernel,\n \
         tells the public path (internet gateway, Elastic IP) from the private one\n \
         (VPC), notices when only the public path collapses, and prints the fix. It\n \
         changes nothing by itself.\n"
    ))
}

/// Sums by which dpkg --verify finds what was changed.
fn sums(tree: &Tree) -> Result<String> {
    let mut text = String::new();
    for file in tree.files()? {
        let file = file.trim_start_matches('/');
        if file.starts_with("DEBIAN/") || tree.settings.iter().any(|s| s.ends_with(file)) {
            continue;
        }
        let mut command = Command::new("md5sum");
        let output = command
            .arg(file)
            .current_dir(Path::new(&tree.root))
            .output()
            .context("cannot run md5sum")?;
        let _ = write!(text, "{}", String::from_utf8_lossy(&output.stdout));
    }
    Ok(text)
}

fn lines(paths: &[String]) -> String {
    paths.iter().fold(String::new(), |mut text, path| {
        let _ = writeln!(text, "{path}");
        text
    })
}
