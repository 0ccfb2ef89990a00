//! What changed on the host between two moments some ten seconds apart.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::driver::Driver;
use super::qdisc::QueueDrops;
use super::reader::{State, Way};
use crate::event::{DriverDetail, HostDetail, InterfaceDetail, RouteDetail};

/// Interfaces told of at most.
const MOST_INTERFACES: usize = 16;
/// Counters of a driver that grew, told at most.
const MOST_ERRORS: usize = 12;

/// Growth since `before`. `in_use` are the interfaces that the ways lead through.
pub(super) fn between(before: &State, now: &State, in_use: &BTreeSet<u32>) -> HostDetail {
    let period = now.at.saturating_duration_since(before.at);
    let mut indices: Vec<u32> = now.links.keys().copied().collect();
    indices.sort_by_key(|index| (!in_use.contains(index), !now.drivers.contains_key(index)));
    indices.truncate(MOST_INTERFACES);
    let interfaces = indices.into_iter().filter_map(|index| {
        let mut interface = interface(before, now, index)?;
        interface.in_use = in_use.contains(&index);
        Some(interface)
    });
    HostDetail {
        period_ms: u64::try_from(period.as_millis()).unwrap_or(u64::MAX),
        protocol: growth(&before.protocol, &now.protocol),
        interfaces: interfaces.collect(),
        routes: now.routes.iter().map(|way| told(way, now)).collect(),
    }
}

fn interface(before: &State, now: &State, index: u32) -> Option<InterfaceDetail> {
    let link = now.links.get(&index)?;
    // Another one may have got the number.
    let was = before.links.get(&index).filter(|was| was.name == link.name);
    let counts = link.counts.zip(was.and_then(|was| was.counts));
    let of = |count: fn(&super::link::Counts) -> u64| {
        counts.and_then(|(now, was)| count(&now).checked_sub(count(&was)))
    };
    let driver = now.drivers.get(&index).map(|driver| {
        let was = before.drivers.get(&index).filter(|_| was.is_some());
        self::driver(was, driver)
    });
    Some(InterfaceDetail {
        name: link.name.clone(),
        in_use: false,
        set_up: link.set_up,
        carrier: link.carrier,
        operstate: link.operstate.map(str::to_owned),
        carrier_changes: link
            .carrier_changes
            .zip(was.and_then(|was| was.carrier_changes))
            .map(|(now, was)| wrapped(now, was)),
        rx_errors: of(|counts| counts.rx_errors),
        tx_errors: of(|counts| counts.tx_errors),
        rx_dropped: of(|counts| counts.rx_dropped),
        tx_dropped: of(|counts| counts.tx_dropped),
        queue_drops: now
            .queues
            .as_ref()
            .zip(before.queues.as_ref().filter(|_| was.is_some()))
            .and_then(|(now, before)| Some(drops(before, index, *now.get(&index)?))),
        driver,
    })
}

/// Growth of a count of 32 bits that may have begun anew from zero.
const fn wrapped(now: u64, was: u64) -> u64 {
    match now.checked_sub(was) {
        Some(grown) => grown,
        None => now,
    }
}

/// Drops of an interface's queueing discipline since `before`. One that is new, or was set anew,
/// counts from zero.
pub(super) fn drops(before: &QueueDrops, index: u32, now: u32) -> u64 {
    let was = before.get(&index).copied().unwrap_or_default();
    wrapped(now.into(), was.into())
}

fn driver(before: Option<&Driver>, now: &Driver) -> DriverDetail {
    let before = before.filter(|before| before.name == now.name);
    let anew = before.is_some_and(|before| now.began_anew(before));
    // What is counted by a driver that began anew is since then.
    let was = |name: &str| match before {
        Some(_) if anew => Some(0),
        Some(before) => before.counters.get(name).copied(),
        None => None,
    };
    let grown =
        |(name, value): (&str, u64)| Some((name.to_owned(), value.saturating_sub(was(name)?)));
    let mut errors: Vec<_> = now
        .errors()
        .filter_map(grown)
        .filter(|(_, grown)| *grown > 0)
        .collect();
    errors.sort_by_key(|(_, grown)| std::cmp::Reverse(*grown));
    errors.truncate(MOST_ERRORS);
    let resets = now.resets().zip(before).map(|(resets, before)| {
        let before = before.resets().filter(|_| !anew).unwrap_or_default();
        resets.saturating_sub(before).max(u64::from(anew))
    });
    DriverDetail {
        name: now.name.clone(),
        version: now.version.clone(),
        allowances: now.allowances().filter_map(grown).collect(),
        conntrack_left: now.conntrack_left(),
        resets: resets.filter(|_| now.name == super::driver::ENA || !anew),
        error_counters: u32::try_from(now.errors().count()).unwrap_or(u32::MAX),
        errors: errors.into_iter().collect(),
    }
}

