//! AWS's published ranges, as `path.aws_ranges` reads them.

use std::fmt::Write as _;
use std::hint::black_box;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Args;
use edgeghost::path::AwsRanges;
use edgeghost_tests::temp::TempDir;
use serde_json::json;

use crate::measure::{each, mebibytes, once, resident};
use crate::random::Random;

/// Entries of the file as it was published on 2026-08-22; here as many prefixes, which is more.
const PUBLISHED: (u32, u32) = (10_666, 6_160);

/// What a look-up may take, nanoseconds, and what the table may take, MiB.
const BOUNDS: (f64, f64) = (200.0, 10.0);

/// Options of `aws-ranges`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// `ip-ranges.json` as AWS publishes it; made up in its size if there is none
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Addresses looked up in a round
    #[arg(long, value_name = "N", default_value_t = 1 << 20,
          value_parser = clap::value_parser!(u32).range(1..=1 << 26))]
    look_ups: u32,

    /// Only read the file, and print what the process grew by, bytes
    #[arg(long, hide = true, requires = "file")]
    grown: bool,
}

/// Measures, and tells as a table.
pub(crate) fn report(options: &Options) -> Result<String> {
    let folder = TempDir::new()?;
    let file = match &options.file {
        Some(file) if options.grown => {
            let before = resident()?;
            let ranges = AwsRanges::read(file)?;
            let grown = resident()? - before;
            drop(ranges);
            return Ok(format!("{grown}\n"));
        }
        Some(file) => file.clone(),
        None => folder.write("ip-ranges.json", &made_up())?,
    };
    let (ranges, took) = once(|| AwsRanges::read(&file));
    let ranges = ranges?;
    let mut random = Random::new();
    let mut listed = Vec::new();
    let mut any = Vec::new();
    while listed.len() < options.look_ups as usize {
        let [.., a, b, c, d] = random.next().to_be_bytes();
        let v4 = IpAddr::from([a, b, c, d]);
        if any.len() < options.look_ups as usize {
            any.push(v4);
        }
        if ranges.contains(v4) {
            listed.push(v4);
        }
    }
    let computed = mebibytes(i64::try_from(ranges.bytes()).unwrap_or(i64::MAX));
    let resident = mebibytes(in_a_fresh_process(&file)?);
    let mut text = format!("{ranges}\n\n");
    let _ = writeln!(
        text,
        "read in {:.3} s of processor time, {resident:.1} MiB more resident, {computed:.2} MiB \
         computed (bound {} MiB)",
        took.as_secs_f64(),
        BOUNDS.1
    );
    for (name, addresses) in [("listed", &listed), ("any", &any)] {
        let find = time(addresses, |address| {
            ranges.find(address).map_or(0, |found| found.region.len())
        });
        let gateway = time(addresses, |address| {
            usize::from(ranges.may_have_gateway(address, Some("us-east-1")))
        });
        let _ = writeln!(
            text,
            "{name:>7} IPv4 address: {find:>4.0} ns to find it, {gateway:>4.0} ns to tell whether \
             it may have a gateway endpoint (bound {} ns)",
            BOUNDS.0
        );
    }
    let _ = writeln!(
        text,
        "\nLook-ups wait for each other, as those of flows do; {} addresses a round.",
        options.look_ups
    );
    Ok(text)
}

fn time(addresses: &[IpAddr], find: impl Fn(IpAddr) -> usize) -> f64 {
    each(addresses.len(), || {
        let mut index = 0;
        while let Some(address) = addresses.get(index) {
            // The next address is not known before this look-up is over.
            index += 1 + usize::from(black_box(find(*address)) == usize::MAX);
        }
    })
}

/// What a process that has done nothing before grows by.
fn in_a_fresh_process(file: &Path) -> Result<i64> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["aws-ranges", "--grown", "--file"]).arg(file);
    let output = command.output()?;
    let text = String::from_utf8(output.stdout)?;
    text.trim()
        .parse()
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A file larger than the published one: blocks between /14 and /24, each listed for `AMAZON` and
/// for one service more.
fn made_up() -> String {
    let mut random = Random::new();
    let services = [
        "EC2",
        "S3",
        "CLOUDFRONT",
        "DYNAMODB",
        "API_GATEWAY",
        "ROUTE53",
    ];
    let regions = [
        "us-east-1",
        "us-west-2",
        "eu-west-1",
        "ap-southeast-2",
        "GLOBAL",
    ];
    let (v4, v6) = PUBLISHED;
    let mut entries = |count: u32, key: &str, make: &dyn Fn(u64, u64) -> String| {
        let mut list = Vec::new();
        while list.len() < 2 * count as usize {
            let length = random.next();
            let prefix = make(random.next(), length);
            let region = random.pick(&regions).unwrap_or_default();
            let other = random.pick(&services).unwrap_or_default();
            for service in ["AMAZON", other] {
                list.push(json!({
                    key: prefix, "region": region, "service": service,
                    "network_border_group": region,
                }));
            }
        }
        list
    };
    let v4 = entries(v4, "ip_prefix", &|bits, length| {
        let [.., a, b, c, _] = bits.to_be_bytes();
        format!("{}.{b}.{c}.0/{}", a % 200 + 1, 14 + length % 11)
    });
    let v6 = entries(v6, "ipv6_prefix", &|bits, length| {
        let [.., a, b, c, d] = bits.to_be_bytes();
        format!("2600:{a:x}{b:02x}:{c:x}{d:02x}::/{}", 36 + length % 13)
    });
    json!({ "syncToken": "0", "createDate": "", "prefixes": v4, "ipv6_prefixes": v6 }).to_string()
}
