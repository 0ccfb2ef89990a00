//! Files as CAIDA makes them from the tables of `RouteViews`: a line a prefix, with the network,
//! the length and the origin, tabs in between.
//!
//! Some prefixes are announced by several autonomous systems (`64496_64497`), or by a set of them
//! that cannot be told apart (`64496,64497`). The first of them is taken for the name. In CAIDA's
//! files since October 2010 that is the one which most routers see. Peers behind the others count
//! as that one's: too few voices rather than too many.

use std::fs::File;
use std::io::{self, BufRead, Read as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ipnet::IpNet;
use thiserror::Error;

use crate::unpack;

/// Bytes of the longest line that is read: a file of something else may have no lines at all.
const LINE_MAX: u64 = 4_096;

/// Lines at most: three times as many as there are prefixes on the internet (1.3 million in 2026).
const MOST_LINES: u64 = 1 << 22;

/// What is wrong with a table of autonomous systems.
#[derive(Debug, Error)]
pub enum AsTableError {
    /// It cannot be opened.
    #[error(
        "cannot read the table of autonomous systems {path}: {source}; name one that is there in \
         path.as_table, or none to count networks by /16 and /32"
    )]
    Open {
        /// File.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It cannot be read on.
    #[error(
        "cannot read the table of autonomous systems {path} beyond line {line}: {source}; get it \
         anew, or take it out of path.as_table to count networks by /16 and /32"
    )]
    Read {
        /// File.
        path: PathBuf,
        /// Lines that were read.
        line: u64,
        /// What the system or the decompressor said.
        source: io::Error,
    },
    /// A line is not what it should be.
    #[error(
        "table of autonomous systems {path}, line {line}: {problem}\n\
         a line is a network, a length and an AS number with tabs in between, as in CAIDA's \
         RouteViews pfx2as; mend it, get the file anew, or take it out of path.as_table to count \
         networks by /16 and /32"
    )]
    Line {
        /// File.
        path: PathBuf,
        /// Number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no prefix in it.
    #[error(
        "the table of autonomous systems {path} is empty; get it anew, or take it out of \
         path.as_table to count networks by /16 and /32"
    )]
    Empty {
        /// File.
        path: PathBuf,
    },
}

/// Reads a file, and tells when it was last changed. Empty lines and comments (`#`) are passed
/// over.
pub(super) fn read(
    path: &Path,
    mut add: impl FnMut(IpNet, u32),
) -> Result<Option<SystemTime>, AsTableError> {
    let open = |source| AsTableError::Open {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(open)?;
    let modified = file
        .metadata()
        .and_then(|metadata| metadata.modified())
        .ok();
    let mut reader = unpack::reader(file).map_err(open)?;
    let mut text = Vec::new();
    let mut line = 0;
    let mut empty = true;
    loop {
        text.clear();
        let read = reader
            .by_ref()
            .take(LINE_MAX)
            .read_until(b'\n', &mut text)
            .map_err(|source| AsTableError::Read {
                path: path.to_owned(),
                line,
                source,
            })?;
        if read == 0 {
            break;
        }
        line += 1;
        let entry = if line > MOST_LINES {
            Err(format!("more than {MOST_LINES} lines"))
        } else {
            entry(&text)
        };
        match entry {
            Ok(None) => {}
            Ok(Some((prefix, origin))) => {
                add(prefix, origin);
                empty = false;
            }
            Err(problem) => {
                return Err(AsTableError::Line {
                    path: path.to_owned(),
                    line,
                    problem,
                });
            }
        }
    }
    if empty {
        return Err(AsTableError::Empty {
            path: path.to_owned(),
        });
    }
    Ok(modified)
}

fn entry(line: &[u8]) -> Result<Option<(IpNet, u32)>, String> {
    let text = str::from_utf8(line).map_err(|_| "this is not text".to_owned())?;
    if !text.ends_with('\n') && text.len() as u64 >= LINE_MAX {
        return Err(format!("longer than {LINE_MAX} bytes"));
    }
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let mut fields = text.split('\t');
    let (Some(network), Some(length), Some(origins), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(format!(
            "{} field(s) instead of 3: `{}`",
            text.split('\t').count(),
            shown(text)
        ));
    };
    let address: IpAddr = network
        .parse()
        .map_err(|_| format!("`{}` is no network address", shown(network)))?;
    let prefix = length
        .parse()
        .ok()
        .and_then(|length| IpNet::new(address, length).ok())
        .ok_or_else(|| format!("`{}` is no prefix length of {address}", shown(length)))?;
    let mut first = None;
    for origin in origins.split(['_', ',']) {
        let origin: u32 = origin
            .parse()
            .map_err(|_| format!("`{}` is no AS number", shown(origin)))?;
        first.get_or_insert(origin);
    }
    Ok(first.map(|origin| (prefix, origin)))
}

/// As much of a bad word as tells what it is, and nothing that a terminal would obey.
fn shown(text: &str) -> String {
    let shown: String = text.chars().take(60).collect();
    shown.escape_debug().to_string()
}
