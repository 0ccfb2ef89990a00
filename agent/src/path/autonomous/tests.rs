use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::path::{AwsRanges, Classifier, Network, PathClass, Ranges};

fn at(text: &str) -> IpAddr {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

fn table(entries: &[(&str, u32)]) -> AsTable {
    let prefix = |(text, origin): &(&str, u32)| (text.parse().unwrap(), *origin);
    entries.iter().map(prefix).collect()
}

/// A file that goes away with the test.
struct File(PathBuf);

impl File {
    fn new(name: &str, content: &[u8]) -> Self {
        let name = format!("edgeghost-asn-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn read(content: &[u8], name: &str) -> Result<AsTable, String> {
    let file = File::new(name, content);
    AsTable::read(std::slice::from_ref(&file.0)).map_err(|error| error.to_string())
}

/// The spans against a list that is looked through for the longest prefix, at every place where
/// anything can change.
#[test]
fn thousands_of_nested_prefixes_agree_with_a_plain_search() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..60 {
        let wide = round % 3 == 0;
        let entries: Vec<(IpNet, u32)> = (0..=random() % 120)
            .map(|_| {
                let bits = random();
                let [a, b, c, d, length, ..] = bits.to_be_bytes();
                // Few values, so that prefixes lie in and beside each other, at the ends too.
                let few = |byte: u8| {
                    if wide {
                        byte
                    } else {
                        [0, 1, 127, 255][usize::from(byte % 4)]
                    }
                };
                let (a, b, c, d) = (few(a), few(b), few(c), few(d));
                let origin = u32::try_from(random() % 5).unwrap();
                let range: IpNet = if bits.is_multiple_of(2) {
                    IpNet::new(IpAddr::from([a, b, c, d]), length % 33).unwrap()
                } else {
                    let address = [a, b, c, d, few(length), a, d, b, c, 0, 0, 0, 0, 0, 0, a];
                    IpNet::new(IpAddr::from(address), length % 65).unwrap()
                };
                (range, origin)
            })
            .collect();
        let table: AsTable = entries.iter().copied().collect();
        let plain = |address: IpAddr| {
            let around = entries.iter().filter(|(range, _)| range.contains(&address));
            // Of equal ones the last.
            let (_, origin) = around.max_by_key(|(range, _)| range.prefix_len())?;
            (*origin != 0).then_some(*origin)
        };
        for (range, _) in &entries {
            let ends = [range.network(), range.broadcast(), range.addr()];
            for address in ends.into_iter().flat_map(neighbours) {
                assert_eq!(
                    table.origin(address),
                    plain(address),
                    "{address} {entries:?}"
                );
            }
        }
        assert!(table.spans() <= 2 * entries.len() + 2, "{}", table.spans());
        assert!(
            table.v4.is_in_order() && table.v6.is_in_order(),
            "{entries:?}"
        );
    }
}

/// An address with those before and after it; of IPv6 those that a /64 tells apart.
fn neighbours(address: IpAddr) -> Vec<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let bits = address.to_bits();
            [bits, bits.wrapping_sub(1), bits.wrapping_add(1)]
                .map(|bits| std::net::Ipv4Addr::from_bits(bits).into())
                .to_vec()
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            [bits, bits.wrapping_sub(1 << 64), bits.wrapping_add(1 << 64)]
                .map(std::net::Ipv6Addr::from_bits)
                .into_iter()
                .filter(|address| address.to_ipv4_mapped().is_none())
                .map(IpAddr::from)
                .collect()
        }
    }
}

