//! Programs of this machine for the guest, each with the libraries it is linked with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::cpio::Archive;
use crate::exec;

/// What tests and lab call, as `cargo xtask setup` brings it.
const TOOLS: [&str; 8] = [
    "ip", "iperf3", "nft", "nstat", "setpriv", "ss", "tc", "unshare",
];

/// Where they go: before busybox's folder on the guest's PATH, for it has an `ip` of its own.
const FOLDER: &str = "/usr/sbin";

/// Busybox with all its programs, and the real ones.
pub(super) fn add_all(archive: &mut Archive) -> Result<()> {
    let busybox = exec::find_program("busybox").context("busybox is missing")?;
    archive.program("/bin/busybox", read(&busybox)?);
    add_libraries(archive, &busybox)?;
    let applets = exec::capture(Command::new(&busybox).arg("--list"))?;
    for applet in applets.lines().filter(|name| *name != "busybox") {
        archive.link(Path::new("/bin").join(applet), "/bin/busybox");
    }
    // Where the kernel looks for it.
    archive.link("/sbin/modprobe", "/bin/busybox");
    for tool in TOOLS {
        let path = exec::find_program(tool).with_context(|| format!("{tool} is missing"))?;
        archive.program(Path::new(FOLDER).join(tool), read(&path)?);
        add_libraries(archive, &path)?;
    }
    Ok(())
}

/// The libraries of `program`, where its loader looks for them.
pub(super) fn add_libraries(archive: &mut Archive, program: &Path) -> Result<()> {
    // Its failure is not one of ours: a static program has none.
    let output = Command::new("ldd")
        .arg(program)
        .env("LC_ALL", "C")
        .output()
        .context("cannot run ldd")?;
    for library in libraries(&String::from_utf8_lossy(&output.stdout)) {
        let Ok(library) = library else {
            bail!("{} lacks a library, see `ldd`", program.display());
        };
        if !archive.holds(&library) {
            let content = read(&library)?;
            archive.program(&library, content);
        }
    }
    Ok(())
}

/// The paths in the answer of ldd(1), and an error for each library that is not there.
fn libraries(answer: &str) -> impl Iterator<Item = Result<PathBuf, ()>> {
    answer.lines().filter_map(|line| {
        if line.contains("=> not found") {
            return Some(Err(()));
        }
        let word = line.split_whitespace().find(|word| word.starts_with('/'))?;
        (!word.ends_with(':')).then(|| Ok(word.into()))
    })
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_and_every_library_are_found() {
        let answer = "\
\tlinux-vdso.so.1 (0x00007ffd)
\tlibmnl.so.0 => /lib/x86_64-linux-gnu/libmnl.so.0 (0x00007f03)
\tlibgone.so.3 => not found
\t/lib64/ld-linux-x86-64.so.2 (0x00007f03)
";
        let found: Vec<_> = libraries(answer).collect();
        let path = |text: &str| Ok(PathBuf::from(text));
        assert_eq!(
            found,
            [
                path("/lib/x86_64-linux-gnu/libmnl.so.0"),
                Err(()),
                path("/lib64/ld-linux-x86-64.so.2"),
            ]
        );
    }

    #[test]
    fn a_static_program_has_none() {
        assert_eq!(libraries("\tnot a dynamic executable\n").count(), 0);
    }
}
