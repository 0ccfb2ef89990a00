//! The table of autonomous systems beside a map of prefixes with the same entries.

use std::fmt::Write as _;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use edgeghost::path::AsTable;
use edgeghost::unpack;
use edgeghost_tests::temp::TempDir;
use flate2::Compression;
use flate2::write::GzEncoder;
use ipnet::IpNet;
use prefix_trie::joint::JointPrefixMap;

use crate::measure::{each, mebibytes, once, resident};
use crate::random::Random;
use crate::synthetic;

/// Origins that stand for nobody, as the table knows too.
const NOBODY: [u32; 2] = [0, 23_456];

/// Options of `as-table`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A table as the agent reads it, several times for several files; made up in the internet's
    /// size if there is none
    #[arg(long, value_name = "FILE")]
    table: Vec<PathBuf>,

    /// Addresses looked up in a round
    #[arg(long, value_name = "N", default_value_t = 1 << 20,
          value_parser = clap::value_parser!(u32).range(1..=1 << 26))]
    look_ups: u32,

    /// Only make the table this way, and print what the process grew by, bytes
    #[arg(long, hide = true, requires = "table")]
    grown: Option<Way>,
}

/// How to keep a table.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Way {
    Spans,
    Map,
}

/// One way to keep the table.
struct Row {
    name: &'static str,
    took: Duration,
    grown: i64,
    computed: Option<usize>,
    /// Announced IPv4, any IPv4, announced IPv6.
    nanoseconds: [Option<f64>; 3],
}

/// Measures, and tells as a table.
pub(crate) fn report(options: &Options) -> Result<String> {
    if let Some(way) = options.grown {
        return Ok(format!("{}\n", grown(way, &options.table)?));
    }
    let folder = TempDir::new()?;
    let (files, entries) = if options.table.is_empty() {
        let entries = synthetic::table();
        (vec![write(folder.path(), &entries)?], entries)
    } else {
        (options.table.clone(), entries(&options.table)?)
    };
    let mut random = Random::new();
    let addresses = [
        announced(&mut random, &entries, options, |net| {
            matches!(net, IpNet::V4(_))
        }),
        anywhere(&mut random, options),
        announced(&mut random, &entries, options, |net| {
            matches!(net, IpNet::V6(_))
        }),
    ];

    let (table, took) = once(|| AsTable::read(&files));
    let table = table?;
    let spans = Row {
        name: "spans (AsTable), from the file",
        took,
        grown: in_a_fresh_process(Way::Spans, &files)?,
        computed: Some(table.bytes()),
        nanoseconds: times(&addresses, |address| table.origin(address)),
    };
    let (trie, took) = once(|| map(&entries));
    let find = |address: IpAddr| {
        trie.get_lpm(&IpNet::from(address))
            .map(|(_, origin)| *origin)
            .filter(|origin| !NOBODY.contains(origin))
    };
    let map = Row {
        name: "prefix-trie, from memory",
        took,
        grown: in_a_fresh_process(Way::Map, &files)?,
        computed: None,
        nanoseconds: times(&addresses, find),
    };
    for address in addresses.iter().flatten() {
        ensure!(
            table.origin(*address) == find(*address),
            "the two disagree on {address}"
        );
    }

    let mut text = format!("{table}, {} spans\n\n", table.spans());
    let _ = writeln!(
        text,
        "{:32}{:>8}{:>12}{:>12}{:>16}{:>12}{:>16}",
        "", "made in", "resident", "computed", "announced IPv4", "any IPv4", "announced IPv6"
    );
    for row in [spans, map] {
        let [v4, any, v6] = row
            .nanoseconds
            .map(|time| time.map_or_else(|| "-".to_owned(), |time| format!("{time:.0} ns")));
        let computed = row.computed.map_or_else(String::new, |bytes| {
            format!(
                "{:.1} MiB",
                mebibytes(i64::try_from(bytes).unwrap_or(i64::MAX))
            )
        });
        let _ = writeln!(
            text,
            "{:32}{:>6.2} s{:>8.1} MiB{computed:>12}{v4:>16}{any:>12}{v6:>16}",
            row.name,
            row.took.as_secs_f64(),
            mebibytes(row.grown),
        );
    }
    let _ = writeln!(
        text,
        "\nLook-ups wait for each other, as those of flows do; {} addresses a round.",
        options.look_ups
    );
    Ok(text)
}

fn map(entries: &[(IpNet, u32)]) -> JointPrefixMap<IpNet, u32> {
    entries.iter().copied().collect()
}