#[test]
fn the_longest_prefix_counts_and_a_later_line_mends_an_earlier() {
    let table = table(&[
        ("0.0.0.0/0", 1),
        ("198.51.0.0/16", 2),
        ("198.51.100.0/24", 3),
        ("198.51.100.7/32", 4),
        ("255.255.255.0/24", 5),
        ("2001:db8::/32", 6),
        ("2001:db8:1::/48", 7),
        ("2001:db8:1:1::/64", 8),
        ("2001:db8:1:1::1/128", 9),
        ("198.51.0.0/16", 10),
        ("203.0.113.0/24", AS_TRANS),
        ("192.0.2.0/24", 0),
    ]);
    for (address, origin) in [
        ("0.0.0.0", Some(1)),
        ("198.50.255.255", Some(1)),
        ("198.51.0.0", Some(10)),
        ("198.51.100.6", Some(3)),
        ("198.51.100.7", Some(4)),
        ("::ffff:198.51.100.7", Some(4)),
        ("198.51.100.8", Some(3)),
        ("198.51.101.0", Some(10)),
        ("198.52.0.0", Some(1)),
        ("255.255.255.255", Some(5)),
        ("203.0.113.9", None),
        ("192.0.2.9", None),
        ("2001:db7:ffff::", None),
        ("2001:db8::1", Some(6)),
        ("2001:db8:1::1", Some(7)),
        ("2001:db8:1:1::1", Some(8)),
        ("2001:db8:2::1", Some(6)),
        ("2001:db9::1", None),
    ] {
        assert_eq!(table.origin(at(address)), origin, "{address}");
    }
    let text = table.to_string();
    assert!(
        text.starts_with("8 IPv4 and 3 IPv6 prefixes in ") && text.contains("1 longer than /64"),
        "{text}"
    );
}

#[test]
fn neighbours_of_one_system_are_one_span() {
    let table = table(&[
        ("198.51.100.0/24", 7),
        ("198.51.101.0/24", 7),
        ("198.51.100.0/22", 7),
        ("198.51.101.128/25", 7),
    ]);
    // Before, it, behind; and all of IPv6.
    assert_eq!(table.spans(), 4);
}