/// Growth of counters that are in both; one that fell began anew, and is left out.
fn growth(before: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let grown = now.iter().filter_map(|(name, now)| {
        let grown = now.checked_sub(*before.get(name)?)?;
        Some((name.clone(), grown))
    });
    grown.collect()
}

fn told(way: &Way, now: &State) -> RouteDetail {
    let device = way.route.device.and_then(|index| now.links.get(&index));
    RouteDetail {
        peer: way.ends.map(|(_, peer)| peer),
        local: way.ends.map(|(local, _)| local),
        ip_version: way.ends.is_none().then_some(match way.to {
            IpAddr::V4(_) => 4,
            IpAddr::V6(_) => 6,
        }),
        kind: way.route.kind,
        prefix: way.route.prefix,
        device: device.map(|link| link.name.clone()),
        gateway: way.route.gateway,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::link::{Counts, Link};
    use super::*;

    fn state(at: Instant, counts: Counts, drops: u32, counters: &[(&str, u64)]) -> State {
        let link = Link {
            name: "ens5".to_owned(),
            set_up: true,
            carrier_changes: Some(2),
            counts: Some(counts),
            ..Link::default()
        };
        let counters = counters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value));
        let driver = Driver::of(("ena".to_owned(), "2.13.0g".to_owned()), counters);
        State {
            at,
            protocol: BTreeMap::from([("TCPTimeouts".to_owned(), counts.tx_errors)]),
            links: BTreeMap::from([(2, link)]),
            drivers: BTreeMap::from([(2, driver)]),
            queues: Some(BTreeMap::from([(2, drops)])),
            routes: Vec::new(),
        }
    }

    fn counts(all: u64) -> Counts {
        Counts {
            rx_errors: all,
            tx_errors: all,
            rx_dropped: all,
            tx_dropped: all,
        }
    }

    #[test]
    fn growth_and_nothing_else_is_told() {
        let begin = Instant::now();
        let before = state(
            begin,
            counts(5),
            7,
            &[
                ("total_resets", 1),
                ("pps_allowance_exceeded", 10),
                ("bw_out_allowance_exceeded", 4),
                ("conntrack_allowance_available", 900),
                ("queue_0_tx_missed_tx", 3),
            ],
        );
        let now = state(
            begin + Duration::from_secs(10),
            counts(6),
            9,
            &[
                ("total_resets", 1),
                ("pps_allowance_exceeded", 25),
                ("bw_out_allowance_exceeded", 4),
                ("conntrack_allowance_available", 850),
                ("queue_0_tx_missed_tx", 8),
            ],
        );
        let detail = between(&before, &now, &BTreeSet::from([2]));
        assert_eq!(detail.period_ms, 10_000);
        assert_eq!(detail.protocol["TCPTimeouts"], 1);
        let ens5 = &detail.interfaces[0];
        assert!(ens5.in_use && ens5.set_up);
        assert_eq!((ens5.rx_errors, ens5.queue_drops), (Some(1), Some(2)));
        assert_eq!(ens5.carrier_changes, Some(0));
        let driver = ens5.driver.as_ref().unwrap();
        assert_eq!(driver.resets, Some(0));
        assert_eq!(driver.allowances["pps_allowance_exceeded"], 15);
        assert_eq!(driver.allowances["bw_out_allowance_exceeded"], 0);
        assert_eq!(driver.conntrack_left, Some(850));
        assert_eq!(
            driver.errors,
            BTreeMap::from([("tx_missed_tx".to_owned(), 5)])
        );
    }

    #[test]
    fn counters_that_fell_are_a_reset_and_count_from_zero() {
        let begin = Instant::now();
        let names = ["total_resets", "pps_allowance_exceeded"];
        let before = state(begin, counts(5), 7, &names.map(|name| (name, 10)));
        let after = state(begin, counts(2), 3, &[(names[0], 0), (names[1], 4)]);
        let detail = between(&before, &after, &BTreeSet::new());
        let ens5 = &detail.interfaces[0];
        assert_eq!((ens5.rx_errors, ens5.queue_drops), (None, Some(3)));
        let driver = ens5.driver.as_ref().unwrap();
        assert_eq!(driver.resets, Some(1));
        assert_eq!(driver.allowances["pps_allowance_exceeded"], 4);
        assert!(detail.protocol.is_empty(), "{detail:?}");
    }

    #[test]
    fn another_interface_of_the_same_number_has_no_past() {
        let begin = Instant::now();
        let before = state(begin, counts(5), 7, &[("total_resets", 1)]);
        let mut now = state(begin, counts(9), 7, &[("total_resets", 9)]);
        now.links.get_mut(&2).unwrap().name = "ens6".to_owned();
        let detail = between(&before, &now, &BTreeSet::new());
        let ens6 = &detail.interfaces[0];
        assert_eq!((ens6.rx_errors, ens6.carrier_changes), (None, None));
        assert_eq!(ens6.driver.as_ref().unwrap().resets, None);
    }
}