/// What this process grows by when it makes the table.
fn grown(way: Way, files: &[PathBuf]) -> Result<i64> {
    match way {
        Way::Spans => {
            let before = resident()?;
            let table = AsTable::read(files)?;
            let grown = resident()? - before;
            drop(table);
            Ok(grown)
        }
        Way::Map => {
            let entries = entries(files)?;
            let before = resident()?;
            let map = map(&entries);
            let grown = resident()? - before;
            drop(map);
            Ok(grown)
        }
    }
}

/// The same of a process that has done nothing before: one that has freed much memory has room
/// left that does not show.
fn in_a_fresh_process(way: Way, files: &[PathBuf]) -> Result<i64> {
    let way = way.to_possible_value().context("every way has a name")?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["as-table", "--grown", way.get_name()]);
    for file in files {
        command.arg("--table").arg(file);
    }
    let output = command.output()?;
    let text = String::from_utf8(output.stdout)?;
    text.trim()
        .parse()
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

fn times(addresses: &[Vec<IpAddr>; 3], find: impl Fn(IpAddr) -> Option<u32>) -> [Option<f64>; 3] {
    addresses.each_ref().map(|addresses| {
        if addresses.is_empty() {
            return None;
        }
        let time = each(addresses.len(), || {
            let mut index = 0;
            for _ in 0..addresses.len() {
                let Some(address) = addresses.get(index) else {
                    return;
                };
                let found = find(*address).unwrap_or(0);
                // The next address is not known before this look-up is over.
                index += 1 + usize::from(black_box(found) == u32::MAX);
            }
        });
        Some(time)
    })
}

/// Addresses in prefixes that are announced.
fn announced(
    random: &mut Random,
    entries: &[(IpNet, u32)],
    options: &Options,
    of_family: fn(&IpNet) -> bool,
) -> Vec<IpAddr> {
    let nets: Vec<IpNet> = entries
        .iter()
        .map(|(net, _)| *net)
        .filter(of_family)
        .collect();
    if nets.is_empty() {
        return Vec::new();
    }
    (0..options.look_ups)
        .filter_map(|_| {
            let net = random.pick(&nets)?;
            let host = random.next();
            Some(match net {
                IpNet::V4(net) => {
                    let [.., a, b, c, d] = host.to_be_bytes();
                    let host = u32::from_be_bytes([a, b, c, d]) & net.hostmask().to_bits();
                    Ipv4Addr::from_bits(net.network().to_bits() | host).into()
                }
                IpNet::V6(net) => {
                    let host = u128::from(host) << 64 & net.hostmask().to_bits();
                    Ipv6Addr::from_bits(net.network().to_bits() | host).into()
                }
            })
        })
        .collect()
}

fn anywhere(random: &mut Random, options: &Options) -> Vec<IpAddr> {
    let mut address = || {
        let [a, b, c, d, ..] = random.next().to_be_bytes();
        IpAddr::from([a, b, c, d])
    };
    (0..options.look_ups).map(|_| address()).collect()
}

/// The table as a file.
fn write(folder: &Path, entries: &[(IpNet, u32)]) -> Result<PathBuf> {
    let path = folder.join("table.pfx2as.gz");
    let context = || format!("cannot write {}", path.display());
    let file = File::create(&path).with_context(context)?;
    let mut file = GzEncoder::new(std::io::BufWriter::new(file), Compression::fast());
    for (net, origin) in entries {
        writeln!(file, "{}\t{}\t{origin}", net.network(), net.prefix_len())
            .with_context(context)?;
    }
    file.finish()
        .and_then(|mut file| file.flush())
        .with_context(context)?;
    Ok(path)
}

/// What files hold, in a plain way; whether they are right is for the table to say.
fn entries(files: &[PathBuf]) -> Result<Vec<(IpNet, u32)>> {
    let mut entries = Vec::new();
    for file in files {
        let open = || format!("cannot read {}", file.display());
        let reader = unpack::reader(File::open(file).with_context(open)?).with_context(open)?;
        for line in reader.lines() {
            let line = line.with_context(open)?;
            if line.starts_with('#') {
                continue;
            }
            let mut fields = line.split(['\t', '_', ',']);
            let (Some(address), Some(length), Some(origin)) =
                (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            let net = IpNet::new(address.parse()?, length.parse()?)?;
            // The table leaves longer ones out.
            if net.prefix_len() <= 64 {
                entries.push((net, origin.parse()?));
            }
        }
    }
    Ok(entries)
}