#[test]
fn public_peers_belong_to_their_system_and_others_to_what_they_did() {
    let systems = table(&[
        ("0.0.0.0/0", 64_496),
        ("198.51.0.0/16", 64_497),
        ("203.0.113.0/24", 0),
    ]);
    let ranges = Ranges {
        private: vec!["198.51.100.0/24".parse().unwrap()],
        ..Ranges::default()
    };
    let aws: AwsRanges = ["52.200.0.0/13".parse().unwrap()].into_iter().collect();
    let classifier = Classifier::new(&ranges)
        .with_systems(Some(Arc::new(systems)))
        .with_aws(Some(Arc::new(aws)));
    for (address, network) in [
        ("198.51.7.7", "AS64497"),
        ("192.0.2.7", "AS64496"),
        ("203.0.113.7", "203.0.0.0/16"),
        ("198.51.100.7", "198.51.100.7/32"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("127.0.0.1", "127.0.0.1/32"),
        ("52.201.74.79", "aws"),
        ("2001:db8::7", "2001:db8::/32"),
    ] {
        let class = classifier.classify(at(address));
        let found = classifier.network(at(address), class);
        assert_eq!(found.to_string(), network, "{address}");
    }
    assert_eq!(format!("{:>9}|", Network::As(64_496)), "  AS64496|");
    let without = Classifier::default();
    let network = without.network(at("198.51.7.7"), PathClass::Public);
    assert_eq!(network.to_string(), "198.51.0.0/16");
}

#[test]
fn files_as_caida_makes_them() {
    let text = "# made by hand\n\n1.0.0.0\t24\t64496\r\n1.0.4.0\t22\t64497_64498\n\
                1.0.5.0\t24\t64499,64500_64501\n  \n2001:db8::\t32\t4294967294\n1.0.0.7\t16\t7";
    let expected = BTreeMap::from([
        ("1.0.0.1", Some(64_496)),
        ("1.0.4.1", Some(64_497)),
        ("1.0.5.1", Some(64_499)),
        ("1.0.8.1", Some(7)),
        ("1.1.0.0", None),
        ("2001:db8::1", Some(4_294_967_294)),
    ]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    for (content, name) in [(text.as_bytes(), "plain"), (&gzip, "packed")] {
        let table = read(content, name).unwrap();
        for (address, origin) in &expected {
            assert_eq!(table.origin(at(address)), *origin, "{name} {address}");
        }
        assert_eq!(table.days(), Some(0));
        assert!(!table.is_old());
    }
}

#[test]
fn several_files_are_one_table_as_old_as_its_oldest_file() {
    let caida = File::new("caida", b"198.51.0.0\t16\t1\n203.0.113.0\t24\t2\n");
    let own = File::new("own", b"198.51.0.0\t16\t3\n");
    let year_ago = SystemTime::now() - Duration::from_hours(365 * 24);
    let file = std::fs::File::options().write(true).open(&caida.0).unwrap();
    file.set_modified(year_ago).unwrap();
    let table = AsTable::read(&[caida.0.clone(), own.0.clone()]).unwrap();
    assert_eq!(table.origin(at("198.51.7.7")), Some(3));
    assert_eq!(table.origin(at("203.0.113.7")), Some(2));
    assert_eq!(table.days(), Some(365));
    assert!(table.is_old());
    assert!(table.to_string().ends_with(", 365 days old"), "{table}");
}

#[test]
fn mistakes_are_named_with_file_line_and_way_out() {
    let long = format!("# {}\n", "x".repeat(5_000));
    for (content, line, problem) in [
        (
            "1.0.0.0\t24\n",
            1,
            "2 field(s) instead of 3: `1.0.0.0\\t24`",
        ),
        ("1.0.0.0/24\t7\n", 1, "2 field(s)"),
        ("1.0.0.0 24 7\n", 1, "1 field(s)"),
        ("1.0.0.0\t24\t7\t8\n", 1, "4 field(s)"),
        ("# x\n1.0.0\t24\t7\n", 2, "`1.0.0` is no network address"),
        ("1.0.0.0\t33\t7\n", 1, "`33` is no prefix length of 1.0.0.0"),
        ("::\t129\t7\n", 1, "`129` is no prefix length of ::"),
        ("1.0.0.0\t-1\t7\n", 1, "`-1` is no prefix length"),
        (
            "1.0.0.0\t8\t7\n\n1.0.0.0\t24\tAS7\n",
            3,
            "`AS7` is no AS number",
        ),
        ("1.0.0.0\t24\t7_\n", 1, "`` is no AS number"),
        ("1.0.0.0\t24\t{7,8}\n", 1, "`{7` is no AS number"),
        ("1.0.0.0\t24\t4294967296\n", 1, "is no AS number"),
        ("<html>\n", 1, "`<html>`"),
        (&long, 1, "longer than 4096 bytes"),
    ] {
        let error = read(content.as_bytes(), "bad").unwrap_err();
        let at = format!("bad, line {line}: ");
        for part in [at.as_str(), problem, "pfx2as", "path.as_table"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    let binary = read(b"\x00\xff\xfe\x80\n", "binary").unwrap_err();
    assert!(binary.contains("line 1: this is not text"), "{binary}");
    for content in ["", "# nothing\n\n"] {
        let error = read(content.as_bytes(), "empty").unwrap_err();
        assert!(error.contains("is empty"), "{error}");
    }
    let missing = AsTable::read(&[PathBuf::from("/no/such/table.gz")]).unwrap_err();
    let missing = missing.to_string();
    assert!(
        missing.contains("/no/such/table.gz: No such file"),
        "{missing}"
    );
    let folder = AsTable::read(&[std::env::temp_dir()]).unwrap_err();
    assert!(folder.to_string().contains("directory"), "{folder}");
    assert!(AsTable::read(&[Path::new("").into()]).is_err());
}

#[test]
fn a_file_that_is_cut_off_is_refused() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for number in 0..20_000_u32 {
        let [_, a, b, c] = number.wrapping_mul(2_654_435_761).to_be_bytes();
        writeln!(gzip, "{a}.{b}.{c}.0\t24\t{number}").unwrap();
    }
    let gzip = gzip.finish().unwrap();
    let error = read(&gzip[..gzip.len() / 2], "cut").unwrap_err();
    assert!(error.contains("beyond line "), "{error}");
}
