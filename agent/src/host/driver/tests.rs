//! Names as drivers have them (`tests/fixtures/ethtool`), in the form of `ethtool -S`.

use std::path::Path;

use super::*;

fn driver(file: &str) -> Driver {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/ethtool");
    let path = Path::new(folder).join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let counters = text.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_owned(), value.trim().parse().ok()?))
    });
    let name = file.split('-').next().unwrap().to_owned();
    Driver::of((name, String::new()), counters)
}

fn sum(driver: &Driver, name: &str) -> Option<u64> {
    driver.counters.get(name).copied()
}

#[test]
fn an_old_ena_has_no_allowances_and_that_is_not_zero() {
    let old = driver("ena-2.0-in-tree.txt");
    assert_eq!(old.allowances().count(), 0);
    assert_eq!(old.conntrack_left(), None);
    assert_eq!(old.resets(), Some(1 + 2), "what the resets were for");
    assert_eq!(sum(&old, "rx_bad_csum"), Some(3 + 4), "over two queues");
    assert_eq!(sum(&old, "tx_missing_tx_comp"), None);
}

#[test]
fn ena_tells_allowances_from_2_2_10_on() {
    let ena = driver("ena-2.2.10.txt");
    let allowances: Vec<_> = ena.allowances().collect();
    let expected = [
        ("bw_in_allowance_exceeded", 11),
        ("bw_out_allowance_exceeded", 12),
        ("conntrack_allowance_exceeded", 14),
        ("linklocal_allowance_exceeded", 15),
        ("pps_allowance_exceeded", 13),
    ];
    assert_eq!(allowances, expected);
    assert_eq!(ena.conntrack_left(), None);
    assert_eq!(sum(&ena, "rx_bad_csum"), Some(3 + 4), "by its newer name");
}

#[test]
fn conntrack_allowance_is_a_level_and_no_counter() {
    for file in ["ena-2.8.1.txt", "ena-2.13-newest.txt"] {
        let ena = driver(file);
        assert_eq!(ena.allowances().count(), 5, "{file}");
        assert_eq!(ena.conntrack_left(), Some(136_812), "{file}");
        assert!(!ena.errors().any(|(name, _)| name.contains("conntrack")));
        let mut later = ena.clone();
        later.counters.insert(CONNTRACK_LEFT.to_owned(), 5);
        assert!(!later.began_anew(&ena), "{file}: it may fall");
        *later.counters.get_mut("pps_allowance_exceeded").unwrap() -= 1;
        assert!(later.began_anew(&ena), "{file}");
    }
}

#[test]
fn the_newest_ena_counts_its_resets() {
    let ena = driver("ena-2.13-newest.txt");
    assert_eq!(ena.resets(), Some(2));
    let errors: BTreeMap<_, _> = ena.errors().collect();
    for name in [
        "reset_fail",
        "tx_timeout",
        "wd_expired",
        "missing_tx_cmpl",
        "suspected_poll_starvation",
        "missing_intr",
        "rx_desc_malformed",
        "tx_missed_tx",
        "tx_dma_mapping_err",
        "rx_bad_csum",
        "rx_page_alloc_fail",
        "ena_admin_q_out_of_space",
        "tx_lost_interrupt",
    ] {
        assert!(errors.contains_key(name), "{name}: {errors:?}");
    }
    for harmless in [
        "tx_cnt",
        "rx_bytes",
        "suspend",
        "interface_up",
        "rx_csum_good",
    ] {
        assert!(!errors.contains_key(harmless), "{harmless}");
        assert!(ena.counters.contains_key(harmless), "{harmless}");
    }
}

#[test]
fn other_drivers_tell_what_they_have() {
    let virtio = driver("virtio_net-6.12.txt");
    assert_eq!(sum(&virtio, "rx_drops"), Some(5 + 6));
    assert!(virtio.errors().any(|(name, _)| name == "rx_drops"));
    let older = driver("virtio_net-5.10.txt");
    assert_eq!(sum(&older, "rx_drops"), Some(5 + 6));
    let ixgbevf = driver("ixgbevf-6.1.txt");
    assert!(
        ixgbevf
            .errors()
            .any(|(name, _)| name == "rx_csum_offload_errors")
    );
    for driver in [virtio, older, ixgbevf] {
        assert_eq!(driver.allowances().count(), 0);
        assert_eq!(driver.conntrack_left(), None);
    }
}

#[test]
fn names_lose_their_queue_and_nothing_else() {
    for (name, expected) in [
        ("queue_0_rx_bad_csum", "rx_bad_csum"),
        ("queue_13_rx_csum_bad", "rx_bad_csum"),
        ("queue_2_tx_dma_mapping_err", "tx_dma_mapping_err"),
        ("rx_queue_1_drops", "rx_drops"),
        ("rx1_drops", "rx_drops"),
        ("rx-0.cache_full", "rx_cache_full"),
        ("admin_q_pause", "admin_q_pause"),
        ("queue_1_tx_queue_stop", "tx_queue_stop"),
        ("bw_in_allowance_exceeded", "bw_in_allowance_exceeded"),
        ("", ""),
        ("7", ""),
    ] {
        assert_eq!(plain(name), expected);
    }
}
