//! Reading `ip-ranges.json`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ipnet::IpNet;
use serde::Deserialize;
use thiserror::Error;

use crate::shown::shown;
use crate::unpack;

/// The published file has 2.6 MB; beyond this it is something else, or packed with ill intent.
const MAX_BYTES: u64 = 64 << 20;

/// What is wrong with a file of AWS's ranges.
#[derive(Debug, Error)]
pub enum AwsRangesError {
    /// It cannot be read.
    #[error(
        "cannot read AWS's ranges {path}: {source}; get https://ip-ranges.amazonaws.com/\
         ip-ranges.json anew, or take it out of path.aws_ranges"
    )]
    Read {
        /// File.
        path: PathBuf,
        /// What the system or the decompressor said.
        source: io::Error,
    },
    /// It is not what it should be.
    #[error(
        "AWS's ranges {path}: {problem}; it must be in the form of https://ip-ranges.amazonaws.com/\
         ip-ranges.json: get it anew, or take it out of path.aws_ranges"
    )]
    Form {
        /// File.
        path: PathBuf,
        /// What is wrong with it, and where.
        problem: String,
    },
}

/// A prefix, and what it is listed as.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) prefix: IpNet,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

#[derive(Deserialize)]
struct Ranges {
    prefixes: Vec<V4>,
    ipv6_prefixes: Vec<V6>,
}

#[derive(Deserialize)]
struct V4 {
    ip_prefix: ipnet::Ipv4Net,
    region: String,
    service: String,
}

#[derive(Deserialize)]
struct V6 {
    ipv6_prefix: ipnet::Ipv6Net,
    region: String,
    service: String,
}

/// Reads a file, and tells when it was last changed.
pub(super) fn read(
    path: &Path,
    mut add: impl FnMut(Record<'_>),
) -> Result<Option<SystemTime>, AwsRangesError> {
    let read = |source| AwsRangesError::Read {
        path: path.to_owned(),
        source,
    };
    let form = |problem: String| AwsRangesError::Form {
        path: path.to_owned(),
        problem: shown(&problem),
    };
    let file = File::open(path).map_err(read)?;
    let modified = file.metadata().and_then(|data| data.modified()).ok();
    let reader = unpack::reader(file).map_err(read)?;
    let mut bytes = Vec::new();
    reader
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(read)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(form(format!("it has more than {MAX_BYTES} bytes")));
    }
    let ranges: Ranges = serde_json::from_slice(&bytes).map_err(|error| form(error.to_string()))?;
    drop(bytes);
    if ranges.prefixes.is_empty() && ranges.ipv6_prefixes.is_empty() {
        return Err(form("it lists no prefix".to_owned()));
    }
    let v4 = ranges.prefixes.iter().map(|entry| Record {
        prefix: IpNet::V4(entry.ip_prefix),
        region: &entry.region,
        service: &entry.service,
    });
    let v6 = ranges.ipv6_prefixes.iter().map(|entry| Record {
        prefix: IpNet::V6(entry.ipv6_prefix),
        region: &entry.region,
        service: &entry.service,
    });
    for record in v4.chain(v6) {
        // A default route here would make the whole internet AWS's.
        if record.prefix.prefix_len() < 8 {
            return Err(form(format!("{} is too wide to be AWS's", record.prefix)));
        }
        add(record);
    }
    Ok(modified)
}
