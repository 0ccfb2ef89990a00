use std::collections::BTreeMap;

use super::*;

/// The trie against a list that is looked through from the longest prefix to the shortest.
#[test]
fn thousands_of_ranges_agree_with_a_plain_search() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut net = |low: u64| {
        let [.., a, b, c, d] = random().to_be_bytes();
        let length = u8::try_from(low + random() % (33 - low)).unwrap();
        if random() % 2 == 0 {
            v4(a, b, c, d, length)
        } else {
            let word = u16::from_be_bytes([a, b]);
            v6(0x2600 | u16::from(c & 7), word, u16::from(d), 1, length + 8)
        }
    };
    let mut ranges = Ranges::default();
    for _ in 0..300 {
        ranges.private.push(net(9));
        ranges.vpc.push(net(12));
    }
    let aws: Vec<IpNet> = (0..2000).map(|_| net(8)).collect();
    let table: AwsRanges = aws.iter().copied().collect();
    let classifier = Classifier::new(&ranges).with_aws(Some(Arc::new(table)));
    let plain = |address: &IpAddr| {
        let within = |ranges: &[IpNet]| ranges.iter().any(|range| range.contains(address));
        let longest = BUILT_IN
            .into_iter()
            .chain(
                ranges
                    .private
                    .iter()
                    .chain(&ranges.vpc)
                    .map(|range| (*range, PathClass::Private)),
            )
            .filter(|(range, _)| range.contains(address))
            .max_by_key(|(range, class)| (range.prefix_len(), *class == PathClass::Loopback));
        match longest {
            Some((_, class)) => class,
            None if within(&aws) => PathClass::Aws,
            None => PathClass::Public,
        }
    };
    let mut seen = BTreeMap::new();
    let edges: Vec<IpNet> = (0..3000).map(|_| net(8)).collect();
    let ends = ranges
        .private
        .iter()
        .chain(&ranges.vpc)
        .chain(&aws)
        .chain(&edges);
    for address in ends.flat_map(|range| [range.network(), range.broadcast(), range.addr()]) {
        let class = classifier.classify(address);
        assert_eq!(class, plain(&address), "{address}");
        *seen.entry(class).or_insert(0) += 1;
    }
    assert!(
        seen.len() == 4 && seen.values().all(|count| *count > 20),
        "{seen:?}"
    );
}
