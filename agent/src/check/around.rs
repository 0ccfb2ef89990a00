//! What the agent needs around it: outputs, the clock, the places where it is asked.

use std::io::{self, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Access, access, statvfs};
use thiserror::Error;

use super::clock;
use super::report::Report;
use crate::config::{Config, Site};
use crate::sink::Target;

/// With less room than this on its disk, a file of events will be full soon.
const LITTLE_ROOM: u64 = 64 << 20;

/// A collector on this host or near it is there at once or not at all.
const COLLECTOR: Duration = Duration::from_millis(500);

/// An output that cannot be written.
#[derive(Debug, Error)]
#[error("events cannot be written to {path}: {why}")]
pub struct OutputFault {
    path: PathBuf,
    why: String,
}

/// Where events go; the first that cannot be opened keeps the agent from starting.
pub(super) fn outputs<W: Write>(
    config: &Config,
    report: &mut Report<'_, W>,
) -> io::Result<Result<(), OutputFault>> {
    let name = "output";
    let mut result = Ok(());
    for sink in config.sinks.settings(None) {
        match sink.target {
            Target::Stdout => report.ok(name, "standard output; under systemd the journal")?,
            Target::File { path, .. } => match writable(&path) {
                Ok(None) => report.ok(name, &format!("{} can be written", path.display()))?,
                Ok(Some(room)) => report.warn(
                    name,
                    &format!(
                        "{} can be written, but only {} MiB are free there",
                        path.display(),
                        room >> 20
                    ),
                )?,
                Err(why) => {
                    let fault = OutputFault { path, why };
                    report.fail(name, &fault.to_string())?;
                    result = result.and(Err(fault));
                }
            },
            Target::Datagram(path) | Target::Stream(path) => socket(name, &path, report)?,
            // Looked at with the collector itself.
            #[cfg(feature = "otlp")]
            Target::Otlp(_) => {}
        }
    }
    Ok(result)
}

/// Somebody else's socket: it may come later.
fn socket<W: Write>(name: &str, path: &Path, report: &mut Report<'_, W>) -> io::Result<()> {
    let shown = path.display();
    match std::fs::metadata(path) {
        Ok(data) if data.file_type().is_socket() => {
            report.ok(name, &format!("{shown} is a socket"))
        }
        Ok(_) => report.warn(
            name,
            &format!("{shown} is no socket: start the program that listens there"),
        ),
        Err(error) => report.warn(
            name,
            &format!("{shown}: {error}; it is tried again and again until somebody listens there"),
        ),
    }
}

/// Whether a file can be written, made if need be, without doing so; if there is little room, how
/// much.
fn writable(path: &Path) -> Result<Option<u64>, String> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if path.exists() {
        access(path, Access::WRITE_OK).map_err(|error| error.to_string())?;
    } else {
        access(folder, Access::WRITE_OK | Access::EXEC_OK)
            .map_err(|error| format!("its folder {}: {error}", folder.display()))?;
    }
    let room = statvfs(folder).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    Ok(room.ok().filter(|room| *room < LITTLE_ROOM))
}

/// The wall clock.
pub(super) fn clock<W: Write>(report: &mut Report<'_, W>) -> io::Result<()> {
    let name = "clock";
    match clock::look() {
        Ok(clock) if clock.synchronised => report.ok(
            name,
            &format!("kept right, to {:.1} ms", clock.off_by.as_secs_f64() * 1e3),
        ),
        Ok(_) => report.warn(
            name,
            "nobody keeps it right: times in events may be off (verdicts do not go by it); on EC2, \
             chrony with 169.254.169.123",
        ),
        Err(error) => report.warn(name, &format!("the kernel does not tell: {error}")),
    }
}

/// Where `edgeghost status` asks, where metrics are scraped, and where they are exported to.
pub(super) fn places<W: Write>(config: &Config, report: &mut Report<'_, W>) -> io::Result<()> {
    let name = "status socket";
    match config.status.socket() {
        None => report.ok(name, "off: status.socket is empty")?,
        Some(path) if UnixStream::connect(path).is_ok() => {
            let words = format!("an edgeghost runs and answers at {}", path.display());
            report.ok(name, &words)?;
        }
        Some(path) => match writable(path) {
            Ok(_) => report.ok(name, &format!("{} can be made", path.display()))?,
            Err(why) => report.warn(
                name,
                &format!(
                    "{}: {why}; nobody can ask for the status (systemd: \
                     RuntimeDirectory=edgeghost)",
                    path.display()
                ),
            )?,
        },
    }
    let name = "metrics";
    match config.metrics.listen.0 {
        None => report.ok(name, "off: metrics.listen is empty")?,
        Some(at) if at.ip().is_loopback() => report.ok(name, &format!("at {at}, for this host"))?,
        Some(at) => report.warn(
            name,
            &format!("at {at}, without a password: whoever reaches it reads it"),
        )?,
    }
    let name = "OTLP export";
    match &config.otlp.endpoint.0 {
        None => report.ok(name, "off: otlp.endpoint is empty"),
        Some(site) => match answers(site) {
            Ok(()) => report.ok(name, &format!("somebody listens at {site}")),
            Err(error) => report.warn(
                name,
                &format!(
                    "{site}: {error}; it is tried again and again, incidents and recommendations \
                     are kept meanwhile"
                ),
            ),
        },
    }
}

/// Whether anybody takes a connection there.
fn answers(site: &Site) -> io::Result<()> {
    let mut last = io::Error::other("no such host");
    for at in (site.host.as_str(), site.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&at, COLLECTOR) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}
