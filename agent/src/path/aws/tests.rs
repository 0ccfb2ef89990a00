use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::path::{Classifier, PathClass, Ranges};

const FILE: &str = r#"{
  "syncToken": "1763700000", "createDate": "2026-11-21-04-40-00",
  "prefixes": [
    {"ip_prefix": "52.200.0.0/13", "region": "us-east-1", "service": "AMAZON", "network_border_group": "us-east-1"},
    {"ip_prefix": "52.200.0.0/13", "region": "us-east-1", "service": "EC2", "network_border_group": "us-east-1"},
    {"ip_prefix": "52.216.0.0/15", "region": "us-east-1", "service": "AMAZON", "network_border_group": "us-east-1"},
    {"ip_prefix": "52.216.0.0/15", "region": "us-east-1", "service": "S3", "network_border_group": "us-east-1"},
    {"ip_prefix": "52.95.0.0/20", "region": "eu-west-1", "service": "S3", "network_border_group": "eu-west-1"},
    {"ip_prefix": "52.94.0.0/22", "region": "us-east-1", "service": "DYNAMODB", "network_border_group": "us-east-1"},
    {"ip_prefix": "52.201.74.0/24", "region": "us-east-2", "service": "CLOUDFRONT", "network_border_group": "GLOBAL"}
  ],
  "ipv6_prefixes": [
    {"ipv6_prefix": "2600:1f18::/33", "region": "us-east-1", "service": "EC2", "network_border_group": "us-east-1"},
    {"ipv6_prefix": "2600:9000::1/128", "region": "us-east-1", "service": "EC2", "network_border_group": "us-east-1"}
  ]
}"#;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("edgeghost-aws-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn read(&self, bytes: &[u8]) -> Result<AwsRanges, String> {
        let file = self.0.join("ip-ranges.json");
        std::fs::write(&file, bytes).unwrap();
        AwsRanges::read(&file).map_err(|error| error.to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn at(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn the_longest_prefix_counts_with_all_its_services() {
    let folder = Folder::new("longest");
    let ranges = folder.read(FILE.as_bytes()).unwrap();
    for (address, region, services) in [
        ("52.200.0.0", "us-east-1", "AMAZON EC2"),
        ("52.207.255.255", "us-east-1", "AMAZON EC2"),
        ("52.201.74.79", "us-east-2", "CLOUDFRONT"),
        ("::ffff:52.216.1.1", "us-east-1", "AMAZON S3"),
        ("2600:1f18:7fff::1", "us-east-1", "EC2"),
    ] {
        let found = ranges.find(at(address)).unwrap();
        let names: Vec<&str> = found.services().collect();
        assert_eq!(
            (found.region, names.join(" ").as_str()),
            (region, services),
            "{address}"
        );
    }
    for address in [
        "52.208.0.0",
        "52.199.255.255",
        "2600:1f18:8000::",
        "2600:9000::1",
        "8.8.8.8",
    ] {
        assert!(!ranges.contains(at(address)), "{address}");
    }
    let told = ranges.to_string();
    assert!(
        told.contains("5 IPv4 and 1 IPv6 prefixes of 5 services")
            && told.contains("1 longer than /64 left out"),
        "{told}"
    );
}

#[test]
fn gateway_endpoints_are_of_the_own_region() {
    let ranges = Folder::new("gateway").read(FILE.as_bytes()).unwrap();
    for (address, own, other, unknown) in [
        ("52.216.1.1", true, false, true),
        ("52.94.1.1", true, false, true),
        ("52.95.1.1", false, true, true),
        ("52.200.1.1", false, false, false),
        ("8.8.8.8", false, false, false),
    ] {
        let may = |region| ranges.may_have_gateway(at(address), region);
        assert_eq!(
            [may(Some("us-east-1")), may(Some("eu-west-1")), may(None)],
            [own, other, unknown],
            "{address}"
        );
    }
}

#[test]
fn what_a_gateway_endpoint_may_carry_is_aws_and_does_not_vote_unless_it_is_claimed() {
    let aws = Folder::new("votes").read(FILE.as_bytes()).unwrap();
    let ranges = Ranges {
        region: Some("us-east-1".to_owned()),
        ..Ranges::default()
    };
    let classifier = Classifier::new(&ranges).with_aws(Some(Arc::new(aws)));
    for (address, class, judged) in [
        ("52.216.1.1", PathClass::Aws, false),
        ("52.95.1.1", PathClass::Aws, true),
        ("52.200.1.1", PathClass::Aws, true),
        ("8.8.8.8", PathClass::Public, true),
        ("10.1.2.3", PathClass::Private, true),
    ] {
        let address = at(address);
        let told = (classifier.classify(address), classifier.judged(address));
        assert_eq!(told, (class, judged), "{address}");
    }
    let claimed = classifier.with_ranges(&Ranges {
        private: vec!["52.216.0.0/15".parse().unwrap()],
        ..ranges
    });
    let address = at("52.216.1.1");
    assert_eq!(claimed.classify(address), PathClass::Private);
    assert!(claimed.judged(address), "the configuration knows the way");
}

#[test]
fn compressed_is_the_same() {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(FILE.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let ranges = Folder::new("gzip").read(&packed).unwrap();
    assert!(ranges.contains(at("52.201.74.79")));
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_place() {
    let folder = Folder::new("wrong");
    let bad = FILE.replace("52.95.0.0/20", "52.95.0.0/33");
    for (text, words) in [
        (bad.as_str(), ["line 8", "path.aws_ranges"]),
        (
            "{\"prefixes\": [], \"ipv6_prefixes\": []}",
            ["lists no prefix", "anew"],
        ),
        ("{\"prefixes\": []}", ["ipv6_prefixes", "line 1"]),
        ("<html>", ["line 1", "anew"]),
        ("", ["line 1", "anew"]),
        (
            &FILE.replace("52.200.0.0/13", "0.0.0.0/0"),
            ["0.0.0.0/0 is too wide", "anew"],
        ),
    ] {
        let error = folder.read(text.as_bytes()).unwrap_err();
        for word in words {
            assert!(error.contains(word), "{word}: {error}");
        }
    }
    let missing = AwsRanges::read(&folder.0.join("none"))
        .unwrap_err()
        .to_string();
    assert!(missing.contains("No such file"), "{missing}");
}

/// As many as are published, against a plain search.
#[test]
fn ten_thousand_prefixes_agree_with_a_plain_search_and_are_small() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let nets: Vec<IpNet> = (0..10_000)
        .map(|_| {
            let [.., a, b, c, d] = random().to_be_bytes();
            let length = u8::try_from(12 + random() % 17).unwrap();
            IpNet::new([a, b, c, d].into(), length).unwrap().trunc()
        })
        .collect();
    let ranges: AwsRanges = nets.iter().copied().collect();
    assert!(ranges.bytes() < 10 << 20, "{} bytes", ranges.bytes());
    for net in nets.iter().step_by(20) {
        for address in [net.network(), net.broadcast()] {
            let IpAddr::V4(v4) = address else { continue };
            for bits in [
                v4.to_bits(),
                v4.to_bits().wrapping_add(1),
                v4.to_bits().wrapping_sub(1),
            ] {
                let address = IpAddr::V4(bits.into());
                let plain = nets.iter().any(|net| net.contains(&address));
                assert_eq!(ranges.contains(address), plain, "{address}");
            }
        }
    }
}
