use super::*;

use PathClass::{Aws, Loopback, Private, Public};

fn at(text: &str) -> IpAddr {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

fn nets(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn configured(private: &[&str], vpc: &[&str], aws: &[&str]) -> Classifier {
    Classifier::new(&Ranges {
        private: nets(private),
        vpc: nets(vpc),
        ..Ranges::default()
    })
    .with_aws(Some(Arc::new(nets(aws).into_iter().collect())))
}

type Neighbours = &'static [(&'static str, PathClass)];

/// Ranges with their first and last address, then the neighbours outside and their class.
#[rustfmt::skip]
const TABLE: &[(&str, &str, PathClass, Neighbours)] = &[
    ("0.0.0.0",         "0.0.0.0",         Loopback, &[("0.0.0.1", Private)]),
    ("0.0.0.1",         "0.255.255.255",   Private,  &[("0.0.0.0", Loopback), ("1.0.0.0", Public)]),
    ("10.0.0.0",        "10.255.255.255",  Private,  &[("9.255.255.255", Public), ("11.0.0.0", Public)]),
    ("100.64.0.0",      "100.127.255.255", Private,  &[("100.63.255.255", Public), ("100.128.0.0", Public)]),
    ("127.0.0.0",       "127.255.255.255", Loopback, &[("126.255.255.255", Public), ("128.0.0.0", Public)]),
    ("169.254.0.0",     "169.254.255.255", Private,  &[("169.253.255.255", Public), ("169.255.0.0", Public)]),
    ("169.254.169.123", "169.254.169.123", Private,  &[]),
    ("169.254.169.253", "169.254.169.254", Private,  &[]),
    ("172.16.0.0",      "172.31.255.255",  Private,  &[("172.15.255.255", Public), ("172.32.0.0", Public)]),
    ("192.168.0.0",     "192.168.255.255", Private,  &[("192.167.255.255", Public), ("192.169.0.0", Public)]),
    ("224.0.0.0",       "239.255.255.255", Private,  &[("223.255.255.255", Public), ("240.0.0.0", Public)]),
    ("255.255.255.255", "255.255.255.255", Private,  &[("255.255.255.254", Public)]),
    // The default route takes these, so they are public.
    ("192.0.0.0",       "192.0.0.255",     Public,   &[]),
    ("192.0.2.0",       "192.0.2.255",     Public,   &[("192.0.1.255", Public), ("192.0.3.0", Public)]),
    ("198.18.0.0",      "198.19.255.255",  Public,   &[("198.17.255.255", Public), ("198.20.0.0", Public)]),
    ("198.51.100.0",    "198.51.100.255",  Public,   &[("198.51.99.255", Public), ("198.51.101.0", Public)]),
    ("203.0.113.0",     "203.0.113.255",   Public,   &[("203.0.112.255", Public), ("203.0.114.0", Public)]),
    ("240.0.0.0",       "255.255.255.254", Public,   &[]),
    ("52.201.74.79",    "52.201.74.79",    Public,   &[]),
    ("::",              "::1",             Loopback, &[("::2", Public)]),
    ("fc00::",          "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Private,
        &[("fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Public), ("fe00::", Public)]),
    ("fd00:ec2::",      "fd00:ec2:ffff:ffff:ffff:ffff:ffff:ffff", Private, &[]),
    ("fd00:ec2::253",   "fd00:ec2::254",   Private,  &[]),
    ("fe80::",          "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Private,
        &[("fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Public), ("fec0::", Public)]),
    ("ff00::",          "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Private,
        &[("feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Public)]),
    ("2001:db8::",      "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Public,
        &[("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", Public), ("2001:db9::", Public)]),
    ("2600:1f18::",     "2600:1f18:ffff:ffff:ffff:ffff:ffff:ffff", Public, &[]),
    ("2001::",          "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Public, &[]),
    ("2002::",          "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Public, &[]),
];

#[test]
fn every_range_with_its_ends_and_neighbours() {
    let classifier = Classifier::default();
    for (first, last, class, outside) in TABLE {
        assert_eq!(classifier.classify(at(first)), *class, "{first}");
        assert_eq!(classifier.classify(at(last)), *class, "{last}");
        for (neighbour, class) in *outside {
            assert_eq!(classifier.classify(at(neighbour)), *class, "{neighbour}");
        }
    }
}

#[test]
fn mapped_addresses_are_judged_as_ipv4() {
    let classifier = configured(
        &["198.51.100.0/24"],
        &["203.0.113.0/24"],
        &["52.200.0.0/13"],
    );
    let addresses = TABLE.iter().flat_map(|(first, last, ..)| [*first, *last]);
    for text in addresses.chain(["198.51.100.7", "203.0.113.7", "52.201.74.79"]) {
        let address = at(text);
        let IpAddr::V4(plain) = address else { continue };
        let mapped = IpAddr::V6(plain.to_ipv6_mapped());
        assert_eq!(
            classifier.classify(mapped),
            classifier.classify(address),
            "{mapped}"
        );
        assert_eq!(
            classifier.judged(mapped),
            classifier.judged(address),
            "{mapped}"
        );
        assert_eq!(unmap(mapped), address);
        assert_eq!(
            super::super::from_bytes(plain.to_ipv6_mapped().octets()),
            address
        );
    }
    let plain = at("2600:1f18::7");
    assert_eq!(unmap(plain), plain);
    let compatible = at("::198.51.100.7");
    assert_eq!(unmap(compatible), compatible, "not the mapped form");
}

#[test]
fn configured_ranges_come_before_the_default() {
    let classifier = configured(
        &["198.51.100.0/25", "2001:db8:7::/48"],
        &["203.0.113.0/24", "2600:1f18:1234::/56"],
        &[],
    );
    for (address, class) in [
        ("198.51.100.0", Private),
        ("198.51.100.127", Private),
        ("198.51.100.128", Public),
        ("203.0.113.255", Private),
        ("203.0.114.0", Public),
        ("2001:db8:7:ffff::1", Private),
        ("2001:db8:8::1", Public),
        ("2600:1f18:1234:ff::1", Private),
        ("2600:1f18:1234:100::1", Public),
        ("127.0.0.1", Loopback),
    ] {
        assert_eq!(classifier.classify(at(address)), class, "{address}");
    }
}

#[test]
fn a_range_of_everything_leaves_the_host_itself_alone() {
    let classifier = configured(&["0.0.0.0/0", "::/0"], &[], &["52.200.0.0/13"]);
    for (address, class) in [
        ("52.201.74.79", Private),
        ("240.0.0.1", Private),
        ("127.0.0.1", Loopback),
        ("0.0.0.0", Loopback),
        ("::1", Loopback),
        ("2600::1", Private),
    ] {
        assert_eq!(classifier.classify(at(address)), class, "{address}");
    }
}

#[test]
fn aws_ranges_lose_to_everything_private() {
    let classifier = configured(
        &["52.0.0.0/8"],
        &["3.5.140.0/22"],
        &[
            "3.5.0.0/16",
            "3.5.140.0/24",
            "52.200.0.0/13",
            "10.1.0.0/16",
            "2600:1f18::/33",
        ],
    );
    for (address, class) in [
        ("3.5.1.1", Aws),
        ("3.5.140.1", Private),
        ("3.5.144.1", Aws),
        ("3.6.0.1", Public),
        ("52.201.74.79", Private),
        ("10.1.2.3", Private),
        ("2600:1f18:7fff::1", Aws),
        ("2600:1f18:8000::1", Public),
    ] {
        assert_eq!(classifier.classify(at(address)), class, "{address}");
    }
}

#[test]
fn translated_peers_do_not_vote() {
    let classifier = configured(&[], &[], &["52.200.0.0/13"]);
    for (address, class) in [
        ("64:ff9b::198.51.100.7", Public),
        ("64:ff9b::10.1.2.3", Private),
        ("64:ff9b::52.201.74.79", Aws),
        ("64:ff9b::", Loopback),
        ("64:ff9b::ffff:ffff", Private),
        ("64:ff9b:1::1", Public),
        ("64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Public),
        ("2001::1", Public),
        ("2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Public),
        ("2002::1", Public),
        ("2002:c633:6407::1", Public),
    ] {
        assert_eq!(classifier.classify(at(address)), class, "{address}");
        assert!(!classifier.judged(at(address)), "{address}");
    }
    for address in [
        "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff",
        "64:ff9b::1:0:0",
        "64:ff9b:2::",
        "2001:1::",
        "2003::",
        "2001:db8::1",
        "198.51.100.7",
        "10.1.2.3",
    ] {
        assert!(classifier.judged(at(address)), "{address}");
    }
    let claimed = configured(&["64:ff9b::/96"], &["2002:c633:6407::/48"], &[]);
    for address in ["64:ff9b::198.51.100.7", "2002:c633:6407::1"] {
        assert_eq!(claimed.classify(at(address)), Private, "{address}");
        assert!(claimed.judged(at(address)), "{address}");
    }
    assert!(!claimed.judged(at("2002:c633:6408::1")));
}

#[test]
fn ranges_are_taken_as_they_are_written() {
    let classifier = configured(
        &[
            "198.51.100.77/24",
            "::ffff:203.0.113.0/120",
            "::ffff:0:0/90",
        ],
        &[],
        &[],
    );
    assert_eq!(
        classifier.classify(at("198.51.100.1")),
        Private,
        "host bits"
    );
    assert_eq!(classifier.classify(at("203.0.113.9")), Private, "mapped");
    assert_eq!(classifier.classify(at("203.0.114.9")), Public);
    let all = configured(&["::ffff:0:0/96"], &[], &[]);
    assert_eq!(all.classify(at("203.0.114.9")), Private);
    assert_eq!(all.classify(at("2600::9")), Public);
}

#[test]
fn names_are_the_same_everywhere() {
    for class in PathClass::ALL {
        let json = serde_json::to_string(&class).unwrap();
        assert_eq!(json, format!("\"{class}\""));
        assert_eq!(serde_json::from_str::<PathClass>(&json).unwrap(), class);
        assert_eq!(class.to_string(), class.as_str());
    }
    assert!(PathClass::ALL.is_sorted());
    let schema = serde_json::to_string(&schemars::schema_for!(PathClass)).unwrap();
    for class in PathClass::ALL {
        assert!(schema.contains(class.as_str()), "{schema}");
    }
}

#[test]
fn own_public_addresses_are_in_neither_group() {
    let mut ranges = Ranges {
        own: vec![at("203.0.113.25")],
        ..Ranges::default()
    };
    let classifier = Classifier::new(&ranges);
    assert_eq!(classifier.classify(at("203.0.113.25")), Private);
    assert_eq!(classifier.classify(at("203.0.113.26")), Public);
    for address in ["203.0.113.25", "::ffff:203.0.113.25"] {
        assert!(!classifier.judged(at(address)), "{address}");
    }
    for address in ["203.0.113.26", "10.1.2.3", "169.254.169.254"] {
        assert!(classifier.judged(at(address)), "{address}");
    }
    ranges.vpc = nets(&["203.0.113.0/24"]);
    assert!(!Classifier::new(&ranges).judged(at("203.0.113.25")));
    assert_eq!(
        ranges.differences(&Ranges::default()),
        nets(&["203.0.113.0/24", "203.0.113.25/32"])
    );
    assert!(ranges.differences(&ranges).is_empty());
}
